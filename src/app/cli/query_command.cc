#include "app/cli/query_answer.h"
#include "app/cli/server_option.h"
#include "base/text.h"
#include "query/cli_syntax.h"
#include "query/render_chart.h"
#include "query/render_csv.h"
#include "query/render_table.h"

namespace understudy::app {
namespace {

using base::cat;

enum class Format { kTable, kJson, kCsv, kChart };

struct Options {
  std::string dataset;
  query::CliQuery query;
  bool events = false;
  std::vector<std::string> columns;
  bool json = false;
  bool csv = false;
  bool chart = false;

  Format format() const {
    if (json) return Format::kJson;
    if (csv) return Format::kCsv;
    return chart ? Format::kChart : Format::kTable;
  }
};

/// Room for the labels beside a chart.
constexpr size_t kChartMargin = 16;
/// Room a column may take in a table on a narrow terminal.
constexpr size_t kCellWidthMax = 48;

std::string rendered(const query::QueryResult& result, const Options& options,
                     const Console& console) {
  switch (options.format()) {
    case Format::kCsv:
      return options.query.granularity.empty() ? query::render_csv(result)
                                               : query::render_series_csv(result);
    case Format::kChart:
      return query::render_chart(
          result, {.width = console.width > 2 * kChartMargin ? console.width - kChartMargin
                                                             : kChartMargin});
    case Format::kTable:
    case Format::kJson:
      break;
  }
  return query::render_table(result, {.cell_width_max = kCellWidthMax});
}

/// The specification as the API takes it: with its dataset, and with what is asked beside numbers.
std::string body_of(const Options& options, const query::QuerySpec& spec) {
  auto body = flags::parse_json(spec.to_json());
  flags::Value json = body.ok() ? *std::move(body) : flags::Value(flags::Value::Object{});
  json.set("dataset", options.dataset);
  if (options.events) {
    flags::Value::Object scope;
    for (const flags::Value::Member& member : json.as_object()) {
      // Raw events are found by filters and time alone.
      if (member.name == "calculations" || member.name == "limit") continue;
      scope.push_back(member);
    }
    json = std::move(scope);
    flags::Value::List columns;
    for (const std::string& column : options.columns) columns.push_back(column);
    json.set("events",
             flags::Value::Object{{"columns", std::move(columns)}, {"limit", spec.limit}});
  }
  return flags::to_json(json);
}

/// Beside the answer, so that a script that reads CSV is not disturbed.
void warn(const std::vector<std::string>& warnings, const Console& console) {
  for (const std::string& one : warnings) {
    console.complain(cat("warning: ", base::printable(one, 500)));
  }
}

int run(const Options& options, const ApiClient& client, const Console& console) {
  auto spec = query::parse_cli_query(options.query);
  if (!spec.ok()) {
    // The error points at a character of the option, so it keeps its lines.
    console.error(cat("understudy: ", spec.error().context, "\n"));
    return kExitUsage;
  }
  const bool series = options.format() == Format::kChart || options.format() == Format::kJson ||
                      !options.query.granularity.empty();
  spec->disable_series = !series;
  const auto answer = client.post("/api/query", body_of(options, *spec));
  if (!answer.ok()) return fail(console, answer.error());
  if (options.format() == Format::kJson) {
    console.out(cat(*answer, answer->ends_with('\n') ? "" : "\n"));
    return kExitOk;
  }
  if (options.events) {
    const auto events = read_events_answer(*answer);
    if (!events.ok()) return fail(console, events.error());
    warn(events->warnings, console);
    console.out(options.format() == Format::kCsv ? query::render_csv(*events)
                                                 : query::render_table(*events));
    return kExitOk;
  }
  const auto result = read_query_answer(*answer);
  if (!result.ok()) return fail(console, result.error());
  if (spec->compare_time_offset_s) warn({"--compare is shown with --json"}, console);
  for (const query::Calculation& calculation : spec->calculations) {
    if (calculation.op != query::CalculationOp::kHeatmap) continue;
    warn({cat(calculation.key(), " has no column here; --json shows its bins and counts")},
         console);
  }
  warn(result->warnings, console);
  console.out(rendered(*result, options, console));
  return kExitOk;
}

}  // namespace

void add_query(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  query::CliQuery& query = options->query;
  CLI::App* command = app.add_subcommand("query", "Ask the events a question");
  command->add_option("dataset", options->dataset, "evaluations, differences, errors, or your own")
      ->required();
  const auto repeated = [&](const char* name, std::vector<std::string>& target, const char* text) {
    command->add_option(name, target, text)->expected(1)->take_all()->allow_extra_args(false);
  };
  repeated("--calc", query.calc, "A number: COUNT, AVG(x), P99(x), SUM(x), COUNT_DISTINCT(x), ...");
  repeated("--formula", query.formula, "Arithmetic of them: 'share: failed / COUNT * 100'");
  repeated("--by", query.by, "Break down by these columns (a,b)");
  repeated("--field", query.field, "A column computed of others: 'slow = $duration_ms > 100'");
  repeated("--where", query.where, "Only events with: 'duration_ms > 100', 'x in (a, b)'");
  command->add_flag("--any", query.any, "Any --where is enough, not all");
  repeated("--order", query.order, "Sort: 'COUNT desc'");
  repeated("--having", query.having, "Only groups with: 'COUNT > 10'");
  command->add_option("--last", query.last, "Time range until now: 30m, 1h, 7d (default 2h)");
  command->add_option("--start", query.start, "RFC 3339 or Unix seconds; alone: until now");
  command->add_option("--end", query.end, "RFC 3339 or Unix seconds");
  command->add_option("--compare", query.compare, "With --json, beside so long ago: 1h, 1d, 7d");
  command->add_option("--granularity", query.granularity, "Width of a time bucket: 10s, 1m");
  command->add_option("--limit", query.limit, "Groups or events (default 100)");
  CLI::Option* events =
      command->add_flag("--events", options->events, "The events themselves, newest first");
  command->add_option("--columns", options->columns, "Columns of --events (a,b); default all")
      ->delimiter(',')
      ->needs(events);
  CLI::Option* json = command->add_flag("--json", options->json, "Answer as JSON");
  CLI::Option* csv = command->add_flag("--csv", options->csv, "Answer as CSV");
  CLI::Option* chart = command->add_flag("--chart", options->chart, "Draw the numbers over time");
  csv->excludes(json)->excludes(chart);
  chart->excludes(json)->excludes(events);
  add_url(*command, invocation);
  command->footer(R"(
Examples:
  understudy query evaluations --calc 'P99(duration_ms)' --by evaluation.mode --last 1h
  understudy query evaluations --calc 'AVG(success)' --by evaluation.mode --chart
  understudy query errors --by exception.type --where 'error.side = candidate'
  understudy query differences --events --columns http.route,difference.path --limit 5)");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation](const Console& console) {
      return run(*options, invocation.client(), console);
    };
  });
}

}  // namespace understudy::app
