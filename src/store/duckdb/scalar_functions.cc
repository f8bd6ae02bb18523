#include "store/duckdb/scalar_functions.h"

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "store/text_case.h"
#include "store/text_number.h"
#include "store/text_pattern.h"
#include "store/text_time.h"

namespace understudy::store {
namespace {

// --- how C++ types lie in vectors ---

template <class T, duckdb_type kDuckDbType>
struct PlainCell {
  static constexpr duckdb_type kType = kDuckDbType;
  static T read(void* data, idx_t row) { return static_cast<T*>(data)[row]; }
  static void write(duckdb_vector vector, idx_t row, T value) {
    static_cast<T*>(duckdb_vector_get_data(vector))[row] = value;
  }
};

template <class T>
struct Cell;

template <>
struct Cell<bool> : PlainCell<bool, DUCKDB_TYPE_BOOLEAN> {};
template <>
struct Cell<std::int64_t> : PlainCell<std::int64_t, DUCKDB_TYPE_BIGINT> {};
template <>
struct Cell<double> : PlainCell<double, DUCKDB_TYPE_DOUBLE> {};

template <>
struct Cell<std::string_view> {
  static constexpr duckdb_type kType = DUCKDB_TYPE_VARCHAR;
  static std::string_view read(void* data, idx_t row) {
    duckdb_string_t& text = static_cast<duckdb_string_t*>(data)[row];
    return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
  }
  static void write(duckdb_vector vector, idx_t row, std::string_view value) {
    duckdb_vector_assign_string_element_len(vector, row, value.data(), value.size());
  }
};

template <>
struct Cell<std::string> : Cell<std::string_view> {};

/// One argument of a function: its column of values.
template <class T>
class Argument {
 public:
  Argument(duckdb_data_chunk chunk, idx_t index)
      : vector_(duckdb_data_chunk_get_vector(chunk, index)),
        data_(duckdb_vector_get_data(vector_)),
        validity_(duckdb_vector_get_validity(vector_)) {}
  bool is_null(idx_t row) const {
    return validity_ != nullptr && (validity_[row / 64] >> (row % 64) & 1) == 0;
  }
  T operator[](idx_t row) const { return Cell<T>::read(data_, row); }

 private:
  duckdb_vector vector_;
  void* data_;
  const std::uint64_t* validity_;
};

/// A DuckDB function made of a C++ function that gives nullopt for null.
template <auto kFunction, class Out, class... In, std::size_t... kIndex>
void run_over(duckdb_data_chunk input, duckdb_vector output, std::index_sequence<kIndex...>) {
  const std::tuple<Argument<In>...> arguments(Argument<In>(input, kIndex)...);
  duckdb_vector_ensure_validity_writable(output);
  std::uint64_t* const validity = duckdb_vector_get_validity(output);
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row) {
    std::optional<Out> result;
    if (!(std::get<kIndex>(arguments).is_null(row) || ...)) {
      result = kFunction(std::get<kIndex>(arguments)[row]...);
    }
    if (result) {
      Cell<Out>::write(output, row, *result);
    } else {
      duckdb_validity_set_row_invalid(validity, row);
    }
  }
}

std::optional<std::int64_t> text_int(std::string_view text) {
  const event::Value number = number_of_text(text);
  return number.is_int() ? std::optional(number.as_int()) : std::nullopt;
}

/// Of a number that is not an int.
std::optional<double> text_fraction(std::string_view text) {
  const event::Value number = number_of_text(text);
  return number.is_double() ? std::optional(number.as_double()) : std::nullopt;
}

std::optional<double> text_double(std::string_view text) {
  const event::Value number = number_of_text(text);
  return number.is_null() ? std::nullopt : std::optional(number.as_number());
}

std::optional<std::string> number_text(double number) { return text_of_number(number); }

/// Labels of the bins seen last: there are few of them, and each takes longer to write than a row
/// to read.
class LabelCache {
 public:
  const std::string& label(double bin, const Bins& bins) {
    Entry& entry = entries_[std::hash<double>()(bin) % entries_.size()];
    if (!entry.used || entry.bin != bin || entry.bins != bins) {
      entry = {.used = true, .bin = bin, .bins = bins, .label = label_of_bin(bin, bins)};
    }
    return entry.label;
  }

