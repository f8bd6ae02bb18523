#include "http/fields.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace understudy::http {

Fields::Fields(std::initializer_list<Field> fields) {
  for (const Field& field : fields) add(field.name, field.value);
}

Fields::Fields(const Fields& other) { *this = other; }

Fields::Fields(Fields&& other) noexcept { take(other); }

Fields& Fields::operator=(const Fields& other) {
  if (this == &other) return *this;
  size_ = 0;
  while (capacity_ < other.size_) grow();
  std::copy_n(other.data_, other.size_, data_);
  size_ = other.size_;
  present_ = other.present_;
  return *this;
}

Fields& Fields::operator=(Fields&& other) noexcept {
  if (this != &other) take(other);
  return *this;
}

void Fields::take(Fields& other) noexcept {
  if (other.heap_ != nullptr) {
    heap_ = std::move(other.heap_);
    data_ = heap_.get();
    capacity_ = std::exchange(other.capacity_, static_cast<std::uint32_t>(kInlineFields));
    other.data_ = other.inline_data();
  } else {
    std::copy_n(other.data_, other.size_, data_);  // what fits inline fits everywhere
  }
  size_ = std::exchange(other.size_, 0);
  present_ = std::exchange(other.present_, {});
}

void Fields::grow() {
  const std::uint32_t capacity = capacity_ * 2;
  auto larger = std::make_unique<Field[]>(capacity);
  std::copy_n(data_, size_, larger.get());
  heap_ = std::move(larger);
  data_ = heap_.get();
  capacity_ = capacity;
}

const Field* Fields::find(KnownField known) const noexcept {
  if (!has(known)) return nullptr;
  for (const Field& field : *this) {
    if (field.known == known) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const noexcept {
  const KnownField known = known_field(name);
  if (known != KnownField::kOther) return find(known);
  for (const Field& field : *this) {
    if (field.known == KnownField::kOther && same_field_name(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view Fields::value_or(KnownField known, std::string_view fallback) const noexcept {
  const Field* field = find(known);
  return field == nullptr ? fallback : field->value;
}

std::string_view Fields::value_or(std::string_view name, std::string_view fallback) const noexcept {
  const Field* field = find(name);
  return field == nullptr ? fallback : field->value;
}

void Fields::set(std::string_view name, std::string_view value) {
  const KnownField known = known_field(name);
  bool placed = false;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < size_; ++i) {
    Field& field = data_[i];
    const bool same =
        field.known == known && (known != KnownField::kOther || same_field_name(field.name, name));
    if (same && placed) continue;
    if (same) {
      field.value = value;
      placed = true;
    }
    data_[kept++] = field;
  }
  size_ = kept;
  if (!placed) add(Field{name, value, known});
}

template <typename Predicate>
std::size_t Fields::remove_if(Predicate predicate) noexcept {
  const Field* kept_end = std::remove_if(data_, data_ + size_, predicate);
  const std::uint32_t kept = static_cast<std::uint32_t>(kept_end - data_);
  return std::exchange(size_, kept) - kept;
}

std::size_t Fields::remove(KnownField known) noexcept {
  if (!has(known)) return 0;
  present_.erase(known);
  return remove_if([known](const Field& field) { return field.known == known; });
}

std::size_t Fields::remove(std::string_view name) noexcept {
  const KnownField known = known_field(name);
  if (known != KnownField::kOther) return remove(known);
  return remove_if([name](const Field& field) {
    return field.known == KnownField::kOther && same_field_name(field.name, name);
  });
}

void Fields::rebase(const char* from, const char* to) noexcept {
  for (std::uint32_t i = 0; i < size_; ++i) {
    Field& field = data_[i];
    field.name = {to + (field.name.data() - from), field.name.size()};
    field.value = {to + (field.value.data() - from), field.value.size()};
  }
}

OwnedFields::OwnedFields(const Fields& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size();
  reserve(bytes);
  for (const Field& field : fields) {
    const std::string_view name = store(field.name);
    fields_.add(Field{name, store(field.value), field.known});
  }
}

OwnedFields::OwnedFields(OwnedFields&& other) noexcept
    : text_(std::move(other.text_)),
      used_(std::exchange(other.used_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      fields_(std::move(other.fields_)) {}

OwnedFields& OwnedFields::operator=(const OwnedFields& other) {
  if (this != &other) *this = OwnedFields(other.fields_);
  return *this;
}

OwnedFields& OwnedFields::operator=(OwnedFields&& other) noexcept {
  if (this == &other) return *this;
  text_ = std::move(other.text_);
  used_ = std::exchange(other.used_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  fields_ = std::move(other.fields_);
  return *this;
}

void OwnedFields::add(std::string_view name, std::string_view value) {
  const std::size_t bytes = used_ + name.size() + value.size();
  if (bytes > capacity_) {
    // The old block stays alive until the copies are made: name or value may point into it.
    const std::unique_ptr<char[]> old = std::move(text_);
    const std::size_t used = used_;
    text_ = std::make_unique_for_overwrite<char[]>(std::max(bytes, capacity_ * 2));
    capacity_ = std::max(bytes, capacity_ * 2);
    if (used > 0) std::memcpy(text_.get(), old.get(), used);
    fields_.rebase(old.get(), text_.get());
    const std::string_view stored = store(name);
    fields_.add(Field{stored, store(value), known_field(stored)});
    return;
  }
  const std::string_view stored = store(name);
  fields_.add(Field{stored, store(value), known_field(stored)});
}

void OwnedFields::clear() noexcept {
  used_ = 0;
  fields_.clear();
}

void OwnedFields::reserve(std::size_t bytes) {
  text_ = std::make_unique_for_overwrite<char[]>(bytes);
  capacity_ = bytes;
}

std::string_view OwnedFields::store(std::string_view text) noexcept {
  char* at = text_.get() + used_;
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  used_ += text.size();
  return {at, text.size()};
}

}  // namespace understudy::http
