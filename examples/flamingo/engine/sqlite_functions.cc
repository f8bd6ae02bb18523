#include "engine/sqlite_functions.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>
#include <vector>

#include "dialect/moment.h"

namespace flamingo {
namespace {

void bin(sqlite3_context* context, int, sqlite3_value** args) {
  if (sqlite3_value_type(args[0]) == SQLITE_NULL) return;
  if (sqlite3_value_type(args[0]) == SQLITE_INTEGER &&
      sqlite3_value_type(args[1]) == SQLITE_INTEGER) {
    const int64_t value = sqlite3_value_int64(args[0]);
    const int64_t step = std::max<int64_t>(sqlite3_value_int64(args[1]), 1);
    const int64_t rest = value % step;
    return sqlite3_result_int64(context, value - rest - (rest < 0 ? step : 0));
  }
  const double step = sqlite3_value_double(args[1]);
  sqlite3_result_double(context, std::floor(sqlite3_value_double(args[0]) / step) * step);
}

void time_unit(sqlite3_context* context, int, sqlite3_value** args) {
  if (sqlite3_value_type(args[0]) == SQLITE_NULL) return;
  const auto unit = static_cast<TimeUnit>(sqlite3_value_int(args[1]));
  sqlite3_result_int64(context, apply_time_unit(sqlite3_value_int64(args[0]), unit));
}

/// Where an aggregate over one group keeps its state: SQLite's memory holds the pointer only.
template <class State>
State* state_of(sqlite3_context* context, bool create) {
  auto** slot = static_cast<State**>(
      sqlite3_aggregate_context(context, create ? static_cast<int>(sizeof(State*)) : 0));
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr && create) *slot = new (std::nothrow) State;
  return *slot;
}

using Numbers = std::vector<double>;

void median_step(sqlite3_context* context, int, sqlite3_value** args) {
  if (sqlite3_value_type(args[0]) == SQLITE_NULL) return;
  Numbers* numbers = state_of<Numbers>(context, true);
  if (numbers == nullptr) return sqlite3_result_error_nomem(context);
  numbers->push_back(sqlite3_value_double(args[0]));
}

void median_final(sqlite3_context* context) {
  Numbers* numbers = state_of<Numbers>(context, false);
  if (numbers == nullptr) return;
  const auto middle = numbers->begin() + static_cast<std::ptrdiff_t>(numbers->size() / 2);
  std::nth_element(numbers->begin(), middle, numbers->end());
  double median = *middle;
  if (numbers->size() % 2 == 0) {
    median = (*std::max_element(numbers->begin(), middle) + median) / 2;
  }
  sqlite3_result_double(context, median);
  delete numbers;
}

/// Sample standard deviation from the sums of values and of squares.
struct Sums {
  double count = 0;
  double sum = 0;
  double squares = 0;
};

void stdev_step(sqlite3_context* context, int, sqlite3_value** args) {
  if (sqlite3_value_type(args[0]) == SQLITE_NULL) return;
  Sums* sums = state_of<Sums>(context, true);
  if (sums == nullptr) return sqlite3_result_error_nomem(context);
  const double value = sqlite3_value_double(args[0]);
  sums->count += 1;
  sums->sum += value;
  sums->squares += value * value;
}

void stdev_final(sqlite3_context* context) {
  Sums* sums = state_of<Sums>(context, false);
  if (sums == nullptr) return;
  if (sums->count > 1) {
    const double variance =
        (sums->squares - sums->sum * sums->sum / sums->count) / (sums->count - 1);
    sqlite3_result_double(context, std::sqrt(std::max(0.0, variance)));
  }
  delete sums;
}

}  // namespace

bool add_functions(sqlite3* connection) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  const auto scalar = [&](const char* name, auto* function) {
    return sqlite3_create_function_v2(connection, name, 2, kFlags, nullptr, function, nullptr,
                                      nullptr, nullptr) == SQLITE_OK;
  };
  const auto aggregate = [&](const char* name, auto* step, auto* final) {
    return sqlite3_create_function_v2(connection, name, 1, kFlags, nullptr, nullptr, step, final,
                                      nullptr) == SQLITE_OK;
  };
  return scalar("flamingo_bin", &bin) && scalar("flamingo_time_unit", &time_unit) &&
         aggregate("flamingo_median", &median_step, &median_final) &&
         aggregate("flamingo_stdev", &stdev_step, &stdev_final);
}

}  // namespace flamingo
