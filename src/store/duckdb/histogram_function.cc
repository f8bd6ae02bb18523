#include "store/duckdb/histogram_function.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <utility>
#include <vector>

#include "store/histogram.h"
#include "store/select.h"

namespace understudy::store {
namespace {

constexpr std::size_t kPlainParameters = 3;

/// Of all queries that hold few. Every thread has those of its groups, and merging has them again.
constexpr int kFewHistogramsMax = 3 * static_cast<int>(kFewGroupsMax);
std::atomic<int> few_histograms = 0;

struct TooMany {};

/// DuckDB moves states as bytes, so that a state is a pointer.
struct State {
  Histogram* histogram;
  bool few;  // whether it is one of the few

  Histogram& set(Histogram made) {
    if (few && few_histograms.fetch_add(1) >= kFewHistogramsMax) {
      few_histograms.fetch_sub(1);
      throw TooMany();
    }
    try {
      histogram = new Histogram(std::move(made));
    } catch (const std::bad_alloc&) {
      if (few) few_histograms.fetch_sub(1);
      throw;
    }
    return *histogram;
  }
};

State& state_of(duckdb_aggregate_state state) { return *reinterpret_cast<State*>(state); }

idx_t state_size(duckdb_function_info) { return sizeof(State); }

template <bool few>
void begin(duckdb_function_info, duckdb_aggregate_state state) {
  state_of(state) = {.histogram = nullptr, .few = few};
}

/// Runs what may find no memory, which the engine is told.
template <class Work>
void guarded(duckdb_function_info info, Work work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, "Out of Memory: a histogram");
  } catch (const TooMany&) {
    duckdb_aggregate_function_set_error(info, "Out of Memory: many groups have a histogram");
  }
}

template <class T>
const T* data(duckdb_data_chunk chunk, idx_t column) {
  return static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column)));
}

/// The arguments of a chunk of rows.
struct Rows {
  explicit Rows(duckdb_data_chunk chunk) : count(duckdb_data_chunk_get_size(chunk)) {
    const bool plain = duckdb_data_chunk_get_column_count(chunk) == kPlainParameters;
    times = data<std::int64_t>(chunk, 0);
    values = data<double>(chunk, 1);
    validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk, 1));
    if (!plain) others = data<bool>(chunk, 2);
    if (!plain) weights = data<std::int64_t>(chunk, 3);
    // SQL of users may say 0, which nothing can be divided by.
    if (count > 0)
      bucket_ns = std::max<std::int64_t>(data<std::int64_t>(chunk, plain ? 2 : 4)[0], 1);
  }

  std::size_t count;
  const std::int64_t* times = nullptr;
  const double* values = nullptr;
  std::uint64_t* validity = nullptr;      // without it all values are there
  const bool* others = nullptr;           // without it there are none
  const std::int64_t* weights = nullptr;  // without it each counts once
  std::int64_t bucket_ns = 1;
};

Histogram& histogram_of(State& state, const Rows& rows) {
  if (state.histogram != nullptr) return *state.histogram;
  return state.set(Histogram(rows.bucket_ns, 0));
}

void add_one(const Rows& rows, std::size_t row, Histogram& histogram) {
  const std::int64_t weight = rows.weights == nullptr ? 1 : rows.weights[row];
  if (rows.validity == nullptr || duckdb_validity_row_is_valid(rows.validity, row)) {
    histogram.add(rows.times[row], rows.values[row], weight);
  } else if (rows.others != nullptr && rows.others[row]) {
    histogram.add_not_number(weight);
  }
}

/// Rows of a few groups, put side by side by group, so that each histogram counts many at once.
/// Cost: two passes over the rows, some nanoseconds each; 50 KB of stack.
class Sorter {
 public:
  /// False when there are too many groups or rows for it; nothing is done then.
  bool sort(const Rows& rows, const duckdb_aggregate_state* states) {
    if (rows.count > kRowsMax) return false;
    for (std::size_t row = 0; row < rows.count; ++row) {
      const auto address = reinterpret_cast<std::uintptr_t>(states[row]);
      std::size_t place = (address * 0x9e3779b97f4a7c15) >> (64 - kPlaceBits);
      while (group_at_[place] != 0 && groups_[group_at_[place] - 1u].state != states[row]) {
        place = (place + 1) % kPlaces;
      }
      if (group_at_[place] == 0) {
        if (used_ == kGroupsMax) return false;
        groups_[used_++].state = states[row];
        group_at_[place] = static_cast<std::uint8_t>(used_);
      }
      group_of_[row] = static_cast<std::uint8_t>(group_at_[place] - 1);
      ++groups_[group_of_[row]].count;
    }
    std::size_t next[kGroupsMax];
    std::size_t first = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      next[i] = first;
      first += groups_[i].count;
    }
    for (std::size_t row = 0; row < rows.count; ++row) {
      const std::size_t at = next[group_of_[row]]++;
      times_[at] = rows.times[row];
      values_[at] = rows.values[row];
      if (rows.weights != nullptr) weights_[at] = rows.weights[row];
    }
    return true;
  }

  void count(const Rows& rows) const {
    std::size_t first = 0;
    for (std::size_t i = 0; i < used_; ++i) {
      histogram_of(state_of(groups_[i].state), rows)
          .add_all({times_ + first, groups_[i].count}, values_ + first,
                   rows.weights == nullptr ? nullptr : weights_ + first);
      first += groups_[i].count;
    }
  }

 private:
  static constexpr std::size_t kRowsMax = 2'048;  // of a chunk of the engine
  static constexpr std::size_t kGroupsMax = 64;
  static constexpr int kPlaceBits = 8;
  static constexpr std::size_t kPlaces = std::size_t{1} << kPlaceBits;

  struct Group {
    duckdb_aggregate_state state = nullptr;
    std::size_t count = 0;
  };

  std::uint8_t group_at_[kPlaces] = {};  // a hash table: 1 + the index of a group
  Group groups_[kGroupsMax];
  std::size_t used_ = 0;
  std::uint8_t group_of_[kRowsMax];  // by row; this and the rest is written before it is read
  std::int64_t times_[kRowsMax];
  double values_[kRowsMax];
  std::int64_t weights_[kRowsMax];
};

