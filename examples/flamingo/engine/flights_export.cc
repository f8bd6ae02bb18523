#include "engine/flights_export.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "engine/duckdb_handles.h"
#include "engine/spool_folder.h"

namespace flamingo {
namespace {

using nlohmann::json;

struct Month {
  std::string name;  // "2001-03"
  int64_t rows = 0;
};

std::string literal(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

Outcome<std::vector<Month>> months(duckdb_connection connection) {
  duck::Result result;
  if (duckdb_query(connection,
                   "SELECT strftime(date, '%Y-%m'), count(*) FROM flights GROUP BY 1 ORDER BY 1",
                   &result.handle) != DuckDBSuccess) {
    return duck::engine_fault(duckdb_result_error(&result.handle));
  }
  std::vector<Month> found;
  for (;;) {
    const duck::Chunk chunk(duckdb_fetch_chunk(result.handle));
    if (chunk.get() == nullptr) return found;
    auto* names = static_cast<duckdb_string_t*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
    const auto* rows = static_cast<const int64_t*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 1)));
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk.get()); ++i) {
      found.push_back(
          {std::string(duckdb_string_t_data(names + i), duckdb_string_t_length(names[i])),
           rows[i]});
    }
  }
}

/// Writes the rows of a month in one format and puts them into the store; the manifest's entry.
Outcome<json> put_month(duckdb_connection connection, const SpoolFolder& folder, const Month& month,
                        const std::string& format, const std::string& copy_options,
                        ObjectStore& store) {
  const std::string file = folder.path_of(month.name + "." + format);
  TRY_DONE(duck::run_sql(connection,
                         "COPY (SELECT date, delay, distance, origin, destination FROM flights "
                         "WHERE strftime(date, '%Y-%m') = " +
                             literal(month.name) + " ORDER BY place) TO " + literal(file) + " (" +
                             copy_options + ")"));
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  const std::string content = std::move(bytes).str();
  const std::string key = "flights/" + format + "/" + month.name + "." + format;
  TRY_DONE(store.put(key, content));
  std::filesystem::remove(file);
  return json{{"key", key}, {"bytes", content.size()}, {"rows", month.rows}};
}

json described() {
  const auto field = [](const char* name, const char* type, const char* meaning) {
    return json{{"name", name}, {"type", type}, {"meaning", meaning}};
  };
  const auto calculated = [](const char* name, const char* expression, const char* meaning) {
    return json{{"name", name}, {"expression", expression}, {"meaning", meaning}};
  };
  json manifest = {{"name", "flights"},
                   {"title", "US flights, first half of 2001"},
                   {"source", "flights-3m.parquet of the npm package vega-datasets"}};
  manifest["fields"] =
      json::array({field("date", "time", "departure, to the minute"),
                   field("delay", "integer", "minutes late; early is negative"),
                   field("distance", "integer", "miles"), field("origin", "string", "airport code"),
                   field("destination", "string", "airport code")});
  manifest["calculated"] =
      json::array({calculated("delay_hours", "delay / 60", "hours late"),
                   calculated("distance_km", "distance * 1.609344", "kilometres")});
  manifest["sorted_by"] = json::array({json::array({"date"}), json::array({"origin", "date"}),
                                       json::array({"destination", "date"})});
  manifest["csv"] = json::array();
  manifest["parquet"] = json::array();
  return manifest;
}

}  // namespace

Outcome<Manifest> export_flights(const FlightsExport& what, ObjectStore& store) {
  duck::Database database;
  if (duckdb_open(nullptr, &database.handle) != DuckDBSuccess) {
    return duck::engine_fault("cannot open an in-memory database");
  }
  TRY_OUTCOME(const duck::Connection connection, duck::connect(database.handle));
  TRY_DONE(duck::run_sql(
      connection.get(),
      "CREATE TABLE flights AS SELECT *, file_row_number AS place FROM read_parquet(" +
          literal(what.parquet.string()) + ", file_row_number = true) WHERE file_row_number % " +
          std::to_string(std::max<int64_t>(what.every, 1)) + " = 0"));
  TRY_OUTCOME(const std::vector<Month> all, months(connection.get()));
  const SpoolFolder folder;
  json manifest = described();
  for (const Month& month : all) {
    TRY_OUTCOME(json csv,
                put_month(connection.get(), folder, month, "csv",
                          "FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S'", store));
    TRY_OUTCOME(json parquet, put_month(connection.get(), folder, month, "parquet",
                                        "FORMAT parquet, COMPRESSION zstd", store));
    manifest["csv"].push_back(std::move(csv));
    manifest["parquet"].push_back(std::move(parquet));
  }
  const std::string text = manifest.dump(1);
  TRY_OUTCOME(Manifest parsed, parse_manifest(text));
  TRY_DONE(store.put(manifest_key("flights"), text));
  return parsed;
}

}  // namespace flamingo
