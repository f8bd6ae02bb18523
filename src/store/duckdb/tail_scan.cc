#include "store/duckdb/tail_scan.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace understudy::store {
namespace {

using event::Type;

// A text's head is handed over as it lies.
static_assert(sizeof(TailText) == sizeof(duckdb_string_t));
static_assert(offsetof(TailText, inlined) ==
              offsetof(decltype(duckdb_string_t::value.inlined), inlined));
static_assert(offsetof(TailText, outside) + 8 - sizeof(std::uint32_t) ==
              offsetof(decltype(duckdb_string_t::value.pointer), ptr));

constexpr std::size_t kFixedColumns = 3;  // seq, ts, rate

duckdb_type engine_type(Type type) {
  switch (type) {
    case Type::kBool:
      return DUCKDB_TYPE_BOOLEAN;
    case Type::kInt:
      return DUCKDB_TYPE_BIGINT;
    case Type::kDouble:
      return DUCKDB_TYPE_DOUBLE;
    case Type::kString:
    case Type::kNull:
      return DUCKDB_TYPE_VARCHAR;
  }
  return DUCKDB_TYPE_VARCHAR;
}

struct Bound {
  std::shared_ptr<const TailScan::Offer> offer;
};

/// A page of a block, to be scanned by whichever thread comes.
struct Place {
  const BlockView* block = nullptr;
  std::size_t page = 0;
};

struct Scan {
  std::vector<Place> places;
  std::vector<idx_t> columns;  // of the output, by number of the bound column
  std::atomic<std::size_t> next = 0;
};

void add_column(duckdb_bind_info info, const std::string& name, duckdb_type type) {
  duckdb_logical_type logical = duckdb_create_logical_type(type);
  duckdb_bind_add_result_column(info, name.c_str(), logical);
  duckdb_destroy_logical_type(&logical);
}

void bind(duckdb_bind_info info) {
  const auto* scans = static_cast<const TailScan*>(duckdb_bind_get_extra_info(info));
  duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
  auto offer = scans->find(duckdb_get_int64(parameter));
  duckdb_destroy_value(&parameter);
  if (!offer) {
    duckdb_bind_set_error(info, "tail_scan: nothing is offered under that number");
    return;
  }
  for (const char* name : {"seq", "ts", "rate"}) add_column(info, name, DUCKDB_TYPE_BIGINT);
  for (std::size_t i = 0; i < offer->schema->physical.size(); ++i) {
    add_column(info, base::cat("c", i), engine_type(offer->schema->physical[i]));
  }
  idx_t rows = 0;
  for (const BlockView& block : offer->blocks) rows += block.rows;
  duckdb_bind_set_cardinality(info, rows, true);
  duckdb_bind_set_bind_data(info, new Bound{std::move(offer)},
                            [](void* data) { delete static_cast<Bound*>(data); });
}

void begin(duckdb_init_info info) {
  const auto* bound = static_cast<const Bound*>(duckdb_init_get_bind_data(info));
  auto scan = std::make_unique<Scan>();
  for (const BlockView& block : bound->offer->blocks) {
    for (std::size_t row = 0; row < block.rows; row += kPageRows) {
      scan->places.push_back({&block, row / kPageRows});
    }
  }
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    scan->columns.push_back(duckdb_init_get_column_index(info, i));
  }
  duckdb_init_set_max_threads(info, std::max<idx_t>(1, scan->places.size()));
  duckdb_init_set_init_data(info, scan.release(),
                            [](void* data) { delete static_cast<Scan*>(data); });
}

void fill_fixed(duckdb_vector vector, const std::int64_t* values, std::size_t rows) {
  std::memcpy(duckdb_vector_get_data(vector), values, rows * sizeof(*values));
}

void fill_absent(duckdb_vector vector, std::size_t rows) {
  duckdb_vector_ensure_validity_writable(vector);
  std::memset(duckdb_vector_get_validity(vector), 0, (rows + 63) / 64 * 8);
}

