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

/// What one value can become gigabytes or hours with: DuckDB counts only its tables as memory and
/// looks at the time only between its batches of rows, so that neither bound would hold.
constexpr std::array<std::string_view, 9> kGrowingFunctions = {
    "bar",     "levenshtein", "editdist3",       "damerau_levenshtein",    "jaccard",
    "hamming", "mismatches",  "jaro_similarity", "jaro_winkler_similarity"};
constexpr std::array<std::string_view, 9> kPatternFunctions = {"~~",
                                                               "!~~",
                                                               "~~*",
                                                               "!~~*",
                                                               "~~~",
                                                               "like_escape",
                                                               "not_like_escape",
                                                               "ilike_escape",
                                                               "not_ilike_escape"};
/// A pattern with more of them is tried for years against a text made for it.
constexpr std::ptrdiff_t kWildcardsMax = 3;
/// Planning is neither counted nor stopped, and grows with these.
constexpr std::size_t kTablesMax = 20;
constexpr std::size_t kSelectsMax = 100;
constexpr std::size_t kReplacementBytesMax = 100;

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

/// The text of a constant, if it is one.
const json* constant_text(const json& expression) {
  if (text_of(expression, "class") != "CONSTANT") return nullptr;
  const auto value = expression.find("value");
  if (value == expression.end() || !value->is_object()) return nullptr;
  const auto text = value->find("value");
  return text != value->end() && text->is_string() ? &*text : nullptr;
}

base::Status check_cost(const json& object) {
  const std::string name = base::to_lower(text_of(object, "function_name"));
  if (name.empty()) return {};
  if (is_among(kGrowingFunctions, name)) {
    return base::invalid(cat("the function ", base::printable(name),
                             " is not offered here: its memory and time have no bound"));
  }
  const auto children = object.find("children");
  if (children == object.end() || !children->is_array()) return {};
  if (is_among(kPatternFunctions, name) && children->size() >= 2) {
    const json* const pattern = constant_text((*children)[1]);
    const auto wildcard = [](char letter) { return letter == '%' || letter == '*'; };
    if (pattern == nullptr) return base::invalid("the pattern of LIKE or GLOB has to be a text");
    const auto& text = pattern->get_ref<const std::string&>();
    if (std::count_if(text.begin(), text.end(), wildcard) > kWildcardsMax) {
      return base::invalid(cat("the pattern of LIKE or GLOB has more than ", kWildcardsMax,
                               " wildcards for any text; use regexp_matches"));
    }
  }
  if (name == "regexp_replace" && children->size() >= 3) {
    const json* const text = constant_text((*children)[2]);
    if (text == nullptr || text->get_ref<const std::string&>().size() > kReplacementBytesMax) {
      return base::invalid(cat("the replacement of regexp_replace has to be a text of at most ",
                               kReplacementBytesMax, " bytes"));
    }
  }
  return {};
}

/// Views that every database has.
bool is_system_name(std::string_view name) {
  const std::string lower = base::to_lower(name);
  for (const std::string_view beginning : {"duckdb_", "pg_", "pragma_", "sqlite_"}) {
    if (lower.starts_with(beginning)) return true;
  }
  return false;
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
      if (is_system_name(name)) {
        // Outside of its WITH the name would be that of the view.
        return base::invalid(cat("WITH ", name, ": this name is taken by the database"));
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
  std::size_t tables = 0;
  std::size_t selects = 0;
  while (!left.empty()) {
    const json& node = *left.back();
    left.pop_back();
    if (node.is_object()) {
      TRY(check_object(node, reads));
      const std::string type = text_of(node, "type");
      TRY(check_cost(node));
      if ((type == "BASE_TABLE" || type == "TABLE_FUNCTION") && ++tables > kTablesMax) {
        return base::invalid(cat("more than ", kTablesMax, " tables are read"));
      }
      if (type == "SELECT_NODE" && ++selects > kSelectsMax) {
        return base::invalid(cat("there are more than ", kSelectsMax, " SELECTs in one another"));
      }
    }
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
