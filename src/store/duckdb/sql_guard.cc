#include "store/duckdb/sql_guard.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace understudy::store {
namespace {

using base::cat;
using nlohmann::json;

constexpr std::array<std::string_view, 3> kTableFunctions = {"range", "generate_series", "unnest"};
/// Sources in a FROM that are not read by a name.
constexpr std::array<std::string_view, 8> kSourceTypes = {
    "SHOW_REF",        "COLUMN_DATA", "DELIM_GET",   "CTE",
    "BOUND_TABLE_REF", "TABLE_MACRO", "SHOW_SELECT", "INVALID"};
/// Beginnings of functions that tell of the process, its settings, catalogs or files, or run text.
constexpr std::array<std::string_view, 27> kForbiddenBeginnings = {
    "duckdb_", "pragma_", "pg_",        "read_",   "parquet_",  "has_",          "getenv",
    "getvar",  "query",   "write_",     "which_",  "set_",      "json_exec",     "json_deserialize",
    "nextval", "currval", "txid_",      "version", "in_search", "add_parquet",   "tail_scan",
    "glob",    "sniff_",  "checkpoint", "enable_", "disable_",  "json_serialize"};
/// Make values of any size out of small ones, in memory that DuckDB does not count.
constexpr std::array<std::string_view, 13> kUnboundedFunctions = {
    "repeat", "lpad",   "rpad",    "list_resize", "array_resize", "range",    "generate_series",
    "format", "printf", "replace", "bitstring",   "concat_ws",    "translate"};
constexpr std::array<std::string_view, 9> kForbiddenFunctions = {
    "current_setting", "current_query",   "current_database", "current_schema", "current_schemas",
    "current_user",    "current_catalog", "seq_scan",         "copy_database"};

std::string text_of(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

template <class List>
bool is_among(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

base::Status check_function(const json& object) {
  const std::string name = base::to_lower(text_of(object, "function_name"));
  if (name.empty()) return {};
  const bool forbidden =
      is_among(kForbiddenFunctions, name) || is_among(kUnboundedFunctions, name) ||
      name.starts_with("__internal") || name.starts_with("variant_") ||
      name.find("sleep") != std::string::npos ||
      std::any_of(kForbiddenBeginnings.begin(), kForbiddenBeginnings.end(),
                  [&](std::string_view beginning) { return name.starts_with(beginning); });
  if (!forbidden) return {};
  return base::invalid(cat("the function ", base::printable(name), " is not offered here"));
}

base::Status check_table(const json& object, SqlReads& reads) {
  const std::string table = text_of(object, "table_name");
  if (!text_of(object, "schema_name").empty() || !text_of(object, "catalog_name").empty()) {
    return base::invalid(cat("'", base::printable(table),
                             "' is read from a schema; a dataset is read by its name alone, in "
                             "double quotes when it is no plain word"));
  }
  reads.tables.push_back(table);
  return {};
}

base::Status check_table_function(const json& object) {
  const auto function = object.find("function");
  const std::string name =
      function == object.end() ? "" : base::to_lower(text_of(*function, "function_name"));
  if (is_among(kTableFunctions, name)) return {};
  return base::invalid(
      cat("FROM ", base::printable(name), "(...) is not offered here; read a dataset by its name"));
}

base::Status check_object(const json& object, SqlReads& reads) {
  const std::string type = text_of(object, "type");
  if (type == "BASE_TABLE") TRY(check_table(object, reads));
  if (type == "TABLE_FUNCTION") TRY(check_table_function(object));
  if (type == "SHOW_REF") {
    return base::invalid("DESCRIBE, SHOW and SUMMARIZE are not offered here; read a dataset");
  }
  const bool is_expression = object.contains("class");
  if (!is_expression && is_among(kSourceTypes, type)) {
    return base::invalid(cat("a source of kind ", type, " is not offered here"));
  }
  if (text_of(object, "class") == "PARAMETER") {
    return base::invalid("a parameter such as ? or $1 has no value here");
  }
  TRY(check_function(object));
  const auto defined = object.find("cte_map");
  if (defined != object.end() && defined->contains("map")) {
    for (const json& one : (*defined)["map"]) {
      const std::string name = text_of(one, "key");
      const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
      });
      if (!plain) {
        return base::invalid(
            cat("WITH '", base::printable(name), "': a name of letters, digits and _ is needed"));
      }
      reads.written.push_back(name);
    }
  }
  return {};
}

}  // namespace

base::Result<SqlReads> check_sql(std::string_view tree_json) {
  const json tree = json::parse(tree_json, nullptr, false);
  if (tree.is_discarded() || !tree.is_object()) {
    return base::error(base::ErrorKind::kInternal, "the tree of the statement cannot be read");
  }
  if (tree.value("error", true)) {
    const std::string message = text_of(tree, "error_message");
    if (text_of(tree, "error_type") == "not implemented") {
      return base::invalid("only a SELECT is possible here; nothing can be changed or set");
    }
    const auto at = base::parse_uint64(text_of(tree, "position"));
    return base::invalid(at ? cat(message, " (character ", *at + 1, ")") : message);
  }
  const auto statements = tree.find("statements");
  const size_t count = statements == tree.end() ? 0 : statements->size();
  if (count != 1) return base::invalid(cat("exactly one SELECT is needed, not ", count));

  SqlReads reads;
  std::vector<const json*> left = {&*statements};
  while (!left.empty()) {
    const json& node = *left.back();
    left.pop_back();
    if (node.is_object()) TRY(check_object(node, reads));
    if (!node.is_structured()) continue;
    // A table function makes its rows one by one; what it is given is looked at as all else.
    const bool makes_rows = node.is_object() && text_of(node, "type") == "TABLE_FUNCTION";
    for (const auto& [key, child] : node.items()) {
      if (makes_rows && key == "function") {
        if (child.contains("children")) left.push_back(&child.at("children"));
      } else {
        left.push_back(&child);
      }
    }
  }
  return reads;
}

}  // namespace understudy::store
