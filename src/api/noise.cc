#include "api/noise.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "api/table_json.h"
#include "base/text.h"
#include "event/event.h"

namespace understudy::api {
namespace {

using base::Result;
using compare::NoisyField;
using flags::Value;
using store::FilterOp;

constexpr size_t kPlacesMax = 1'000;
constexpr size_t kRoutesMax = 1'000;

using Place = std::tuple<std::string, std::string, compare::Dimension>;
using CountByRoute = std::map<std::string, uint64_t, std::less<>>;
using CountByPlace = std::map<Place, uint64_t>;

store::Filter equals(const char* column, std::string_view value) {
  return store::test(column, FilterOp::kEqual, {event::Value(value)});
}

store::Select in_span(std::string_view dataset, const MigrationNow& migration,
                      const judge::TimeSpan& span) {
  store::Select select;
  select.dataset = std::string(dataset);
  select.start_ns = span.start_ns;
  select.end_ns = span.end_ns;
  select.filter = store::all_of({equals("evaluation.migration", migration.facts.name)});
  return select;
}

uint64_t count_of(const event::Value& cell) {
  return static_cast<uint64_t>(std::max<int64_t>(0, cell_count(cell)));
}

/// Evaluations by route that pass one more condition.
Result<CountByRoute> evaluations_by_route(const Dependencies& dependencies,
                                          const MigrationNow& migration,
                                          const judge::TimeSpan& span, store::Filter condition) {
  store::Select select = in_span(event::kEvaluations, migration, span);
  select.filter.children.push_back(std::move(condition));
  select.group_by = {"http.route"};
  select.aggregates = {{.kind = store::AggregateKind::kCount}};
  select.limit = kRoutesMax;
  TRY_ASSIGN(const store::ResultTable table, dependencies.events.select(select));
  CountByRoute counts;
  for (const auto& row : table.rows) {
    if (const uint64_t count = count_of(row[1]); count > 0) {
      counts[std::string(cell_text(row[0]))] += count;
    }
  }
  return counts;
}

/// `select` by place and way, by its one aggregate, the most frequent first.
Result<CountByPlace> by_place(const Dependencies& dependencies, store::Select select) {
  select.group_by = {"http.route", "difference.path_pattern", "difference.dimension"};
  select.order = {{.by = store::Order::By::kAggregate, .index = 0, .descending = true}};
  select.limit = kPlacesMax;
  TRY_ASSIGN(const store::ResultTable table, dependencies.events.select(select));
  CountByPlace counts;
  for (const auto& row : table.rows) {
    const auto dimension = compare::parse_dimension(cell_text(row[2]));
    if (!dimension) continue;
    counts[{std::string(cell_text(row[0])), std::string(cell_text(row[1])), *dimension}] +=
        count_of(row[3]);
  }
  return counts;
}

NoisyField field(const Place& place, uint64_t differed, const CountByRoute& samples) {
  const auto& [route, path_pattern, dimension] = place;
  const auto found = samples.find(route);
  NoisyField made{.route = route,
                  .path_pattern = path_pattern,
                  .dimension = dimension,
                  .samples = found == samples.end() ? 0 : found->second,
                  .differed = differed};
  made.set_rates();
  return made;
}

/// Fills in how often the candidate differs at these places.
base::Status add_candidate(const Dependencies& dependencies, const MigrationNow& migration,
                           const judge::TimeSpan& span, std::vector<NoiseOfPlace>& places) {
  TRY_ASSIGN(const CountByRoute compared,
             evaluations_by_route(dependencies, migration, span,
                                  equals("evaluation.accounting", "compared")));
  store::Select select = in_span(event::kDifferences, migration, span);
  std::vector<event::Value> paths;
  for (const NoiseOfPlace& place : places) paths.emplace_back(place.control.path_pattern);
  select.filter.children.push_back(
      store::test("difference.path_pattern", FilterOp::kIn, std::move(paths)));
  select.aggregates = {{.kind = store::AggregateKind::kCountDistinct, .column = "evaluation.id"}};
  TRY_ASSIGN(const CountByPlace differed, by_place(dependencies, std::move(select)));
  for (NoiseOfPlace& place : places) {
    const Place key{place.control.route, place.control.path_pattern, place.control.dimension};
    const auto found = differed.find(key);
    NoisyField made = field(key, found == differed.end() ? 0 : found->second, compared);
    if (made.samples > 0) place.candidate = std::move(made);
  }
  return {};
}

void add_rates(const NoisyField& field, Value& json) {
  json.set("differed", static_cast<int64_t>(field.differed));
  json.set("samples", static_cast<int64_t>(field.samples));
  json.set("rate_low", field.rate_low);
  json.set("rate_high", field.rate_high);
}

Value calls_json(const AccountingNumbers& accounting) {
  Value json = Value::Object{{"sampled", static_cast<int64_t>(accounting.noise_sampled)}};
  uint64_t sum = 0;
  for (const NamedCount& one : accounting.noise) {
    json.set(one.name, static_cast<int64_t>(one.count));
    sum += one.count;
  }
  const uint64_t sampled = accounting.noise_sampled;
  json.set("under_way", static_cast<int64_t>(sampled > sum ? sampled - sum : 0));
  return json;
}

}  // namespace

const NoiseOfPlace* NoiseSeen::noisy_at(std::string_view route, std::string_view path_pattern,
                                        compare::Dimension dimension) const {
  const auto found = std::find_if(places.begin(), places.end(), [&](const NoiseOfPlace& place) {
    return place.control.dimension == dimension && place.control.path_pattern == path_pattern &&
           place.control.route == route;
  });
  return found == places.end() || !found->control.noisy() ? nullptr : &*found;
}

Result<NoiseSeen> noise_seen(const Dependencies& dependencies, const MigrationNow& migration,
                             const EvidenceWindow& window) {
  // What control does depends on the rules and not on the mode: all since they are in force, also
  // when the window begins later, and nothing from before, also when it begins earlier.
  judge::TimeSpan span = window.span;
  span.start_ns = std::min(migration.evidence_since_ns, span.end_ns);
  judge::TimeSpan candidate_span = window.span;
  candidate_span.start_ns = std::max(candidate_span.start_ns, span.start_ns);
  TRY_ASSIGN(const CountByRoute samples, evaluations_by_route(dependencies, migration, span,
                                                              equals("noise.accounting", "taken")));
  NoiseSeen seen;
  for (const auto& [route, count] : samples) seen.samples += count;
  if (seen.samples > 0) {
    TRY_ASSIGN(const CountByRoute cut,
               evaluations_by_route(
                   dependencies, migration, span,
                   store::test("noise.difference_dropped", FilterOp::kGreater, {event::Value(0)})));
    for (const auto& [route, count] : cut) seen.samples_cut += count;
  }
  seen.from_events = seen.samples > 0;
  if (!seen.from_events) {
    seen.samples = migration.noise.samples;
    seen.samples_cut = migration.noise.samples_cut;
    for (const NoisyField& one : migration.noise.fields) seen.places.push_back({one, {}});
  } else {
    store::Select select = in_span(event::kNoise, migration, span);
    select.aggregates = {{.kind = store::AggregateKind::kCount}};
    TRY_ASSIGN(const CountByPlace differed, by_place(dependencies, std::move(select)));
    for (const auto& [place, count] : differed) {
      seen.places.push_back({field(place, count, samples), {}});
    }
    if (!seen.places.empty()) {
      TRY(add_candidate(dependencies, migration, candidate_span, seen.places));
    }
  }
  std::stable_sort(
      seen.places.begin(), seen.places.end(), [](const NoiseOfPlace& a, const NoiseOfPlace& b) {
        const bool a_proved = a.control.noisy();
        const bool b_proved = b.control.noisy();
        return a_proved != b_proved ? a_proved : a.control.rate_low > b.control.rate_low;
      });
  return seen;
}

Value noise_of_place_json(const NoiseOfPlace& place) {
  std::string text = place.control.describe();
  if (place.more_than_noise()) {
    text += base::cat("; the candidate differs from it in ", place.candidate->counts(),
                      ", which is more than noise");
  }
  Value json = Value::Object{{"text", std::move(text)}};
  add_rates(place.control, json);
  json.set("noisy", place.control.noisy());
  json.set("more_than_noise", place.more_than_noise());
  if (place.candidate) {
    Value candidate = Value::Object{};
    add_rates(*place.candidate, candidate);
    json.set("candidate", std::move(candidate));
  }
  return json;
}

Value noise_json(const MigrationNow& migration, const NoiseSeen& seen, size_t places_max) {
  Value::List places;
  for (const NoiseOfPlace& place : seen.places) {
    if (places.size() == places_max) break;
    Value json = noise_of_place_json(place);
    json.set("route", place.control.route);
    json.set("path", place.control.path_pattern);
    json.set("dimension", compare::name(place.control.dimension));
    const std::string rule = place.control.ignore_rule();
    if (place.control.noisy() && !place.more_than_noise() && !rule.empty()) json.set("rule", rule);
    places.push_back(std::move(json));
  }
  return Value::Object{{"sample", migration.noise.share},
                       {"calls", calls_json(migration.accounting)},
                       {"source", seen.from_events ? "events" : "memory"},
                       {"samples", static_cast<int64_t>(seen.samples)},
                       {"samples_cut", static_cast<int64_t>(seen.samples_cut)},
                       {"places_found", static_cast<int64_t>(seen.places.size())},
                       {"places", std::move(places)}};
}

}  // namespace understudy::api
