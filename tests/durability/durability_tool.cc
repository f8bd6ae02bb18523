// Writes numbered events to a store and says which were acknowledged; or checks a store against
// what was said. Killed, starved of disk and fed with errors by the tests beside it.
//
//   durability_tool write FOLDER LIFE BATCHES   A FIRST COUNT per acknowledged batch, R if refused
//   durability_tool check FOLDER ACKS...        exit 0 when nothing acknowledged is missing

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "event/columns.h"
#include "store/duckdb/duckdb_store.h"

namespace understudy::store {
namespace {

constexpr int kThreads = 2;
constexpr std::int64_t kThreadSpan = std::int64_t{1} << 31;  // numbers of one thread in one life
constexpr std::int64_t kPageEvents = 50'000;
constexpr int kBatchesPerSegment = 20;

std::string text_of(std::int64_t number) { return base::cat("payload ", number * 7919); }

std::unique_ptr<DuckDbStore> open(const std::string& folder) {
  DuckDbStoreOptions options;
  options.log.folder = folder;
  options.log.file_bytes_max = 128 << 10;  // many files, so that rotation is hit too
  // Many small segments, written all the time and merged all the time.
  options.segment_events = 2'000;
  options.segment_age = std::chrono::milliseconds(50);
  options.threads = 1;
  auto store = DuckDbStore::open(options);
  if (!store.ok()) {
    std::fprintf(stderr, "does not open: %s\n", store.error().context.c_str());
    std::exit(3);
  }
  return *std::move(store);
}

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::exit(4);
}

void write_batches(DuckDbStore& store, std::int64_t first, int batches) {
  base::Rng rng(static_cast<std::uint64_t>(first) + 1);
  std::int64_t number = first;
  for (int i = 0; i < batches; ++i) {
    std::vector<event::Event> events;
    const std::int64_t from = number;
    for (std::uint64_t n = 1 + rng.below(8); n > 0; --n, ++number) {
      event::Event& event = events.emplace_back("evaluations", number);
      event.add(event::columns::kDifferenceCount, number);
      event.add(event::columns::kUrlPath, text_of(number));
    }
    const bool taken = store.append(events).ok();
    say(base::cat(taken ? "A " : "R ", from, " ", events.size(), "\n"));
    // Small segments, which are soon merged; where that fails it is no matter here.
    if (i % kBatchesPerSegment == kBatchesPerSegment - 1) {
      static_cast<void>(store.write_segments(std::chrono::milliseconds(200)).ok());
    }
  }
}

int write(const std::string& folder, std::int64_t life, int batches) {
  const auto store = open(folder);
  say("O\n");
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back(
        [&, t] { write_batches(*store, (life * kThreads + t) * kThreadSpan, batches); });
  }
  return 0;
}

/// How often each number is in the store; prints what is not as it was written.
bool read_all(DuckDbStore& store, std::int64_t first, std::map<std::int64_t, int>& found) {
  bool right = true;
  for (std::int64_t start = first; start < first + kThreadSpan;) {
    const auto table = store.select({.dataset = "evaluations",
                                     .start_ns = start,
                                     .end_ns = first + kThreadSpan,
                                     .order = {{.by = Order::By::kTime}},
                                     .limit = kPageEvents,
                                     .row_columns = {"difference.count", "url.path"}});
    if (!table.ok()) {
      std::fprintf(stderr, "does not answer: %s\n", table.error().context.c_str());
      return false;
    }
    for (const auto& row : table->rows) {
      const std::int64_t number = row[0].as_int();
      ++found[number];
      if (!(row[2] == event::Value(number)) || !(row[3] == event::Value(text_of(number)))) {
        std::fprintf(stderr, "wrong event %lld\n", static_cast<long long>(number));
        right = false;
      }
      start = number + 1;
    }
    if (!table->truncated) break;
  }
  return right;
}

int check(const std::string& folder, const std::vector<std::string>& ack_files) {
  const auto store = open(folder);
  std::map<std::int64_t, std::vector<std::pair<std::int64_t, std::int64_t>>> by_thread;
  for (const std::string& name : ack_files) {
    std::ifstream file(name);
    std::string line;
    while (std::getline(file, line)) {
      const auto words = base::split(line, ' ');
      if (words.size() != 3 || words[0] != "A" || file.eof()) continue;  // cut off by the kill
      const auto first = base::parse_int64(words[1]);
      const auto count = base::parse_int64(words[2]);
      if (first && count) by_thread[*first / kThreadSpan].emplace_back(*first, *count);
    }
  }
  std::int64_t acknowledged = 0;
  std::int64_t missing = 0;
  std::int64_t repeated = 0;
  std::int64_t stored = 0;
  bool right = true;
  for (const auto& [thread, batches] : by_thread) {
    std::map<std::int64_t, int> found;
    right = read_all(*store, thread * kThreadSpan, found) && right;
    stored += static_cast<std::int64_t>(found.size());
    for (const auto& [number, times] : found) repeated += times > 1 ? 1 : 0;
    for (const auto& [first, count] : batches) {
      for (std::int64_t number = first; number < first + count; ++number) {
        ++acknowledged;
        if (!found.contains(number)) ++missing;
      }
    }
  }
  const StoreStats stats = store->stats();
  std::printf(
      "%lld acknowledged, %lld stored, %lld missing, %lld repeated; cut %llu bytes, "
      "damaged %llu bytes; %llu segments, %llu damaged\n",
      static_cast<long long>(acknowledged), static_cast<long long>(stored),
      static_cast<long long>(missing), static_cast<long long>(repeated),
      static_cast<unsigned long long>(stats.log_bytes_cut),
      static_cast<unsigned long long>(stats.log_bytes_damaged),
      static_cast<unsigned long long>(stats.segments),
      static_cast<unsigned long long>(stats.segments_damaged));
  return right && stats.segments_damaged == 0 && missing == 0 && repeated == 0 ? 0 : 1;
}

}  // namespace
}  // namespace understudy::store

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 4 && words[0] == "write") {
    return understudy::store::write(words[1], std::atoll(words[2].c_str()),
                                    std::atoi(words[3].c_str()));
  }
  if (words.size() >= 3 && words[0] == "check") {
    return understudy::store::check(words[1], {words.begin() + 2, words.end()});
  }
  std::fprintf(stderr, "durability_tool write FOLDER LIFE BATCHES | check FOLDER ACKS...\n");
  return 2;
}
