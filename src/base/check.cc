#include "base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace understudy::base {
namespace {
std::atomic<uint64_t> g_bugs_seen{0};
std::atomic<bool> g_bugs_are_fatal{false};
}  // namespace

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

void report_bug(const char* condition, const char* file, int line) {
  g_bugs_seen.fetch_add(1, std::memory_order_relaxed);
  if (g_bugs_are_fatal.load(std::memory_order_relaxed)) check_failed(condition, file, line);
  log_error("defect: ", condition, " at ", file, ":", line);
}

uint64_t bugs_seen() { return g_bugs_seen.load(std::memory_order_relaxed); }
void set_bugs_are_fatal(bool fatal) { g_bugs_are_fatal.store(fatal, std::memory_order_relaxed); }

}  // namespace understudy::base
