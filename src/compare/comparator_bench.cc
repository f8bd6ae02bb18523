// Bytes per second are those of one body; a comparison reads two.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "compare/comparator.h"
#include "http/fields.h"

namespace understudy::compare {
namespace {

enum class Change { kNone, kReorderedRows };

/// A body of records as an API writes them: nested objects, numbers, short and long texts.
std::string body(size_t bytes, Change change) {
  std::mt19937_64 random(7);
  std::vector<std::string> records;
  size_t total = 0;
  for (uint64_t id = 0; total + 2 < bytes; ++id) {
    const auto pick = [&](uint64_t below) { return std::to_string(random() % below); };
    const std::string delay = pick(500);
    const std::string cents = pick(100);
    std::vector<std::string> members = {
        "\"id\":" + std::to_string(100000 + id),
        "\"origin\":\"A" + pick(900) + "\"",
        "\"destination\":\"B" + pick(900) + "\"",
        "\"delay\":" + delay,
        "\"revenue\":" + pick(100000) + "." + (cents.size() < 2 ? "0" : "") + cents,
        "\"carrier\":{\"code\":\"XY\",\"name\":\"Some Airline " + pick(50) + "\"}",
        "\"departed_at\":\"2024-05-0" + pick(9) + "T10:20:30Z\"",
        "\"remarks\":\"nothing out of the ordinary was seen on this flight, number " + pick(9) +
            "\"",
        "\"codes\":[" + pick(10) + "," + pick(10) + "," + pick(10) + "]",
        "\"cancelled\":false"};
    std::string record = "{";
    for (const std::string& member : members) {
      if (record.size() > 1) record += ',';
      record += member;
    }
    record += '}';
    total += record.size() + 1;
    records.push_back(std::move(record));
  }
  if (change == Change::kReorderedRows) std::shuffle(records.begin(), records.end(), random);
  std::string out = "[";
  for (const std::string& record : records) {
    if (out.size() > 1) out += ',';
    out += record;
  }
  return out + "]";
}

void compare_bodies(benchmark::State& state, const std::string& control,
                    const std::string& candidate, Outcome expected, const char* rules = "[]") {
  const Comparator comparator(*Rules::parse_text(rules),
                              {.body_bytes_max = 1 << 26, .work_max = UINT64_MAX});
  http::Fields headers{{"content-type", "application/json", http::KnownField::kContentType}};
  const Answer a{200, &headers, control, true};
  const Answer b{200, &headers, candidate, true};
  Comparison comparison = comparator.compare(a, b);
  if (comparison.outcome != expected) state.SkipWithError(name(comparison.outcome));
  for (auto _ : state) {
    comparison = comparator.compare(a, b);
    benchmark::DoNotOptimize(comparison);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * control.size()));
  state.counters["differences"] = static_cast<double>(comparison.difference_count());
  state.counters["body"] = static_cast<double>(control.size());
}

/// The same records with the members of each object in reverse.
std::string reversed(const std::string& text, size_t& at) {
  if (text[at] != '{' && text[at] != '[') {
    const size_t from = at;
    if (text[at] == '"') {
      at = text.find('"', at + 1) + 1;
    } else {
      at = text.find_first_of(",]}", at);
    }
    return text.substr(from, at - from);
  }
  const bool object = text[at] == '{';
  const char end = object ? '}' : ']';
  std::vector<std::string> parts;
  ++at;
  while (text[at] != end) {
    std::string part;
    if (object) {
      const size_t colon = text.find(':', at);
      part = text.substr(at, colon + 1 - at);
      at = colon + 1;
    }
    part += reversed(text, at);
    parts.push_back(std::move(part));
    if (text[at] == ',') ++at;
  }
  ++at;
  std::string out(1, object ? '{' : '[');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += ',';
    out += parts[object ? parts.size() - 1 - i : i];
  }
  return out + end;
}

std::string reversed(const std::string& text) {
  size_t at = 0;
  return reversed(text, at);
}

