#include "app/error_answer.h"

#include <initializer_list>

#include "base/text.h"
#include "flags/value.h"

namespace understudy::app {
namespace {

using flags::Value;

/// The first of these members that is a text, or a whole number, as text; of the body, or of its
/// member `parent`. Not one that is hidden.
std::string first_text(const Value& object, std::initializer_list<std::string_view> names,
                       const compare::Rules& rules, std::string_view parent = {}) {
  for (const std::string_view name : names) {
    const Value* value = object.find(name);
    if (value == nullptr) continue;
    if (parent.empty() ? rules.redacts({name}) : rules.redacts({parent, name})) continue;
    if (value->is_string() && !value->as_string().empty()) return value->as_string();
    if (value->is_integer()) return base::cat(value->as_integer());
  }
  return {};
}

/// "com.amazon.coral#ThrottlingException:http://internal/" -> "ThrottlingException".
std::string_view bare_type(std::string_view type) {
  if (const size_t hash = type.rfind('#'); hash != std::string_view::npos) {
    type.remove_prefix(hash + 1);
  }
  // A colon ends AWS's header value; a URI of problem details keeps its own.
  const size_t colon = type.find(':');
  if (colon != std::string_view::npos &&
      type.substr(0, colon).find('/') == std::string_view::npos && type.substr(0, 4) != "http" &&
      type.substr(0, 3) != "urn") {
    type = type.substr(0, colon);
  }
  return base::trim(type);
}

ErrorAnswer cut(std::string_view type, std::string_view message) {
  return {std::string(base::cut_utf8(bare_type(type), kErrorTypeBytesMax)),
          std::string(base::cut_utf8(message, kErrorMessageBytesMax))};
}

}  // namespace

std::optional<ErrorAnswer> read_error_answer(const http::Fields& headers, std::string_view body,
                                             const compare::Rules& rules) {
  const std::string_view header_type = headers.value_or("x-amzn-errortype");
  Value root;
  if (!body.empty() && body.size() <= kErrorBodyBytesMax) {
    if (auto parsed = flags::parse_json(body, kErrorBodyBytesMax); parsed.ok()) root = *parsed;
  }
  const std::string message = first_text(
      root, {"message", "Message", "errorMessage", "error_description", "detail", "title"}, rules);
  if (!header_type.empty()) return cut(header_type, message);
  if (!root.is_object()) return std::nullopt;
  if (const Value* error = root.find("error"); error != nullptr && error->is_object()) {
    const std::string type =
        first_text(*error, {"type", "name", "class", "code", "status"}, rules, "error");
    if (!type.empty()) {
      return cut(type, first_text(*error, {"message", "detail", "reason"}, rules, "error"));
    }
  }
  std::string type = first_text(root, {"__type", "errorType", "exception", "error"}, rules);
  if (type.empty()) type = first_text(root, {"type", "code", "title"}, rules);
  if (type.empty() || type == "about:blank") return std::nullopt;
  return cut(type, message);
}

}  // namespace understudy::app
