#include "event/event.h"

#include "base/check.h"
#include "base/text.h"

namespace understudy::event {

Event::Event(std::string_view dataset, std::int64_t time_unix_ns, std::uint32_t sample_rate) {
  clear(dataset, time_unix_ns, sample_rate);
}

void Event::clear(std::string_view dataset, std::int64_t time_unix_ns, std::uint32_t sample_rate) {
  if (dataset != dataset_) {  // else it was looked at before
    dataset_.assign(base::cut_utf8(dataset, kDatasetNameBytesMax));
    if (!is_utf8(dataset_)) dataset_ = base::cut_utf8(to_utf8(dataset_), kDatasetNameBytesMax);
  }
  set_time_unix_ns(time_unix_ns);
  set_sample_rate(sample_rate);
  dropped_ = 0;
  cut_ = 0;
  fields_.clear();
  bytes_.clear();
}

void Event::reserve(std::size_t fields, std::size_t string_bytes) {
  fields_.reserve(fields);
  bytes_.reserve(string_bytes);
}

void Event::add(Column column, ValueView value) {
  if (fields_.size() >= kFieldsPerEventMax) {
    ++dropped_;
    return;
  }
  Raw& raw = fields_.emplace_back();
  raw.column = column.id();
  raw.type = value.type();
  switch (value.type()) {
    case Type::kNull:
      raw.integer = 0;
      return;
    case Type::kBool:
      raw.integer = value.as_bool() ? 1 : 0;
      return;
    case Type::kInt:
      raw.integer = value.as_int();
      return;
    case Type::kDouble:
      raw.number = value.as_double();
      return;
    case Type::kString: {
      const std::string_view text = value.as_string();
      const std::size_t before = bytes_.size();
      if (is_utf8(text)) {
        append_text(text);
      } else {
        append_text(to_utf8(text.substr(0, kStringBytesMax)));
        if (text.size() > kStringBytesMax) ++cut_;
      }
      raw.string.offset = static_cast<std::uint32_t>(before);
      raw.string.size = static_cast<std::uint32_t>(bytes_.size() - before);
      return;
    }
  }
}

void Event::append_text(std::string_view text) {
  const std::size_t room = std::min(kStringBytesMax, kEventBytesMax - bytes_.size());
  if (text.size() <= room) {
    bytes_.append(text);
    return;
  }
  ++cut_;
  bytes_.append(base::cut_utf8(text, room));
}

ValueView Event::find(Column column) const {
  for (std::size_t i = fields_.size(); i-- > 0;) {
    if (fields_[i].column == column.id()) return field(i).value;
  }
  return {};
}

bool Event::has(Column column) const {
  for (const Raw& raw : fields_) {
    if (raw.column == column.id()) return true;
  }
  return false;
}

}  // namespace understudy::event