void BM_ByteEqual(benchmark::State& state) {
  const std::string control = body(static_cast<size_t>(state.range(0)), Change::kNone);
  const std::string candidate = control;
  compare_bodies(state, control, candidate, Outcome::kMatch);
}
BENCHMARK(BM_ByteEqual)->Arg(1 << 10)->Arg(1 << 20);

void BM_EqualWithOtherWhiteSpace(benchmark::State& state) {
  const std::string control = body(static_cast<size_t>(state.range(0)), Change::kNone);
  std::string candidate = control;
  candidate.insert(candidate.size() - 1, " ");
  compare_bodies(state, control, candidate, Outcome::kMatch);
}
BENCHMARK(BM_EqualWithOtherWhiteSpace)->Arg(1 << 10)->Arg(1 << 20);

void BM_EqualWithReversedKeys(benchmark::State& state) {
  const std::string control = body(static_cast<size_t>(state.range(0)), Change::kNone);
  compare_bodies(state, control, reversed(control), Outcome::kMatch);
}
BENCHMARK(BM_EqualWithReversedKeys)->Arg(1 << 10)->Arg(1 << 14)->Arg(1 << 20);

/// Every tenth record has one other cell: one per cent of the cells.
std::string with_changed_cells(std::string text) {
  size_t at = 0;
  for (int i = 0; (at = text.find("\"delay\":", at)) != std::string::npos; ++i) {
    at += 8;
    if (i % 10 == 0) text.insert(at, "1");
  }
  return text;
}

void BM_OnePercentOfCellsDiffer(benchmark::State& state) {
  const std::string control = body(static_cast<size_t>(state.range(0)), Change::kNone);
  compare_bodies(state, control, with_changed_cells(control), Outcome::kMismatch);
}
BENCHMARK(BM_OnePercentOfCellsDiffer)->Arg(1 << 10)->Arg(1 << 20);

void BM_OnePercentDiffersAndKeysReversed(benchmark::State& state) {
  const std::string control = body(static_cast<size_t>(state.range(0)), Change::kNone);
  compare_bodies(state, control, reversed(with_changed_cells(control)), Outcome::kMismatch);
}
BENCHMARK(BM_OnePercentDiffersAndKeysReversed)->Arg(1 << 20);

std::string table(uint64_t rows, bool noisy, bool changed) {
  std::mt19937_64 random(11);
  std::string out = R"({"columns":["id","revenue","delay","day","carrier"],"rows":[)";
  for (uint64_t id = 0; id < rows; ++id) {
    if (id != 0) out += ',';
    out += "[" + std::to_string(id) + "," + std::to_string(random() % 100000) + "." +
           std::to_string(1000 + random() % 9000) + (noisy ? "00000000001" : "") + "," +
           std::to_string(random() % 500 + (changed && id % 20 == 0 ? 500 : 0)) +
           ",\"2024-05-01\",\"XY\"]";
  }
  return out + "]}";
}

void BM_TableOnePercentOfCellsDiffer(benchmark::State& state) {
  compare_bodies(state, table(25000, false, false), table(25000, false, true), Outcome::kMismatch);
}
BENCHMARK(BM_TableOnePercentOfCellsDiffer);

void BM_TableWithARowMoreAndOnePercentOfCells(benchmark::State& state) {
  compare_bodies(state, table(25000, false, false), table(25001, false, true), Outcome::kMismatch);
}
BENCHMARK(BM_TableWithARowMoreAndOnePercentOfCells);

void BM_TableEveryFloatWithinUlps(benchmark::State& state) {
  compare_bodies(state, table(25000, false, false), table(25000, true, false), Outcome::kIgnored,
                 R"([{"path":"$.rows[*][*]","relative":1e-9}])");
}
BENCHMARK(BM_TableEveryFloatWithinUlps);

void BM_RowsInAnotherOrder(benchmark::State& state) {
  const std::string control = body(1 << 20, Change::kNone);
  compare_bodies(state, control, body(1 << 20, Change::kReorderedRows), Outcome::kMismatch);
}
BENCHMARK(BM_RowsInAnotherOrder);

}  // namespace
}  // namespace understudy::compare
