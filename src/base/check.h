#pragma once

#include <cstdint>

namespace understudy::base {

/// Ends the process with one line that names the broken condition.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

/// Counts and logs a broken assumption that the process survives. Aborts instead while
/// `bugs_are_fatal` is set, as the tests do.
void report_bug(const char* condition, const char* file, int line);

/// How many assumptions broke since the start; a counter for `/metrics` and for tests.
uint64_t bugs_seen();
void set_bugs_are_fatal(bool fatal);

}  // namespace understudy::base

/// Always checked; the process must not go on without it. Never for bytes from a peer.
#define CHECK(condition) \
  ((condition) ? (void)0 : ::understudy::base::check_failed(#condition, __FILE__, __LINE__))

/// A proof for readers and debug builds; costs nothing in a release.
#ifdef NDEBUG
#define ASSERT(condition) ((void)sizeof(condition))
#else
#define ASSERT(condition) CHECK(condition)
#endif

/// True when our own logic is broken in a way that can be survived; counted and logged.
#define BUG_IF(condition)                                                       \
  (__builtin_expect(!!(condition), 0)                                           \
       ? (::understudy::base::report_bug(#condition, __FILE__, __LINE__), true) \
       : false)
