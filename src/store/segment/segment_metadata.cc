#include "store/segment/segment_metadata.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "event/event.h"
#include "event/varint.h"

namespace understudy::store {
namespace {

using event::Type;
using nlohmann::json;

constexpr std::uint64_t kFooterBytesMax = 256u << 20;
constexpr std::size_t kTailBytes = 8;  // length of the footer, PAR1
constexpr int kThriftDepthMax = 16;
constexpr int kVersion = 1;

base::Error broken(std::string_view what) {
  return base::error(base::ErrorKind::kProtocol, base::cat("not a segment: ", what));
}

/// Walks through a struct in Thrift's compact protocol. Every read is checked.
class ThriftReader {
 public:
  explicit ThriftReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  enum Kind {
    kStop = 0,
    kTrue = 1,
    kFalse = 2,
    kByte = 3,
    kDouble = 7,
    kBinary = 8,
    kList = 9,
    kSet = 10,
    kMap = 11,
    kStruct = 12
  };

  /// The next field of a struct whose last one had number `field`; kStop at its end or when broken.
  int next_field(std::int64_t& field) {
    const auto head = byte();
    if (!head || *head == 0) return kStop;
    if (*head >> 4 != 0) {
      field += *head >> 4;
    } else {
      field = event::unzigzag(varint());
    }
    return *head & 15;
  }
  /// Element type and size of a list.
  std::pair<int, std::uint64_t> list() {
    const auto head = byte();
    if (!head) return {kStop, 0};
    const std::uint64_t size = *head >> 4 == 15 ? varint() : *head >> 4;
    if (size > static_cast<std::uint64_t>(end_ - at_)) broken_ = true;
    return {*head & 15, broken_ ? 0 : size};
  }
  std::string_view binary() {
    const std::uint64_t size = varint();
    if (broken_ || size > static_cast<std::uint64_t>(end_ - at_)) {
      broken_ = true;
      return {};
    }
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  void skip(int kind, bool in_list = false, int depth = 0) {
    if (depth > kThriftDepthMax) broken_ = true;
    if (broken_) return;
    switch (kind) {
      case kTrue:
      case kFalse:
        if (in_list) byte();
        return;
      case kByte:
        byte();
        return;
      case 4:
      case 5:
      case 6:
        varint();
        return;
      case kDouble:
        for (int i = 0; i < 8; ++i) byte();
        return;
      case kBinary:
        binary();
        return;
      case kList:
      case kSet: {
        const auto [element, size] = list();
        for (std::uint64_t i = 0; i < size && !broken_; ++i) skip(element, true, depth + 1);
        return;
      }
      case kStruct: {
        std::int64_t field = 0;
        while (const int inner = next_field(field)) skip(inner, false, depth + 1);
        return;
      }
      default:
        broken_ = true;  // no map is in a footer
    }
  }
  bool broken() const { return broken_; }

 private:
  std::optional<std::uint8_t> byte() {
    if (at_ == end_) {
      broken_ = true;
      return std::nullopt;
    }
    return static_cast<std::uint8_t>(*at_++);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    if (!broken_ && !event::read_varint(at_, end_, value)) broken_ = true;
    return broken_ ? 0 : value;
  }

  const char* at_;
  const char* const end_;
  bool broken_ = false;
};

/// As DuckDB compares names: ASCII letters without their case.
std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string without_control_characters(std::string_view name) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

const char* type_word(Type type) {
  switch (type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return "bool";
    case Type::kInt:
      return "int";
    case Type::kDouble:
      return "double";
    case Type::kString:
      return "text";
  }
  return "null";
}

std::optional<Type> type_of_word(std::string_view word) {
  for (const Type type : {Type::kBool, Type::kInt, Type::kDouble, Type::kString}) {
    if (word == type_word(type)) return type;
  }
  return std::nullopt;
}

}  // namespace

std::string encode_segment_metadata(const SegmentMetadata& metadata) {
  json columns = json::array();
  for (const SegmentMetadata::Column& column : metadata.columns) {
    json entry = {
        {"column", column.column}, {"type", type_word(column.type)}, {"name", column.name}};
    if (column.type == Type::kDouble) entry["nan"] = column.nan;
    columns.push_back(std::move(entry));
  }
  return json({{"version", kVersion},
               {"dataset", metadata.dataset},
               {"events", metadata.events},
               {"time_min_ns", metadata.time_min_ns},
               {"time_max_ns", metadata.time_max_ns},
               {"weighted", metadata.weighted},
               {"columns", std::move(columns)}})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<SegmentMetadata> decode_segment_metadata(std::string_view text) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object()) return broken("its description is not JSON");
  const auto number = [&](const char* key) {
    const auto found = root.find(key);
    return found != root.end() && found->is_number_integer() ? *found : json();
  };
  const auto text_at = [](const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (number("version") != kVersion) return broken("not version 1");
  for (const char* key : {"events", "time_min_ns", "time_max_ns"}) {
    if (number(key).is_null()) return broken(base::cat("no ", key));
  }
  SegmentMetadata metadata{.dataset = text_at(root, "dataset"),
                           .events = number("events").get<std::uint64_t>(),
                           .time_min_ns = number("time_min_ns").get<std::int64_t>(),
                           .time_max_ns = number("time_max_ns").get<std::int64_t>(),
                           .weighted = root.value("weighted", json()) != json(false)};
  const auto columns = root.find("columns");
  if (columns == root.end() || !columns->is_array()) return broken("no columns");
  for (const json& entry : *columns) {
    if (!entry.is_object()) return broken("a column is not described");
    const auto type = type_of_word(text_at(entry, "type"));
    SegmentMetadata::Column column{.column = text_at(entry, "column"),
                                   .type = type.value_or(Type::kNull),
                                   .name = text_at(entry, "name"),
                                   .nan = entry.value("nan", json()) != json(false)};
    if (!type || column.column.empty() || column.name.empty()) {
      return broken("a column is not described");
    }
    // The name goes to the engine between quotes, in a text that ends at the first zero.
    if (column.name != without_control_characters(column.name)) {
      return broken("a control character in a column's name");
    }
    metadata.columns.push_back(std::move(column));
  }
  return metadata;
}

base::Result<std::string> find_in_footer(std::string_view footer, std::string_view key) {
  constexpr int kKeyValues = 5;
  ThriftReader reader(footer);
  std::int64_t field = 0;
  while (const int kind = reader.next_field(field)) {
    if (field != kKeyValues || kind != ThriftReader::kList) {
      reader.skip(kind);
      continue;
    }
    const auto [element, size] = reader.list();
    for (std::uint64_t i = 0; i < size && !reader.broken(); ++i) {
      std::string_view entry_key;
      std::string_view value;
      std::int64_t inner = 0;
      while (const int inner_kind = reader.next_field(inner)) {
        if (inner_kind != ThriftReader::kBinary) {
          reader.skip(inner_kind);
        } else {
          (inner == 1 ? entry_key : value) = reader.binary();
        }
      }
      if (!reader.broken() && entry_key == key) return std::string(value);
    }
  }
  return broken(reader.broken() ? "its footer is damaged" : base::cat("nothing under ", key));
}

base::Result<SegmentMetadata> read_segment_metadata(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    return base::error(base::ErrorKind::kIo, base::cat("open ", path, ": ", std::strerror(errno)));
  }
  const auto size = static_cast<std::uint64_t>(file.tellg());
  char tail[kTailBytes] = {};
  if (size < kTailBytes) return broken("it is too short");
  file.seekg(static_cast<std::streamoff>(size - kTailBytes));
  file.read(tail, kTailBytes);
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, tail, sizeof(bytes));
  if (!file || std::memcmp(tail + 4, "PAR1", 4) != 0) return broken("it does not end as Parquet");
  if (bytes > size - kTailBytes || bytes > kFooterBytesMax) return broken("its footer is damaged");
  std::string footer(bytes, '\0');
  file.seekg(static_cast<std::streamoff>(size - kTailBytes - bytes));
  file.read(footer.data(), bytes);
  if (!file) return broken("its footer cannot be read");
  TRY_ASSIGN(const std::string text, find_in_footer(footer, kMetadataKey));
  return decode_segment_metadata(text);
}

void name_segment_columns(std::vector<SegmentMetadata::Column>& columns) {
  std::set<std::string> taken = {"time", "sample_rate", "seq"};
  for (const auto& column : columns) {
    if (!column.name.empty()) taken.insert(folded(column.name));
  }
  for (auto& column : columns) {
    if (!column.name.empty()) continue;
    const std::string plain = without_control_characters(column.column);
    std::string name = plain;
    for (int n = 1; !taken.insert(folded(name)).second; ++n) {
      name = base::cat(plain, ".", type_word(column.type));
      if (n > 1) name += base::cat(".", n);
    }
    column.name = std::move(name);
  }
}

}  // namespace understudy::store
