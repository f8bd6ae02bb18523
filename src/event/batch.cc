#include "event/batch.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "event/varint.h"

namespace understudy::event {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr char kVersion = 1;

// Datasets one batch can name.
constexpr std::size_t kDatasetsPerBatchMax = 1'000;

/// The low three bits of a field's tag. Numbers are part of the file format.
enum class Tag : std::uint8_t {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInt = 3,     // zigzag varint
  kDouble = 4,  // 8 bytes, little-endian IEEE 754
  kString = 5,  // varint length, bytes
};

char* write_tag(char* out, Column column, Tag tag) {
  return write_varint(
      out, (static_cast<std::uint64_t>(column.id()) << 3) | static_cast<std::uint64_t>(tag));
}

char* write_text(char* out, std::string_view text) {
  out = write_varint(out, text.size());
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* write_field(char* out, const Field& field) {
  switch (field.value.type()) {
    case Type::kNull:
      return write_tag(out, field.column, Tag::kNull);
    case Type::kBool:
      return write_tag(out, field.column, field.value.as_bool() ? Tag::kTrue : Tag::kFalse);
    case Type::kInt:
      return write_varint(write_tag(out, field.column, Tag::kInt), zigzag(field.value.as_int()));
    case Type::kDouble: {
      out = write_tag(out, field.column, Tag::kDouble);
      const double number = field.value.as_double();
      std::memcpy(out, &number, sizeof(number));
      return out + sizeof(number);
    }
    case Type::kString:
      return write_text(write_tag(out, field.column, Tag::kString), field.value.as_string());
  }
  return out;
}

}  // namespace

BatchEncoder::BatchEncoder() { start(); }

void BatchEncoder::start() {
  bytes_.assign(1, kVersion);
  events_ = 0;
  fields_dropped_ = 0;
  last_time_ns_ = 0;
  datasets_.clear();
}

void BatchEncoder::add(const Event& event) {
  const std::size_t most = 5 * kVarintBytesMax + kDatasetNameBytesMax +
                           event.size() * 2 * kVarintBytesMax + event.string_bytes();
  if (event_.size() < most) event_.resize(most);
  char* out = event_.data();

  const auto known = std::find(datasets_.begin(), datasets_.end(), event.dataset());
  out = write_varint(out, static_cast<std::uint64_t>(known - datasets_.begin()));
  if (known == datasets_.end()) {
    out = write_text(out, event.dataset());
    datasets_.push_back(event.dataset());
  }
  const auto delta =
      static_cast<std::uint64_t>(event.time_unix_ns()) - static_cast<std::uint64_t>(last_time_ns_);
  out = write_varint(out, zigzag(static_cast<std::int64_t>(delta)));
  last_time_ns_ = event.time_unix_ns();
  out = write_varint(out, event.sample_rate());
  out = write_varint(out, event.size());
  for (std::size_t i = 0; i < event.size(); ++i) {
    const Field field = event.field(i);
    const std::uint32_t id = field.column.id();
    if (id >= column_seen_.size()) column_seen_.resize(id + 64);
    if (!column_seen_[id]) {
      column_seen_[id] = true;
      columns_.push_back(id);
    }
    out = write_field(out, field);
  }
  bytes_.append(event_.data(), out);
  ++events_;
  fields_dropped_ += event.dropped();
}

EncodedBatch BatchEncoder::take() {
  for (const std::uint32_t id : columns_) column_seen_[id] = false;
  EncodedBatch batch{.bytes = std::move(bytes_),
                     .events = events_,
                     .columns = std::move(columns_),
                     .datasets = std::move(datasets_),
                     .fields_dropped = fields_dropped_};
  columns_.clear();
  start();
  bytes_.reserve(batch.bytes.size());  // the next one is likely as long
  return batch;
}

ColumnMap ColumnMap::identity() {
  ColumnMap map;
  map.identity_ = true;
  return map;
}

void ColumnMap::define(std::uint32_t number, std::string_view name) {
  if (number >= kColumnsInternedMax) return;
  if (number >= entries_.size()) entries_.resize(number + 1);
  const auto column = Column::intern(name);
  entries_[number] = column.ok() ? Entry{Kind::kColumn, column->id()} : Entry{Kind::kSkipped, 0};
}

ColumnMap::Entry ColumnMap::find(std::uint32_t number) const {
  if (identity_) return {Kind::kColumn, number};
  return number < entries_.size() ? entries_[number] : Entry{};
}

BatchReader::BatchReader(std::string_view bytes, const ColumnMap& columns)
    : at_(bytes.data()), begin_(at_), end_(at_ + bytes.size()), columns_(columns) {}

base::Error BatchReader::broken(std::string_view what) const {
  return base::error(base::ErrorKind::kProtocol,
                     base::cat("event batch, byte ", at_ - begin_, ": ", what));
}

std::optional<std::uint64_t> BatchReader::varint() {
  std::uint64_t value = 0;
  if (!read_varint(at_, end_, value)) return std::nullopt;
  return value;
}

std::optional<std::string_view> BatchReader::text(std::size_t bytes_max) {
  const auto size = varint();
  if (!size || *size > bytes_max || *size > static_cast<std::uint64_t>(end_ - at_)) {
    return std::nullopt;
  }
  const std::string_view text(at_, *size);
  at_ += *size;
  if (!is_utf8(text)) return std::nullopt;
  return text;
}

base::Result<bool> BatchReader::next(EventView& out) {
  if (at_ == begin_) {
    if (at_ == end_ || *at_ != kVersion) return broken("not version 1");
    ++at_;
  }
  out.fields.clear();
  out.fields_skipped = 0;
  if (at_ == end_) return false;
  TRY(read_dataset(out));
  const auto delta = varint();
  const auto rate = varint();
  const auto count = varint();
  if (!delta || !rate || !count) return broken("an event ends early");
  last_time_ns_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(last_time_ns_) +
                                            static_cast<std::uint64_t>(unzigzag(*delta)));
  if (last_time_ns_ > kTimeNsMax || last_time_ns_ < -kTimeNsMax) return broken("impossible time");
  if (*rate == 0 || *rate > 0xFFFFFFFF) return broken("impossible sample rate");
  if (*count > kFieldsPerEventMax) return broken("too many fields");
  out.time_unix_ns = last_time_ns_;
  out.sample_rate = static_cast<std::uint32_t>(*rate);
  for (std::uint64_t i = 0; i < *count; ++i) TRY(read_field(out));
  return true;
}

