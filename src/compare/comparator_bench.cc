// Bytes per second are those of one body; a comparison reads two.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
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

struct Told {
  const char* content_type = "application/json";
  bool gzip = false;
};

void compare_bodies(benchmark::State& state, const std::string& control,
                    const std::string& candidate, Outcome expected, const char* rules = "[]",
                    const Told& told = {}) {
  const Comparator comparator(
      *Rules::parse_text(rules),
      {.body_bytes_max = 1 << 26, .decoded_bytes_max = 1 << 26, .work_max = UINT64_MAX});
  http::Fields headers;
  headers.add("Content-Type", told.content_type);
  if (told.gzip) headers.add("Content-Encoding", "gzip");
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

struct Pair {
  std::string control;
  std::string candidate;
};

/// One pair of byte-equal bodies of each size, so that all who read them read the same memory.
const Pair& byte_equal(size_t bytes) {
  static std::map<size_t, Pair> pairs;
  Pair& pair = pairs[bytes];
  if (pair.control.empty()) {
    pair.control = body(bytes, Change::kNone);
    pair.candidate = pair.control;
  }
  return pair;
}

void BM_ByteEqual(benchmark::State& state) {
  const Pair& pair = byte_equal(static_cast<size_t>(state.range(0)));
  compare_bodies(state, pair.control, pair.candidate, Outcome::kMatch);
}
BENCHMARK(BM_ByteEqual)->Arg(1 << 10)->Arg(1 << 20)->Arg(1 << 24);

/// What byte-equal bodies cost at least: the yardstick of BM_ByteEqual.
void BM_Memcmp(benchmark::State& state) {
  const Pair& pair = byte_equal(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    const char* a = pair.control.data();
    const char* b = pair.candidate.data();
    benchmark::DoNotOptimize(a);
    benchmark::DoNotOptimize(b);
    int order = std::memcmp(a, b, pair.control.size());
    benchmark::DoNotOptimize(order);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * pair.control.size()));
  state.counters["body"] = static_cast<double>(pair.control.size());
}
BENCHMARK(BM_Memcmp)->Arg(1 << 10)->Arg(1 << 20)->Arg(1 << 24);

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

/// About 1 KB as a dashboard gets it, the answer of `full_evaluation` in bench/harness/cpu.py.
std::string dashboard(bool shuffled, bool changed) {
  std::string rows;
  for (int i = 0; i < 12; ++i) {
    std::vector<std::string> members = {
        "\"carrier\":\"C" + std::to_string(10 + i) + "\"",
        "\"flights\":" + std::to_string(1000 + i * 37),
        "\"delay\":" + std::to_string(i) + (i % 2 == 0 ? ".5" : ".75"),
        "\"distance\":" + std::to_string(500 + i * 11 + (changed && i == 6 ? 1 : 0))};
    if (shuffled) std::reverse(members.begin(), members.end());
    if (i != 0) rows += ',';
    for (size_t k = 0; k < members.size(); ++k) rows += (k == 0 ? '{' : ',') + members[k];
    rows += '}';
  }
  return "{\"rows\":[" + rows + "],\"total\":12,\"note\":\"" + std::string(120, 'n') + "\"}";
}

void BM_DashboardWithReversedKeys(benchmark::State& state) {
  compare_bodies(state, dashboard(false, false), dashboard(true, false), Outcome::kMatch);
}
BENCHMARK(BM_DashboardWithReversedKeys);

void BM_DashboardWithRules(benchmark::State& state) {
  compare_bodies(state, dashboard(false, false), dashboard(true, false), Outcome::kMatch,
                 R"([{"path":"$.generated_at","ignore":true},{"path":"$.rows[*][*]","ulps":4},
                     {"path":"$..etag","ignore":true},{"path":"headers.date","ignore":true}])");
}
BENCHMARK(BM_DashboardWithRules);

void BM_DashboardWithOneCellChanged(benchmark::State& state) {
  compare_bodies(state, dashboard(false, false), dashboard(true, true), Outcome::kMismatch);
}
BENCHMARK(BM_DashboardWithOneCellChanged);

std::string gzip(const std::string& text, int level) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

/// The same text compressed by two encoders; bytes per second are of compressed body.
void BM_GzipOfTheSameText(benchmark::State& state) {
  const std::string text = body(static_cast<size_t>(state.range(0)), Change::kNone);
  compare_bodies(state, gzip(text, 6), gzip(text, 1), Outcome::kMatch, "[]", {.gzip = true});
  state.counters["text"] = static_cast<double>(text.size());
}
BENCHMARK(BM_GzipOfTheSameText)->Arg(1 << 10)->Arg(1 << 20);

std::string csv(uint64_t rows, bool changed) {
  std::mt19937_64 random(5);
  std::string out = "id,carrier,delay,revenue\n";
  for (uint64_t id = 0; id < rows; ++id) {
    out += std::to_string(id) + ",C" + std::to_string(random() % 90) + "," +
           std::to_string(random() % 500 + (changed && id % 25 == 0 ? 500 : 0)) + "," +
           std::to_string(random() % 10000) + ".5\n";
  }
  return out;
}

void BM_CsvOnePercentOfCellsDiffer(benchmark::State& state) {
  const auto rows = static_cast<uint64_t>(state.range(0));
  compare_bodies(state, csv(rows, false), csv(rows, true), Outcome::kMismatch, "[]",
                 {.content_type = "text/csv"});
}
BENCHMARK(BM_CsvOnePercentOfCellsDiffer)->Arg(50)->Arg(50000);

/// The records of body(), one on a line.
std::string lines(std::string text) {
  text = text.substr(1, text.size() - 2);
  for (size_t at = 0; (at = text.find("},{\"", at)) != std::string::npos; ++at) text[at + 1] = '\n';
  return text;
}

void BM_JsonLinesWithReversedKeys(benchmark::State& state) {
  const std::string control = body(static_cast<size_t>(state.range(0)), Change::kNone);
  compare_bodies(state, lines(control), lines(reversed(control)), Outcome::kMatch, "[]",
                 {.content_type = "application/x-ndjson"});
}
BENCHMARK(BM_JsonLinesWithReversedKeys)->Arg(1 << 10)->Arg(1 << 20);

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
