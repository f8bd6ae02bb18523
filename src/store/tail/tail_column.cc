#include "store/tail/tail_column.h"

namespace understudy::store {

using event::Type;

TailColumn::TailColumn(Type type, std::size_t rows_max)
    : type_(type), pages_((rows_max + kPageRows - 1) / kPageRows) {
  if (type == Type::kString) texts_ = std::make_unique<TextDictionary>(rows_max);
  bytes_ = sizeof(*this) + pages_.size() * sizeof(pages_[0]);
}

TailColumn::~TailColumn() {
  for (const auto& page : pages_) delete page.load(std::memory_order_relaxed);
}

std::size_t TailColumn::value_bytes() const {
  switch (type_) {
    case Type::kBool:
      return sizeof(bool);
    case Type::kString:
      return sizeof(std::uint32_t);
    case Type::kInt:
    case Type::kDouble:
    case Type::kNull:
      return sizeof(std::int64_t);
  }
  return sizeof(std::int64_t);
}

TailColumn::Data& TailColumn::data_of(std::size_t row) {
  std::atomic<Data*>& page = pages_[row / kPageRows];
  Data* data = page.load(std::memory_order_relaxed);
  if (data == nullptr) {
    data = new Data{.values = std::make_unique<char[]>(kPageRows * value_bytes())};
    bytes_ += sizeof(Data) + kPageRows * value_bytes();
    page.store(data, std::memory_order_release);
  }
  return *data;
}

void TailColumn::set(std::size_t row, const event::ValueView& value) {
  Data& data = data_of(row);
  const std::size_t at = row % kPageRows;
  char* const values = data.values.get();
  const auto put = [&](auto typed) {
    std::memcpy(values + at * sizeof(typed), &typed, sizeof(typed));
  };
  switch (type_) {
    case Type::kBool:
      put(value.as_bool());
      break;
    case Type::kInt:
      put(value.as_int());
      break;
    case Type::kDouble:
      put(value.as_double());
      if (value.as_double() != value.as_double()) has_nan_.store(true, std::memory_order_relaxed);
      break;
    case Type::kString:
      put(texts_->add(value.as_string()));
      break;
    case Type::kNull:
      return;
  }
  std::atomic<std::uint64_t>& word = data.valid[at / 64];
  word.store(word.load(std::memory_order_relaxed) | std::uint64_t{1} << (at % 64),
             std::memory_order_relaxed);
}

void TailColumn::unset(std::size_t row) {
  Data& data = data_of(row);
  const std::size_t at = row % kPageRows;
  std::atomic<std::uint64_t>& word = data.valid[at / 64];
  word.store(word.load(std::memory_order_relaxed) & ~(std::uint64_t{1} << (at % 64)),
             std::memory_order_relaxed);
}

TailColumn::Page TailColumn::page(std::size_t index) const {
  const Data* const data = pages_[index].load(std::memory_order_acquire);
  if (data == nullptr) return {};
  return {data->valid, data->values.get()};
}

}  // namespace understudy::store