void fill(duckdb_vector vector, const TailColumn* column, std::size_t page_index,
          std::size_t rows) {
  const TailColumn::Page page = column == nullptr ? TailColumn::Page{} : column->page(page_index);
  if (page.values == nullptr) return fill_absent(vector, rows);
  bool all = true;
  bool any = false;
  std::uint64_t words[kPageWords];
  for (std::size_t i = 0; i * 64 < rows; ++i) {
    words[i] = page.valid[i].load(std::memory_order_relaxed);
    const std::size_t left = rows - i * 64;
    const std::uint64_t wanted = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    all = all && (words[i] & wanted) == wanted;
    any = any || (words[i] & wanted) != 0;
  }
  if (!any) return fill_absent(vector, rows);
  if (!all) {
    duckdb_vector_ensure_validity_writable(vector);
    std::memcpy(duckdb_vector_get_validity(vector), words, (rows + 63) / 64 * 8);
  }
  void* const out = duckdb_vector_get_data(vector);
  switch (column->type()) {
    case Type::kBool:
      std::memcpy(out, page.values, rows * sizeof(bool));
      return;
    case Type::kInt:
    case Type::kDouble:
      std::memcpy(out, page.values, rows * sizeof(std::int64_t));
      return;
    case Type::kString:
    case Type::kNull: {
      const auto* const numbers = page.as<std::uint32_t>();
      auto* const texts = static_cast<TailText*>(out);
      const auto has = [&](std::size_t row) { return (words[row / 64] >> (row % 64) & 1) != 0; };
      for (std::size_t row = 0; row < rows; ++row) {
        texts[row] = all || has(row) ? column->texts().at(numbers[row]) : TailText{};
      }
      return;
    }
  }
}

void scan(duckdb_function_info info, duckdb_data_chunk output) {
  const auto* bound = static_cast<const Bound*>(duckdb_function_get_bind_data(info));
  auto* state = static_cast<Scan*>(duckdb_function_get_init_data(info));
  const std::size_t next = state->next.fetch_add(1, std::memory_order_relaxed);
  if (next >= state->places.size()) {
    duckdb_data_chunk_set_size(output, 0);
    return;
  }
  const auto [view, page] = state->places[next];
  const TailBlock& block = *view->block;
  const std::size_t rows = std::min(kPageRows, view->rows - page * kPageRows);
  for (idx_t i = 0; i < state->columns.size(); ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
    const idx_t column = state->columns[i];
    if (column == 0) {
      fill_fixed(vector, block.seqs(page), rows);
    } else if (column == 1) {
      fill_fixed(vector, block.times(page), rows);
    } else if (column == 2) {
      fill_fixed(vector, block.rates(page), rows);
    } else if (column - kFixedColumns < bound->offer->schema->physical.size()) {
      fill(vector, block.column(column - kFixedColumns), page, rows);
    }
  }
  duckdb_data_chunk_set_size(output, rows);
}

}  // namespace

base::Status TailScan::install(Database& database) {
  TRY_ASSIGN(auto connection, database.connect());
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "tail_scan");
  duckdb_logical_type bigint = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_table_function_add_parameter(function, bigint);
  duckdb_destroy_logical_type(&bigint);
  duckdb_table_function_set_extra_info(function, this, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, begin);
  duckdb_table_function_set_function(function, scan);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const bool failed = duckdb_register_table_function(connection->get(), function) == DuckDBError;
  duckdb_destroy_table_function(&function);
  database.release(std::move(connection));
  if (!failed) return {};
  return base::error(base::ErrorKind::kInternal, "duckdb: tail_scan is refused");
}

void TailScan::offer(TableView& view) {
  const std::lock_guard lock(mutex_);
  const std::int64_t number = ++last_;
  offers_.emplace(number, std::make_shared<const Offer>(Offer{view.schema, view.blocks}));
  view.tail = number;
  view.tail_kept = std::shared_ptr<const void>(nullptr, [this, number](const void*) {
    std::shared_ptr<const Offer> last;  // goes outside the lock
    const std::lock_guard inner(mutex_);
    const auto found = offers_.find(number);
    last = std::move(found->second);
    offers_.erase(found);
  });
}

std::shared_ptr<const TailScan::Offer> TailScan::find(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = offers_.find(number);
  return found == offers_.end() ? nullptr : found->second;
}

}  // namespace understudy::store