void update(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_aggregate_state* states) {
  const Rows rows(chunk);
  if (rows.count == 0) return;
  guarded(info, [&] {
    const bool one_group = std::all_of(states, states + rows.count,
                                       [&](const auto state) { return state == states[0]; });
    if (rows.validity == nullptr && one_group) {
      histogram_of(state_of(states[0]), rows)
          .add_all({rows.times, rows.count}, rows.values, rows.weights);
      return;
    }
    if (rows.validity == nullptr) {
      Sorter sorter;
      if (sorter.sort(rows, states)) {
        sorter.count(rows);
        return;
      }
    }
    for (std::size_t row = 0; row < rows.count; ++row) {
      add_one(rows, row, histogram_of(state_of(states[row]), rows));
    }
  });
}

void combine(duckdb_function_info info, duckdb_aggregate_state* sources,
             duckdb_aggregate_state* targets, idx_t count) {
  guarded(info, [&] {
    for (idx_t i = 0; i < count; ++i) {
      State& source = state_of(sources[i]);
      State& target = state_of(targets[i]);
      if (source.histogram == nullptr) continue;
      if (target.histogram == nullptr) {
        target.set(*source.histogram);
      } else {
        target.histogram->merge(*source.histogram);
      }
    }
  });
}

void finish(duckdb_function_info info, duckdb_aggregate_state* states, duckdb_vector result,
            idx_t count, idx_t offset) {
  try {
    for (idx_t i = 0; i < count; ++i) {
      const State& state = state_of(states[i]);
      const std::string bytes =
          state.histogram == nullptr ? Histogram(1, 0).to_bytes() : state.histogram->to_bytes();
      duckdb_vector_assign_string_element_len(result, offset + i, bytes.data(), bytes.size());
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, "Out of Memory: a histogram");
  }
}

void destroy(duckdb_aggregate_state* states, idx_t count) {
  for (idx_t i = 0; i < count; ++i) {
    State& state = state_of(states[i]);
    if (state.histogram != nullptr && state.few) few_histograms.fetch_sub(1);
    delete state.histogram;
    state.histogram = nullptr;
  }
}

using Types = std::vector<duckdb_type>;

/// Puts the function with these parameters beside the others of its name.
template <bool few>
bool add_to(duckdb_aggregate_function_set set, const Types& parameters) {
  duckdb_aggregate_function function = duckdb_create_aggregate_function();
  duckdb_aggregate_function_set_name(function, few ? kFewHistogramsFunction : kHistogramFunction);
  for (const duckdb_type parameter : parameters) {
    duckdb_logical_type type = duckdb_create_logical_type(parameter);
    duckdb_aggregate_function_add_parameter(function, type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_logical_type bytes = duckdb_create_logical_type(DUCKDB_TYPE_BLOB);
  duckdb_aggregate_function_set_return_type(function, bytes);
  duckdb_destroy_logical_type(&bytes);
  duckdb_aggregate_function_set_functions(function, state_size, begin<few>, update, combine,
                                          finish);
  duckdb_aggregate_function_set_destructor(function, destroy);
  duckdb_aggregate_function_set_special_handling(function);  // rows without a value reach it too
  const duckdb_state added = duckdb_add_aggregate_function_to_set(set, function);
  duckdb_destroy_aggregate_function(&function);
  return added == DuckDBSuccess;
}

template <bool few>
base::Status add_function(duckdb_connection connection) {
  duckdb_aggregate_function_set set =
      duckdb_create_aggregate_function_set(few ? kFewHistogramsFunction : kHistogramFunction);
  const bool registered =
      add_to<few>(set, {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_BIGINT}) &&
      add_to<few>(set, {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_BOOLEAN,
                        DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT}) &&
      duckdb_register_aggregate_function_set(connection, set) == DuckDBSuccess;
  duckdb_destroy_aggregate_function_set(&set);
  if (registered) return {};
  return base::error(base::ErrorKind::kInternal, "duckdb: the histogram cannot be registered");
}

}  // namespace

base::Status register_histogram_function(duckdb_connection connection) {
  TRY(add_function<false>(connection));
  return add_function<true>(connection);
}

}  // namespace understudy::store
