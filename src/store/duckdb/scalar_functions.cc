#include "store/duckdb/scalar_functions.h"

#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "store/text_number.h"

namespace understudy::store {
namespace {

// --- how C++ types lie in vectors ---

template <class T>
struct Cell;

template <>
struct Cell<std::int64_t> {
  static constexpr duckdb_type kType = DUCKDB_TYPE_BIGINT;
  static std::int64_t read(void* data, idx_t row) { return static_cast<std::int64_t*>(data)[row]; }
  static void write(duckdb_vector, void* data, idx_t row, std::int64_t value) {
    static_cast<std::int64_t*>(data)[row] = value;
  }
};

template <>
struct Cell<double> {
  static constexpr duckdb_type kType = DUCKDB_TYPE_DOUBLE;
  static double read(void* data, idx_t row) { return static_cast<double*>(data)[row]; }
  static void write(duckdb_vector, void* data, idx_t row, double value) {
    static_cast<double*>(data)[row] = value;
  }
};

template <>
struct Cell<std::string_view> {
  static constexpr duckdb_type kType = DUCKDB_TYPE_VARCHAR;
  static std::string_view read(void* data, idx_t row) {
    duckdb_string_t& text = static_cast<duckdb_string_t*>(data)[row];
    return {duckdb_string_t_data(&text), duckdb_string_t_length(text)};
  }
};

bool is_null(const std::uint64_t* validity, idx_t row) {
  return validity != nullptr && (validity[row / 64] >> (row % 64) & 1) == 0;
}

/// A DuckDB function of one argument made of a C++ function that gives nullopt for null.
template <class In, class Out, std::optional<Out> (*kFunction)(In)>
void run(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const duckdb_vector argument = duckdb_data_chunk_get_vector(input, 0);
  void* const in = duckdb_vector_get_data(argument);
  const std::uint64_t* const in_validity = duckdb_vector_get_validity(argument);
  void* const out = duckdb_vector_get_data(output);
  duckdb_vector_ensure_validity_writable(output);
  std::uint64_t* const out_validity = duckdb_vector_get_validity(output);
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row) {
    std::optional<Out> result;
    if (!is_null(in_validity, row)) result = kFunction(Cell<In>::read(in, row));
    if (result) {
      Cell<Out>::write(output, out, row, *result);
    } else {
      duckdb_validity_set_row_invalid(out_validity, row);
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

/// Owns a function while it is described; the database copies it.
class Description {
 public:
  explicit Description(const char* name) : handle_(duckdb_create_scalar_function()), name_(name) {
    duckdb_scalar_function_set_name(handle_, name);
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;
  ~Description() { duckdb_destroy_scalar_function(&handle_); }

  template <class In, class Out, std::optional<Out> (*kFunction)(In)>
  void is() {
    with_type(Cell<In>::kType, [&](duckdb_logical_type type) {
      duckdb_scalar_function_add_parameter(handle_, type);
    });
    with_type(Cell<Out>::kType, [&](duckdb_logical_type type) {
      duckdb_scalar_function_set_return_type(handle_, type);
    });
    duckdb_scalar_function_set_function(handle_, run<In, Out, kFunction>);
  }

  base::Status add_to(duckdb_connection connection) {
    if (duckdb_register_scalar_function(connection, handle_) == DuckDBSuccess) return {};
    return base::error(base::ErrorKind::kInternal,
                       base::cat("duckdb: the function ", name_, " is refused"));
  }

 private:
  template <class Use>
  static void with_type(duckdb_type id, Use use) {
    duckdb_logical_type type = duckdb_create_logical_type(id);
    use(type);
    duckdb_destroy_logical_type(&type);
  }

  duckdb_scalar_function handle_;
  const char* name_;
};

template <auto kFunction>
struct Signature;
template <class In, class Out, std::optional<Out> (*kFunction)(In)>
struct Signature<kFunction> {
  static void describe(Description& description) { description.is<In, Out, kFunction>(); }
};

template <auto kFunction>
base::Status add(const char* name, duckdb_connection connection) {
  Description description(name);
  Signature<kFunction>::describe(description);
  return description.add_to(connection);
}

}  // namespace

base::Status add_scalar_functions(duckdb_connection connection) {
  TRY(add<text_int>("understudy_text_int", connection));
  TRY(add<text_fraction>("understudy_text_fraction", connection));
  TRY(add<text_double>("understudy_text_double", connection));
  return {};
}

}  // namespace understudy::store
