#include "store/duckdb/histogram_function.h"

#include <memory>
#include <new>

#include "store/histogram.h"

namespace understudy::store {
namespace {

/// DuckDB moves states as bytes, so that a state is a pointer.
struct State {
  Histogram* histogram;
};

State& state_of(duckdb_aggregate_state state) { return *reinterpret_cast<State*>(state); }

idx_t state_size(duckdb_function_info) { return sizeof(State); }

void begin(duckdb_function_info, duckdb_aggregate_state state) {
  state_of(state).histogram = nullptr;
}

template <class T>
const T* data(duckdb_data_chunk chunk, idx_t column) {
  return static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column)));
}

void update(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_aggregate_state* states) {
  const idx_t rows = duckdb_data_chunk_get_size(chunk);
  if (rows == 0) return;
  const auto* times = data<std::int64_t>(chunk, 0);
  const auto* values = data<double>(chunk, 1);
  const auto* others = data<bool>(chunk, 2);
  const auto* weights = data<std::int64_t>(chunk, 3);
  const std::int64_t bucket_ns = data<std::int64_t>(chunk, 4)[0];
  std::uint64_t* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk, 1));
  try {
    for (idx_t row = 0; row < rows; ++row) {
      State& state = state_of(states[row]);
      if (state.histogram == nullptr) state.histogram = new Histogram(bucket_ns, 0);
      if (validity == nullptr) {  // all rows of one group that follow each other at once
        idx_t end = row + 1;
        while (end < rows && states[end] == states[row]) ++end;
        state.histogram->add_all({times + row, end - row}, values + row, weights + row);
        row = end - 1;
        continue;
      }
      if (validity == nullptr || duckdb_validity_row_is_valid(validity, row)) {
        state.histogram->add(times[row], values[row], weights[row]);
      } else if (others[row]) {
        state.histogram->add_not_number(weights[row]);
      }
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, "Out of Memory: a histogram");
  }
}

void combine(duckdb_function_info info, duckdb_aggregate_state* sources,
             duckdb_aggregate_state* targets, idx_t count) {
  try {
    for (idx_t i = 0; i < count; ++i) {
      State& source = state_of(sources[i]);
      State& target = state_of(targets[i]);
      if (source.histogram == nullptr) continue;
      if (target.histogram == nullptr) {
        target.histogram = new Histogram(*source.histogram);
      } else {
        target.histogram->merge(*source.histogram);
      }
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, "Out of Memory: a histogram");
  }
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
  for (idx_t i = 0; i < count; ++i) delete state_of(states[i]).histogram;
}

/// The types of the parameters; the last one is what comes out.
constexpr duckdb_type kTypes[] = {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_DOUBLE, DUCKDB_TYPE_BOOLEAN,
                                  DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BLOB};

}  // namespace

base::Status register_histogram_function(duckdb_connection connection) {
  duckdb_aggregate_function function = duckdb_create_aggregate_function();
  duckdb_aggregate_function_set_name(function, kHistogramFunction);
  constexpr std::size_t kParameters = std::size(kTypes) - 1;
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    duckdb_logical_type type = duckdb_create_logical_type(kTypes[i]);
    if (i < kParameters) {
      duckdb_aggregate_function_add_parameter(function, type);
    } else {
      duckdb_aggregate_function_set_return_type(function, type);
    }
    duckdb_destroy_logical_type(&type);
  }
  duckdb_aggregate_function_set_functions(function, state_size, begin, update, combine, finish);
  duckdb_aggregate_function_set_destructor(function, destroy);
  duckdb_aggregate_function_set_special_handling(function);  // rows without a value reach it too
  const duckdb_state registered = duckdb_register_aggregate_function(connection, function);
  duckdb_destroy_aggregate_function(&function);
  if (registered == DuckDBSuccess) return {};
  return base::error(base::ErrorKind::kInternal, "duckdb: the histogram cannot be registered");
}

}  // namespace understudy::store
