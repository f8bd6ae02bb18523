#include "services/traffic.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "dialect/moment.h"

namespace flamingo {
namespace {

using nlohmann::json;

using Random = std::mt19937_64;

uint64_t below(Random& random, uint64_t limit) { return random() % std::max<uint64_t>(limit, 1); }
double unit(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// An index whose chance falls with 1 / rank^exponent.
std::vector<double> zipf_cumulative(size_t count, double exponent) {
  std::vector<double> cumulative;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += 1 / std::pow(static_cast<double>(i + 1), exponent);
    cumulative.push_back(sum);
  }
  return cumulative;
}

size_t pick(const std::vector<double>& cumulative, Random& random) {
  const double at = unit(random) * cumulative.back();
  const auto found = std::upper_bound(cumulative.begin(), cumulative.end(), at);
  return std::min(static_cast<size_t>(found - cumulative.begin()), cumulative.size() - 1);
}

/// What one request filters by.
struct Filters {
  std::string airport;
  std::string other_airport;
  int64_t first_ms;
  int64_t last_ms;

  /// Rows of so many days, somewhere in the data.
  json days(int64_t count, Random& random) const {
    const int64_t days = std::max<int64_t>((last_ms - first_ms) / kMsPerDay - count, 1);
    const int64_t start =
        apply_time_unit(first_ms, TimeUnit::kYearMonthDate) +
        static_cast<int64_t>(below(random, static_cast<uint64_t>(days))) * kMsPerDay;
    return {{"and",
             {{{"field", "date"}, {"gte", format_moment(start)}},
              {{"field", "date"}, {"lt", format_moment(start + count * kMsPerDay)}}}}};
  }
  json from() const { return {{"field", "origin"}, {"equal", airport}}; }
  json to() const { return {{"field", "destination"}, {"equal", airport}}; }
};

json chart(const char* mark, json encoding, std::vector<json> filters) {
  json transform = json::array();
  for (json& filter : filters) transform.push_back({{"filter", std::move(filter)}});
  return {{"data", {{"name", "flights"}}},
          {"mark", mark},
          {"encoding", std::move(encoding)},
          {"transform", std::move(transform)}};
}

json time_field(const char* time_unit) {
  return {{"field", "date"}, {"type", "temporal"}, {"timeUnit", time_unit}};
}
json number(const char* aggregate, const char* field) {
  return {{"field", field}, {"type", "quantitative"}, {"aggregate", aggregate}};
}
json count() { return {{"aggregate", "count"}, {"type", "quantitative"}}; }
json nominal(const char* field) { return {{"field", field}, {"type", "nominal"}}; }

using ChartMaker = json (*)(const Filters&, Random&);

/// The dashboard, most viewed first.
constexpr std::pair<const char*, ChartMaker> kCharts[] = {
    {"delay_by_hour",
     [](const Filters& f, Random&) {
       return chart("bar", {{"x", time_field("hours")}, {"y", number("mean", "delay_hours")}},
                    {f.from()});
     }},
    {"flights_by_day",
     [](const Filters& f, Random& random) {
       return chart("line", {{"x", time_field("yearmonthdate")}, {"y", count()}},
                    {f.from(), f.days(30, random)});
     }},
    {"delay_histogram",
     [](const Filters& f, Random&) {
       return chart(
           "bar",
           {{"x", {{"field", "delay"}, {"type", "quantitative"}, {"bin", {{"maxbins", 20}}}}},
            {"y", count()}},
           {f.from(), json{{"field", "delay"}, {"range", {-60, 180}}}});
     }},
    {"delay_heatmap",
     [](const Filters& f, Random&) {
       return chart("rect",
                    {{"x", time_field("hours")},
                     {"y", time_field("day")},
                     {"color", number("mean", "delay_hours")}},
                    {f.to()});
     }},
    {"destinations",
     [](const Filters& f, Random&) {
       return chart(
           "bar",
           {{"x", nominal("destination")}, {"y", count()}, {"color", number("mean", "delay")}},
           {f.from()});
     }},
    {"hourly_delay_of_all",
     [](const Filters& f, Random& random) {
       return chart("line",
                    {{"x", time_field("yearmonthdatehours")}, {"y", number("mean", "delay_hours")}},
                    {f.days(2, random)});
     }},
    {"late_flights",
     [](const Filters& f, Random& random) {
       json spec = chart("point",
                         {{"x", {{"field", "date"}, {"type", "temporal"}}},
                          {"y", {{"field", "delay"}, {"type", "quantitative"}}},
                          {"color", nominal("destination")}},
                         {f.from(), json{{"field", "delay"}, {"gte", 90}}, f.days(20, random)});
       spec["limit"] = 200;
       return spec;
     }},
    {"distance_by_hour",
     [](const Filters& f, Random&) {
       return chart("line",
                    {{"x", time_field("hours")},
                     {"y", number("mean", "distance_km")},
                     {"color", nominal("origin")}},
                    {json{{"field", "origin"}, {"oneOf", {f.airport, f.other_airport}}}});
     }},
    {"delay_by_distance",
     [](const Filters& f, Random&) {
       return chart(
           "point",
           {{"x", {{"field", "distance_km"}, {"type", "quantitative"}, {"bin", {{"step", 250}}}}},
            {"y", number("median", "delay")},
            {"size", count()}},
           {f.to()});
     }},
    {"spread_by_month",
     [](const Filters& f, Random&) {
       return chart("line", {{"x", time_field("yearmonth")}, {"y", number("stdev", "delay")}},
                    {f.from()});
     }},
};

uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9E3779B97F4A7C15ULL + b + 0x632BE59BD9B4E019ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

Outcome<TrafficDomain> read_domain(RemoteEngine& service) {
  TrafficDomain domain;
  TRY_OUTCOME(const ResultSet airports,
              service.execute(single_query("SELECT origin, count() AS flights FROM flights "
                                           "GROUP BY origin ORDER BY flights DESC LIMIT 1000"),
                              "load"));
  for (const auto& row : airports.rows) {
    if (const auto* name = std::get_if<std::string>(&row[0])) domain.airports.push_back(*name);
  }
  TRY_OUTCOME(
      const ResultSet extent,
      service.execute(single_query("SELECT min(date) AS first, max(date) AS last FROM flights"),
                      "load"));
  if (domain.airports.empty() || extent.rows.empty()) {
    return Fault{FaultKind::kUnavailable, "NoData", "the service has no flights"};
  }
  const auto* first = std::get_if<int64_t>(&extent.rows[0][0]);
  const auto* last = std::get_if<int64_t>(&extent.rows[0][1]);
  if (first == nullptr || last == nullptr) {
    return Fault{FaultKind::kUnavailable, "NoData", "the flights have no dates"};
  }
  domain.first_ms = *first;
  domain.last_ms = *last;
  return domain;
}

Traffic::Traffic(TrafficDomain domain, TrafficOptions options)
    : domain_(std::move(domain)),
      options_(options),
      airport_weights_(zipf_cumulative(domain_.airports.size(), 0.7)) {}

std::string Traffic::airport_of(uint64_t account, std::mt19937_64& random) const {
  constexpr double kHomeShare = 0.7;
  if (unit(random) < kHomeShare) {
    Random home(mixed(options_.seed, account + 1'000'000));
    return domain_.airports[pick(airport_weights_, home)];
  }
  return domain_.airports[pick(airport_weights_, random)];
}

ChartRequest Traffic::request(uint64_t n) const {
  Random random(mixed(options_.seed, n));
  // Some accounts look more often than others.
  const double spread = unit(random);
  const auto account =
      static_cast<uint64_t>(spread * spread * static_cast<double>(options_.accounts));
  static const std::vector<double> popularity = zipf_cumulative(std::size(kCharts), 0.8);
  const auto& [name, make] = kCharts[pick(popularity, random)];
  Filters filters{airport_of(account, random), "", domain_.first_ms, domain_.last_ms};
  filters.other_airport = domain_.airports[pick(airport_weights_, random)];
  return {"account-" + std::to_string(account), name, make(filters, random).dump()};
}

}  // namespace flamingo