base::Status BatchReader::read_dataset(EventView& out) {
  const auto index = varint();
  if (!index || *index > datasets_.size() || *index >= kDatasetsPerBatchMax) {
    return broken("impossible dataset");
  }
  if (*index == datasets_.size()) {
    const auto name = text(kDatasetNameBytesMax);
    if (!name || name->empty()) return broken("impossible dataset name");
    datasets_.push_back(*name);
  }
  out.dataset = datasets_[*index];
  return {};
}

base::Status BatchReader::read_field(EventView& out) {
  const auto tag = varint();
  if (!tag || (*tag >> 3) >= kColumnsInternedMax) return broken("impossible column");
  ValueView value;
  switch (static_cast<Tag>(*tag & 7)) {
    case Tag::kNull:
      break;
    case Tag::kFalse:
      value = ValueView(false);
      break;
    case Tag::kTrue:
      value = ValueView(true);
      break;
    case Tag::kInt: {
      const auto number = varint();
      if (!number) return broken("an integer ends early");
      value = ValueView(unzigzag(*number));
      break;
    }
    case Tag::kDouble: {
      double number = 0;
      if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof(number))) {
        return broken("a double ends early");
      }
      std::memcpy(&number, at_, sizeof(number));
      at_ += sizeof(number);
      value = ValueView(number);
      break;
    }
    case Tag::kString: {
      const auto string = text(kStringBytesMax);
      if (!string) return broken("impossible text");
      value = ValueView(*string);
      break;
    }
    default:
      return broken("unknown field type");
  }
  const ColumnMap::Entry entry = columns_.find(static_cast<std::uint32_t>(*tag >> 3));
  switch (entry.kind) {
    case ColumnMap::Kind::kColumn:
      out.fields.push_back({Column(entry.id), value});
      return {};
    case ColumnMap::Kind::kSkipped:
      ++out.fields_skipped;
      return {};
    case ColumnMap::Kind::kUnknown:
      return broken("a column without a name");
  }
  return {};
}

}  // namespace understudy::event
