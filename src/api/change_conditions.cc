#include "api/change_conditions.h"

#include <limits>
#include <string>
#include <string_view>

#include "base/text.h"

namespace understudy::api {

base::Result<std::optional<int64_t>> expected_version(const Call& call) {
  std::optional<int64_t> expected;
  if (call.query("expected_version")) {
    TRY_ASSIGN(expected,
               call.query_int("expected_version", 0, std::numeric_limits<int64_t>::max(), 0));
    return expected;
  }
  std::string_view tag = base::trim(call.header("if-match"));
  if (tag.empty() || tag == "*") return expected;
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    expected = base::parse_int64(tag.substr(1, tag.size() - 2));
  }
  if (!expected) {
    return base::error(base::ErrorKind::kProtocol,
                       "If-Match is not the ETag that GET gave, such as \"3\"");
  }
  return expected;
}

state::Change change_of(const Call& call) {
  return {.who = call.actor(), .comment = std::string(call.query("comment").value_or(""))};
}

}  // namespace understudy::api
