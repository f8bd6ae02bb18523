#include "core/otlp_json.h"

#include <cmath>

#include "base/text.h"

namespace understudy::sdk {
namespace {

constexpr size_t kBytesPerEvent = 2'048;  // a guess for the first allocation only

/// `text` is valid UTF-8 already: an Event sees to that.
void append_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, start, i - start);
    start = i + 1;
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(byte));
    } else {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  out.append(text, start, text.size() - start);
  out.push_back('"');
}

void append_value(std::string& out, const event::ValueView& value) {
  switch (value.type()) {
    case event::Type::kNull:
      out.append("{}");
      return;
    case event::Type::kBool:
      out.append(value.as_bool() ? R"({"boolValue":true})" : R"({"boolValue":false})");
      return;
    case event::Type::kInt:
      out.append(R"({"intValue":")");
      base::append_int(out, value.as_int());
      out.append("\"}");
      return;
    case event::Type::kDouble: {
      const double number = value.as_double();
      out.append(R"({"doubleValue":)");
      if (std::isnan(number)) {
        out.append("\"NaN\"");
      } else if (std::isinf(number)) {
        out.append(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
      } else {
        base::append_text(out, number);
      }
      out.push_back('}');
      return;
    }
    case event::Type::kString:
      out.append(R"({"stringValue":)");
      append_string(out, value.as_string());
      out.push_back('}');
      return;
  }
}

void append_attribute(std::string& out, std::string_view key, const event::ValueView& value) {
  out.append(R"({"key":)");
  append_string(out, key);
  out.append(R"(,"value":)");
  append_value(out, value);
  out.push_back('}');
}

void append_record(std::string& out, const event::Event& event) {
  out.append(R"({"timeUnixNano":")");
  base::append_int(out, event.time_unix_ns());
  out.append(R"(","eventName":)");
  append_string(out, event.dataset());
  out.append(R"(,"attributes":[)");
  append_attribute(out, "understudy.dataset", event.dataset());
  if (event.sample_rate() != 1) {
    out.push_back(',');
    append_attribute(out, "sampleRate", event.sample_rate());
  }
  for (size_t i = 0; i < event.size(); ++i) {
    const event::Field field = event.field(i);
    out.push_back(',');
    append_attribute(out, field.column.name(), field.value);
  }
  out.append("]}");
}

}  // namespace

std::string to_otlp_json_logs(std::span<const event::Event> events, std::string_view service) {
  std::string out;
  out.reserve(events.size() * kBytesPerEvent);
  out.append(R"({"resourceLogs":[{"resource":{"attributes":[)");
  append_attribute(out, "service.name", service);
  out.append(R"(]},"scopeLogs":[{"scope":{"name":"understudy-sdk"},"logRecords":[)");
  for (size_t i = 0; i < events.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_record(out, events[i]);
  }
  out.append("]}]}]}");
  return out;
}

}  // namespace understudy::sdk
