#include "ingest/otlp_json_logs.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"

namespace understudy::ingest {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kDatasetAttribute = "understudy.dataset";
constexpr std::string_view kFallbackDataset = "unknown_logs";
constexpr std::array<std::string_view, 2> kSampleRateAttributes = {"sampleRate", "SampleRate"};
constexpr size_t kErrorKeyBytesMax = 60;
constexpr size_t kFieldBytes = 16;  // of a field in an Event

std::optional<std::string_view> text_of(dom::element element) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

/// The member `name` of an object; nullopt when there is none or it is null.
std::optional<dom::element> member(const dom::object& object, std::string_view name) {
  dom::element found;
  if (object[name].get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return found;
}

/// A collection: missing or null is empty, another type is an Error.
base::Result<std::vector<dom::element>> list_at(const dom::object& object, std::string_view name) {
  std::vector<dom::element> items;
  const auto found = member(object, name);
  if (!found) return items;
  dom::array array;
  if (found->get(array) != simdjson::SUCCESS) {
    return base::invalid(base::cat(name, " is not an array"));
  }
  for (const dom::element item : array) items.push_back(item);
  return items;
}

/// An integer written as a JSON number or, as proto JSON wants it, as a decimal string.
std::optional<int64_t> integer_of(dom::element element) {
  int64_t number = 0;
  if (element.get(number) == simdjson::SUCCESS) return number;
  if (const auto text = text_of(element)) return base::parse_int64(*text);
  double real = 0;
  // Some encoders write 5.0 for an integer; exact up to 2^53, beyond it is not one we can trust.
  if (element.get(real) == simdjson::SUCCESS && std::floor(real) == real &&
      std::abs(real) <= 9007199254740992.0) {
    return static_cast<int64_t>(real);
  }
  return std::nullopt;
}

std::optional<double> double_of(dom::element element) {
  double number = 0;
  if (element.get(number) == simdjson::SUCCESS) return number;
  const auto text = text_of(element);
  if (!text) return std::nullopt;
  if (*text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (*text == "Infinity") return std::numeric_limits<double>::infinity();
  if (*text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return base::parse_double(*text);
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(letter);
    } else if (byte < 0x20) {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(letter);
    }
  }
  out.push_back('"');
}

/// Appends an AnyValue as plain JSON. Recursion is bounded by the depth the parser accepts.
/// False for a value that is not of the shape.
bool append_any_value(std::string& out, dom::element any) {
  dom::object object;
  if (any.get(object) != simdjson::SUCCESS) return any.is_null() && (out.append("null"), true);
  if (const auto text = member(object, "stringValue")) {
    const auto value = text_of(*text);
    if (value) append_json_string(out, *value);
    return value.has_value();
  }
  if (const auto flag = member(object, "boolValue")) {
    bool value = false;
    if (flag->get(value) != simdjson::SUCCESS) return false;
    out.append(value ? "true" : "false");
    return true;
  }
  if (const auto number = member(object, "intValue")) {
    const auto value = integer_of(*number);
    if (value) base::append_int(out, *value);
    return value.has_value();
  }
  if (const auto number = member(object, "doubleValue")) {
    const auto value = double_of(*number);
    if (!value) return false;
    if (std::isfinite(*value)) {
      base::append_text(out, *value);
    } else {
      append_json_string(out, std::isnan(*value) ? "NaN" : *value > 0 ? "Infinity" : "-Infinity");
    }
    return true;
  }
  if (const auto bytes = member(object, "bytesValue")) {
    const auto value = text_of(*bytes);
    if (value) append_json_string(out, *value);
    return value.has_value();
  }
  if (const auto array = member(object, "arrayValue")) {
    dom::object holder;
    if (array->get(holder) != simdjson::SUCCESS) return false;
    const auto items = list_at(holder, "values");
    if (!items.ok()) return false;
    out.push_back('[');
    for (size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out.push_back(',');
      if (!append_any_value(out, (*items)[i])) return false;
    }
    out.push_back(']');
    return true;
  }
  if (const auto list = member(object, "kvlistValue")) {
    dom::object holder;
    if (list->get(holder) != simdjson::SUCCESS) return false;
    const auto pairs = list_at(holder, "values");
    if (!pairs.ok()) return false;
    out.push_back('{');
    for (size_t i = 0; i < pairs->size(); ++i) {
      dom::object pair;
      if ((*pairs)[i].get(pair) != simdjson::SUCCESS) return false;
      const auto key = member(pair, "key");
      const auto name = key ? text_of(*key) : std::string_view();
      if (!name) return false;
      if (i > 0) out.push_back(',');
      append_json_string(out, *name);
      out.push_back(':');
      const auto value = member(pair, "value");
      if (!value) {
        out.append("null");
      } else if (!append_any_value(out, *value)) {
        return false;
      }
    }
    out.push_back('}');
    return true;
  }
  out.append("null");  // the oneof is not set
  return true;
}

/// An AnyValue as one value of an event. `text` keeps what the view points at when it is made here.
std::optional<event::ValueView> value_of(dom::element any, std::string& text) {
  dom::object object;
  if (any.get(object) != simdjson::SUCCESS) {
    return any.is_null() ? std::optional(event::ValueView()) : std::nullopt;
  }
  if (const auto found = member(object, "stringValue")) {
    const auto value = text_of(*found);
    return value ? std::optional(event::ValueView(*value)) : std::nullopt;
  }
  if (const auto found = member(object, "boolValue")) {
    bool value = false;
    if (found->get(value) != simdjson::SUCCESS) return std::nullopt;
    return event::ValueView(value);
  }
  if (const auto found = member(object, "intValue")) {
    const auto value = integer_of(*found);
    return value ? std::optional(event::ValueView(*value)) : std::nullopt;
  }
  if (const auto found = member(object, "doubleValue")) {
    const auto value = double_of(*found);
    return value ? std::optional(event::ValueView(*value)) : std::nullopt;
  }
  if (const auto found = member(object, "bytesValue")) {
    const auto value = text_of(*found);
    return value ? std::optional(event::ValueView(*value)) : std::nullopt;
  }
  if (member(object, "arrayValue") || member(object, "kvlistValue")) {
    text.clear();
    if (!append_any_value(text, any)) return std::nullopt;
    return event::ValueView(std::string_view(text));
  }
  return event::ValueView();
}

bool is_dataset_name(std::string_view name) {
  if (name.empty() || name.size() > event::kDatasetNameBytesMax) return false;
  // A store may make files of names: none may climb out of its folder or hide in it.
  if (name.front() == '.' || name.front() == '/' || name.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') ||
           std::string_view(" ._/:-").find(letter) != std::string_view::npos;
  });
}

bool is_hex_id(std::string_view id, size_t length) {
  return id.size() == length && id.find_first_not_of('0') != std::string_view::npos &&
         id.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// The attributes of a resource, a scope or a record, as they stand.
struct Attributes {
  std::vector<std::pair<std::string_view, dom::element>> list;

  std::optional<std::string_view> text(std::string_view name) const {
    for (auto it = list.rbegin(); it != list.rend(); ++it) {
      if (it->first != name) continue;
      dom::object object;
      if (it->second.get(object) != simdjson::SUCCESS) return std::nullopt;
      const auto value = member(object, "stringValue");
      return value ? text_of(*value) : std::nullopt;
    }
    return std::nullopt;
  }
};

base::Result<Attributes> attributes_of(const dom::object& holder) {
  Attributes attributes;
  TRY_ASSIGN(const auto items, list_at(holder, "attributes"));
  attributes.list.reserve(items.size());
  for (const dom::element item : items) {
    dom::object pair;
    if (item.get(pair) != simdjson::SUCCESS) return base::invalid("an attribute is not an object");
    const auto key = member(pair, "key");
    const auto name = key ? text_of(*key) : std::nullopt;
    if (!name || name->empty()) continue;  // as Honeycomb: an attribute without a name is dropped
    const auto value = member(pair, "value");
    if (!value) continue;  // an unset value says nothing
    attributes.list.emplace_back(*name, *value);
  }
  return attributes;
}

/// What the records of one scope share.
struct Surroundings {
  Attributes resource;
  Attributes scope;
  std::string_view library_name;
  std::string_view library_version;
};

/// Makes events of the records of one request.
class Reader {
 public:
  Reader(const OtlpLimits& limits, int64_t received_unix_ns)
      : limits_(limits), received_unix_ns_(received_unix_ns) {}

  base::Status read(const dom::object& request) {
    TRY_ASSIGN(const auto resources, list_at(request, "resourceLogs"));
    for (const dom::element item : resources) {
      dom::object resource_logs;
      if (item.get(resource_logs) != simdjson::SUCCESS) {
        return base::invalid("an entry of resourceLogs is not an object");
      }
      Surroundings around;
      TRY_ASSIGN(const auto resource, object_at(resource_logs, "resource"));
      if (resource) {
        TRY_ASSIGN(around.resource, attributes_of(*resource));
      }
      TRY_ASSIGN(const auto scopes, list_at(resource_logs, "scopeLogs"));
      for (const dom::element scope_item : scopes) TRY(read_scope(scope_item, around));
    }
    return base::ok_status();
  }

  OtlpLogs take() { return std::move(out_); }

 private:
  static base::Result<std::optional<dom::object>> object_at(const dom::object& holder,
                                                            std::string_view name) {
    const auto found = member(holder, name);
    if (!found) return std::optional<dom::object>();
    dom::object object;
    if (found->get(object) != simdjson::SUCCESS) {
      return base::invalid(base::cat(name, " is not an object"));
    }
    return std::optional(object);
  }

  base::Status read_scope(dom::element item, Surroundings& around) {
    dom::object scope_logs;
    if (item.get(scope_logs) != simdjson::SUCCESS) {
      return base::invalid("an entry of scopeLogs is not an object");
    }
    around.scope = {};
    around.library_name = {};
    around.library_version = {};
    TRY_ASSIGN(const auto scope, object_at(scope_logs, "scope"));
    if (scope) {
      TRY_ASSIGN(around.scope, attributes_of(*scope));
      if (const auto name = member(*scope, "name")) {
        around.library_name = text_of(*name).value_or("");
      }
      if (const auto version = member(*scope, "version")) {
        around.library_version = text_of(*version).value_or("");
      }
    }
    TRY_ASSIGN(const auto records, list_at(scope_logs, "logRecords"));
    for (const dom::element record : records) {
      if (++records_seen_ > limits_.records_max) {
        return base::error(base::ErrorKind::kLimit,
                           base::cat("more than ", limits_.records_max, " log records"));
      }
      if (const base::Status status = read_record(record, around); !status.ok()) {
        ++out_.rejected;
        explain(status.error());
      }
      if (bytes_ > limits_.events_bytes_max) {
        return base::error(base::ErrorKind::kLimit,
                           base::cat("the events are above ", limits_.events_bytes_max, " bytes"));
      }
    }
    return base::ok_status();
  }

  base::Status read_record(dom::element item, const Surroundings& around) {
    dom::object record;
    if (item.get(record) != simdjson::SUCCESS) return base::invalid("not an object");
    TRY_ASSIGN(const Attributes own, attributes_of(record));
    if (own.list.size() + around.scope.list.size() + around.resource.list.size() >
        limits_.attributes_max) {
      return base::invalid(base::cat("more than ", limits_.attributes_max, " attributes"));
    }
    std::string_view event_name;
    if (const auto name = member(record, "eventName")) event_name = text_of(*name).value_or("");
    const std::string_view dataset = dataset_of(own, around, event_name);
    if (!is_dataset_name(dataset)) {
      return base::invalid(
          base::cat("\"", base::printable(dataset, kErrorKeyBytesMax), "\" names no dataset"));
    }
    TRY_ASSIGN(const int64_t time_ns, time_of(record));

    event::Event event(dataset, time_ns);
    bytes_ += sizeof(event::Event);
    add(event, "library.name", around.library_name);
    add(event, "library.version", around.library_version);
    TRY(add_all(event, around.resource));
    TRY(add_all(event, around.scope));
    TRY(add_record_fields(event, record));
    if (event_name != dataset) add(event, "event.name", event_name);
    TRY(add_all(event, own));
    out_.events.push_back(std::move(event));
    return base::ok_status();
  }

  static std::string_view dataset_of(const Attributes& own, const Surroundings& around,
                                     std::string_view event_name) {
    for (const Attributes* level : {&own, &around.scope, &around.resource}) {
      if (const auto name = level->text(kDatasetAttribute)) return *name;
    }
    if (!event_name.empty()) return event_name;
    const auto service = around.resource.text("service.name");
    return service && !base::trim(*service).empty() ? base::trim(*service) : kFallbackDataset;
  }

  base::Result<int64_t> time_of(const dom::object& record) const {
    for (const std::string_view name : {"timeUnixNano", "observedTimeUnixNano"}) {
      const auto found = member(record, name);
      if (!found) continue;
      const auto time = integer_of(*found);
      if (!time || *time < 0) {
        return base::invalid(base::cat(name, " is not a number of nanoseconds since 1970"));
      }
      if (*time > 0) return *time;  // 0 means unknown (logs.proto)
    }
    return received_unix_ns_;
  }

  base::Status add_record_fields(event::Event& event, const dom::object& record) {
    if (const auto body = member(record, "body")) {
      const auto value = value_of(*body, text_);
      if (!value) return base::invalid("body is not an AnyValue");
      add(event, "body", *value);
    }
    if (const auto text = member(record, "severityText")) {
      add(event, "severity_text", text_of(*text).value_or(""));
    }
    if (const auto number = member(record, "severityNumber")) {
      const auto value = integer_of(*number);
      if (value && *value > 0 && *value <= 24) add(event, "severity_code", *value);
    }
    if (const auto id = member(record, "traceId")) {
      const auto text = text_of(*id);
      if (text && is_hex_id(*text, 32)) add(event, "trace.trace_id", base::to_lower(*text));
    }
    if (const auto id = member(record, "spanId")) {
      const auto text = text_of(*id);
      if (text && is_hex_id(*text, 16)) add(event, "trace.parent_id", base::to_lower(*text));
    }
    return base::ok_status();
  }

  base::Status add_all(event::Event& event, const Attributes& attributes) {
    for (const auto& [name, element] : attributes.list) {
      if (name == kDatasetAttribute) continue;
      const auto value = value_of(element, text_);
      if (!value) {
        return base::invalid(base::cat("attribute \"", base::printable(name, kErrorKeyBytesMax),
                                       "\" has no value of its type"));
      }
      if (std::find(kSampleRateAttributes.begin(), kSampleRateAttributes.end(), name) !=
          kSampleRateAttributes.end()) {
        set_sample_rate(event, *value);
        continue;
      }
      const auto column = event::Column::intern(name);
      if (column.ok()) {
        charge(*value);
        event.add(*column, *value);
      } else {
        ++out_.fields_dropped;
        explain(column.error());
      }
    }
    return base::ok_status();
  }

  static void set_sample_rate(event::Event& event, const event::ValueView& value) {
    if (!value.is_number()) return;
    const double rate = std::round(value.as_number());
    // Not a rate: NaN, zero, negative. Each record then stands for itself.
    if (!(rate >= 1)) return;
    constexpr double kMax = std::numeric_limits<uint32_t>::max();
    event.set_sample_rate(static_cast<uint32_t>(std::min(rate, kMax)));
  }

  void add(event::Event& event, std::string_view name, const event::ValueView& value) {
    if (value.is_string() && value.as_string().empty()) return;
    const auto column = event::Column::intern(name);
    if (!column.ok()) return;
    charge(value);
    event.add(*column, value);
  }

  void charge(const event::ValueView& value) {
    bytes_ += kFieldBytes + (value.is_string() ? value.as_string().size() : 0);
  }

  void explain(const base::Error& error) {
    if (!out_.error_message.empty()) return;
    out_.error_message = base::cat("log record ", records_seen_ - 1, ": ", error.context);
  }

  const OtlpLimits& limits_;
  const int64_t received_unix_ns_;
  size_t records_seen_ = 0;
  size_t bytes_ = 0;  // about what the events made so far hold
  std::string text_;
  OtlpLogs out_;
};

}  // namespace

std::string OtlpLogs::response_json() const {
  if (rejected == 0 && error_message.empty()) return "{}";
  std::string out =
      base::cat(R"({"partialSuccess":{"rejectedLogRecords":")", rejected, R"(","errorMessage":)");
  append_json_string(out, error_message);
  out.append("}}");
  return out;
}

base::Result<OtlpLogs> parse_otlp_json_logs(std::string_view body, const OtlpLimits& limits,
                                            int64_t received_unix_ns) {
  if (body.size() > limits.body_bytes_max) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("the body is above ", limits.body_bytes_max, " bytes"));
  }
  dom::parser parser(limits.body_bytes_max);
  if (const auto code = parser.allocate(std::max<size_t>(body.size(), 64), limits.json_depth_max);
      code != simdjson::SUCCESS) {
    return base::error(base::ErrorKind::kLimit, simdjson::error_message(code));
  }
  dom::element root;
  if (const auto code = parser.parse(body.data(), body.size()).get(root);
      code != simdjson::SUCCESS) {
    return base::invalid(base::cat("not JSON: ", simdjson::error_message(code)));
  }
  dom::object request;
  if (root.get(request) != simdjson::SUCCESS) return base::invalid("the body is not an object");
  Reader reader(limits, received_unix_ns);
  TRY(reader.read(request));
  return reader.take();
}

}  // namespace understudy::ingest