 private:
  struct Entry {
    bool used = false;
    double bin = 0;
    Bins bins = {};
    std::string label = {};
  };
  std::array<Entry, 256> entries_;
};

std::optional<std::string_view> bin_text(double number, double size, double least, double most) {
  thread_local LabelCache cache;
  const Bins bins{.size = size, .least = least, .most = most};
  const double bin = bin_of(number, bins);
  if (std::isnan(bin)) return std::nullopt;
  const std::string& label = cache.label(bin, bins);
  return label.empty() ? std::nullopt : std::optional<std::string_view>(label);
}

std::optional<std::string> lower(std::string_view text) { return lower_case(text); }

/// Rows lie by time, so that many in a row fall into the same second.
std::optional<std::string_view> formatted_time(std::string_view format, double seconds) {
  struct Last {
    std::string format = {};
    double second = std::numeric_limits<double>::quiet_NaN();
    std::optional<std::string> text = {};
  };
  thread_local Last last;
  const double second = std::floor(seconds);
  if (last.second != second || last.format != format) {
    last = {.format = std::string(format), .second = second, .text = format_time(format, second)};
  }
  return last.text ? std::optional<std::string_view>(*last.text) : std::nullopt;
}

/// The pattern of a question is the same in every row.
const TextPattern* pattern_of(std::string_view text) {
  thread_local std::string last_text;
  thread_local std::shared_ptr<const TextPattern> last;
  if (last == nullptr || last_text != text) {
    last = TextPattern::cached(text);
    last_text = text;
  }
  return last.get();
}

std::optional<bool> reg_match(std::string_view text, std::string_view pattern) {
  const TextPattern* const compiled = pattern_of(pattern);
  return compiled == nullptr ? std::nullopt : std::optional(compiled->matches(text));
}

std::optional<std::string_view> reg_value(std::string_view text, std::string_view pattern) {
  const TextPattern* const compiled = pattern_of(pattern);
  return compiled == nullptr ? std::nullopt : compiled->first_group(text);
}

std::optional<std::int64_t> reg_count(std::string_view text, std::string_view pattern) {
  const TextPattern* const compiled = pattern_of(pattern);
  return compiled == nullptr ? std::nullopt : compiled->count(text);
}

/// Describes a function to DuckDB, which copies the description.
template <auto kFunction, class Out, class... In>
base::Status describe(const char* name, duckdb_connection connection,
                      std::optional<Out> (*)(In...)) {
  duckdb_scalar_function handle = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(handle, name);
  const auto with_type = [&](duckdb_type id, auto use) {
    duckdb_logical_type type = duckdb_create_logical_type(id);
    use(handle, type);
    duckdb_destroy_logical_type(&type);
  };
  (with_type(Cell<In>::kType, duckdb_scalar_function_add_parameter), ...);
  with_type(Cell<Out>::kType, duckdb_scalar_function_set_return_type);
  duckdb_scalar_function_set_function(
      handle, [](duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
        run_over<kFunction, Out, In...>(input, output, std::index_sequence_for<In...>());
      });
  const bool added = duckdb_register_scalar_function(connection, handle) == DuckDBSuccess;
  duckdb_destroy_scalar_function(&handle);
  if (added) return {};
  return base::error(base::ErrorKind::kInternal,
                     base::cat("duckdb: the function ", name, " is refused"));
}

template <auto kFunction>
base::Status add(const char* name, duckdb_connection connection) {
  return describe<kFunction>(name, connection, kFunction);
}

}  // namespace

base::Status add_scalar_functions(duckdb_connection connection) {
  TRY(add<text_int>("understudy_text_int", connection));
  TRY(add<text_fraction>("understudy_text_fraction", connection));
  TRY(add<text_double>("understudy_text_double", connection));
  TRY(add<number_text>("understudy_number_text", connection));
  TRY(add<bin_text>("understudy_bin_label", connection));
  TRY(add<lower>("understudy_lower", connection));
  TRY(add<code_points>("understudy_code_points", connection));
  TRY(add<reg_match>("understudy_reg_match", connection));
  TRY(add<reg_value>("understudy_reg_value", connection));
  TRY(add<reg_count>("understudy_reg_count", connection));
  TRY(add<unix_seconds>("understudy_unix_seconds", connection));
  TRY(add<formatted_time>("understudy_format_time", connection));
  return {};
}

}  // namespace understudy::store
