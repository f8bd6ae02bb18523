#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/query_spec.h"

namespace understudy::query {

/// A question as typed at a terminal, one string per option given.
struct CliQuery {
  std::vector<std::string> calc{};     // "P99(duration_ms)", "COUNT", "slow: COUNT"
  std::vector<std::string> formula{};  // "share: failed / COUNT * 100"
  std::vector<std::string> by{};       // "evaluation.mode", or several with commas
  std::vector<std::string> where{};    // "duration_ms > 100", "http.route in (a, b)", "x exists"
  std::vector<std::string> field{};    // "slow = $duration_ms > 1000"
  bool any = false;                    // where conditions are joined by OR rather than AND
  std::vector<std::string> order{};    // "P99(duration_ms) desc", "evaluation.mode"
  std::vector<std::string> having{};   // "COUNT > 10"
  std::string last{};                  // "1h", "30m"; empty: two hours
  std::string start{};                 // RFC 3339 or Unix seconds
  std::string end{};
  std::string granularity{};  // "10s", "1m"; empty: chosen
  std::string compare{};      // "1d", "7d"; empty: not compared
  std::string limit{};        // "20"; empty: 100
};

/// Turns it into a specification. Errors quote the option and point at the character:
///
///     --where duration_ms >> 100
///                          ^ expected a number or text
base::Result<QuerySpec> parse_cli_query(const CliQuery& query);

/// One option by itself; used by parse_cli_query and for help texts and completion.
base::Result<Calculation> parse_calculation(std::string_view text);
/// Values: 100, 1.5, -3, true, false, "quoted text", 'quoted text', or a bare word.
base::Result<Filter> parse_filter(std::string_view text);

}  // namespace understudy::query
