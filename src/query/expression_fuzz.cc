// Any bytes as an expression: an error that points into them, or a tree that the store takes and
// that has a value for events of every type; never a crash.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "query/expression_parser.h"
#include "store/memory/evaluate.h"

namespace {

using understudy::event::Value;
using understudy::event::ValueView;

void evaluate(const understudy::store::Expression& expression) {
  static const std::vector<Value> kValues = {Value(),
                                             true,
                                             5,
                                             std::numeric_limits<std::int64_t>::min(),
                                             -0.0,
                                             std::numeric_limits<double>::quiet_NaN(),
                                             std::numeric_limits<double>::infinity(),
                                             "",
                                             "2017-07-20T11:22:44.888Z",
                                             "12.5",
                                             "\xC3\x84 text"};
  for (std::size_t first = 0; first < kValues.size(); ++first) {
    std::size_t next = first;  // another value for each column the expression looks at
    understudy::store::evaluate(expression, {.time_ns = std::numeric_limits<std::int64_t>::max(),
                                             .column = [&](const std::string&) -> ValueView {
                                               return kValues[next++ % kValues.size()].view();
                                             }});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = understudy::query::parse_expression(text);
  if (!expression.ok()) {
    CHECK(expression.error().kind == understudy::base::ErrorKind::kInvalid);
    CHECK(expression.error().context.size() < 2'000);
    return 0;
  }
  const understudy::store::Computed computed{"field", *expression};
  CHECK(understudy::store::validate({&computed, 1}).ok());
  evaluate(*expression);
  return 0;
}
