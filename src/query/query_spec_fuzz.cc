// Any bytes as a specification and as each command line option: an error or a specification that
// survives its own JSON, never a crash.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "query/bubble_up.h"
#include "query/cli_syntax.h"
#include "query/formula.h"
#include "query/query_spec.h"
#include "query/time_window.h"

namespace {

using understudy::query::CliQuery;
using understudy::query::QuerySpec;

void check_round_trip(const QuerySpec& spec) {
  const auto again = QuerySpec::parse(spec.to_json());
  CHECK(again.ok());
  CHECK(*again == spec);
  const auto window = understudy::query::resolve_time_window(spec, 1'700'000'000);
  if (window.ok()) {
    CHECK(window->granularity_s > 0 && window->bucket_count() <= 1'002);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto spec = QuerySpec::parse(text); spec.ok()) check_round_trip(*spec);

  (void)understudy::query::BubbleUpRequest::parse(text);
  if (const auto steps = understudy::query::parse_formula(text); steps.ok()) {
    size_t depth = 0;  // every operator finds two values, and one is left
    for (const auto& step : *steps) {
      const bool value = step.kind == understudy::query::FormulaStep::Kind::kNumber ||
                         step.kind == understudy::query::FormulaStep::Kind::kCalculation;
      CHECK(value || depth >= 2);
      depth = value ? depth + 1 : depth - 1;
    }
    CHECK(depth == 1);
  }

  const std::string option(text);
  for (auto list : {&CliQuery::calc, &CliQuery::by, &CliQuery::where, &CliQuery::order,
                    &CliQuery::having, &CliQuery::formula}) {
    CliQuery cli;
    (cli.*list).push_back(option);
    // Text that is not UTF-8 cannot be written as JSON unchanged, so only its parsing is checked.
    const auto spec = understudy::query::parse_cli_query(cli);
    const bool plain = option.find_first_not_of(
                           " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                           "abcdefghijklmnopqrstuvwxyz{|}~\t") == std::string::npos;
    if (spec.ok() && plain) check_round_trip(*spec);
  }
  for (auto field : {&CliQuery::last, &CliQuery::start, &CliQuery::end, &CliQuery::granularity,
                     &CliQuery::limit, &CliQuery::compare}) {
    CliQuery cli;
    cli.*field = option;
    if (const auto spec = understudy::query::parse_cli_query(cli); spec.ok()) {
      check_round_trip(*spec);
    }
  }
  return 0;
}
