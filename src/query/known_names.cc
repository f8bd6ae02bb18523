#include "query/known_names.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "event/columns.h"
#include "event/event.h"
#include "event/value.h"
#include "store/event_store.h"

namespace understudy::query {
namespace {

using base::cat;

struct BuiltInDataset {
  std::string_view name;
  char letter;  // in event::ColumnInfo::datasets
};
constexpr std::array kBuiltIn = {
    BuiltInDataset{event::kEvaluations, 'v'}, BuiltInDataset{event::kDifferences, 'd'},
    BuiltInDataset{event::kErrors, 'e'}, BuiltInDataset{event::kNoise, 'n'}};

/// A column with the place in the question that names it.
struct Named {
  std::string field;
  std::string column;
  bool in_expression = false;
};

bool is_calculated(const QuerySpec& spec, std::string_view column) {
  return std::any_of(spec.calculated_fields.begin(), spec.calculated_fields.end(),
                     [&](const auto& one) { return one.name == column; });
}

/// The stored columns that calculated fields are made of; each may use those before it.
std::vector<Named> columns_in_expressions(const QuerySpec& spec) {
  std::vector<Named> named;
  std::set<std::string_view> before;
  for (size_t i = 0; i < spec.calculated_fields.size(); ++i) {
    for (std::string& column : store::columns_of(spec.calculated_fields[i].parsed)) {
      if (before.contains(column)) continue;
      named.push_back({cat("calculated_fields[", i, "].expression"), std::move(column), true});
    }
    before.insert(spec.calculated_fields[i].name);
  }
  return named;
}

/// The stored columns that everything else names.
std::vector<Named> named_columns(const QuerySpec& spec, std::span<const std::string> columns) {
  std::vector<Named> named;
  const auto add_filters = [&](const std::string& of, const std::vector<Filter>& filters) {
    for (size_t i = 0; i < filters.size(); ++i) {
      named.push_back({cat(of, "filters[", i, "]"), filters[i].column});
    }
  };
  for (size_t i = 0; i < spec.breakdowns.size(); ++i) {
    named.push_back({cat("breakdowns[", i, "]"), spec.breakdowns[i]});
  }
  for (size_t i = 0; i < spec.calculations.size(); ++i) {
    const std::string field = cat("calculations[", i, "]");
    const Calculation& calculation = spec.calculations[i];
    if (!calculation.column.empty()) named.push_back({field, calculation.column});
    if (calculation.op == CalculationOp::kConcurrency)
      named.push_back({field, std::string(kDurationColumn)});
    add_filters(cat(field, "."), calculation.filters);
  }
  add_filters("", spec.filters);
  for (size_t i = 0; i < columns.size(); ++i) {
    named.push_back({cat("columns[", i, "]"), columns[i]});
  }
  std::erase_if(named, [&](const Named& one) { return is_calculated(spec, one.column); });
  return named;
}

/// What a column was only ever seen with, numbers or text; no sentence when it was both or neither.
enum class Content { kNumbers, kText, kOther };

Content content_of(const store::DatasetColumn& column) {
  const auto all = [&](auto is) {
    return !column.types.empty() && std::all_of(column.types.begin(), column.types.end(), is);
  };
  if (all([](event::Type type) { return type == event::Type::kString; })) return Content::kText;
  const bool numbers = all(
      [](event::Type type) { return type == event::Type::kInt || type == event::Type::kDouble; });
  return numbers ? Content::kNumbers : Content::kOther;
}

/// Whether the filter compares by order or equality; the others look at text, or at nothing.
bool compares(FilterOp op) {
  switch (op) {
    case FilterOp::kEqual:
    case FilterOp::kNotEqual:
    case FilterOp::kGreater:
    case FilterOp::kGreaterOrEqual:
    case FilterOp::kLess:
    case FilterOp::kLessOrEqual:
    case FilterOp::kIn:
    case FilterOp::kNotIn:
      return true;
    case FilterOp::kStartsWith:
    case FilterOp::kDoesNotStartWith:
    case FilterOp::kEndsWith:
    case FilterOp::kDoesNotEndWith:
    case FilterOp::kContains:
    case FilterOp::kDoesNotContain:
    case FilterOp::kExists:
    case FilterOp::kDoesNotExist:
      return false;
  }
  return false;
}

/// Text never equals a number, so that a question which holds one against the other has an answer
/// that says nothing.
base::Status check_filters(const std::string& of, const std::vector<Filter>& filters,
                           const std::vector<store::DatasetColumn>& seen) {
  for (size_t i = 0; i < filters.size(); ++i) {
    const Filter& filter = filters[i];
    const auto column = std::find_if(seen.begin(), seen.end(),
                                     [&](const auto& one) { return one.name == filter.column; });
    if (column == seen.end() || !compares(filter.op)) continue;
    const auto all = [&](auto is) {
      return std::all_of(filter.values.begin(), filter.values.end(), is);
    };
    const Content content = content_of(*column);
    const std::string start =
        cat(of, "filters[", i, "]: \"", base::printable(filter.column), "\" holds ");
    if (content == Content::kNumbers && all([](const auto& value) { return value.is_string(); })) {
      return base::invalid(
          cat(start, "numbers, which text never equals; give a number, without quotes"));
    }
    if (content == Content::kText && all([](const auto& value) { return value.is_number(); })) {
      return base::invalid(cat(start, "text, which a number never equals; give a text, in quotes"));
    }
  }
  return {};
}

/// `$status+1` names the column "status+1", as columns have such letters: the end of a sentence
/// that says so when what stands before the sign is a column.
std::string operator_meant(std::string_view name, const std::set<std::string_view>& known) {
  for (size_t at = name.find_first_of("+-/:=?"); at != name.npos;
       at = name.find_first_of("+-/:=?", at + 1)) {
    if (!known.contains(name.substr(0, at))) continue;
    return cat("; a column name takes + - / : = ? too: put a space before the ", name[at]);
  }
  return {};
}

/// What somebody may have meant, as the end of a sentence.
std::string did_you_mean(std::string_view name, const std::set<std::string_view>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view meant = base::nearest(name, names);
  return meant.empty() ? std::string() : cat("; did you mean \"", meant, "\"?");
}

}  // namespace

base::Result<std::vector<std::string>> check_names(store::EventStore& store,
                                                   std::string_view dataset, const QuerySpec& spec,
                                                   std::span<const std::string> columns) {
  const std::vector<store::DatasetInfo> datasets = store.datasets();
  std::set<std::string_view> names;
  for (const BuiltInDataset& one : kBuiltIn) names.insert(one.name);
  for (const store::DatasetInfo& one : datasets) names.insert(one.name);
  if (!names.contains(dataset)) {
    const std::string meant = did_you_mean(dataset, names);
    const std::string name = base::printable(dataset);
    if (!meant.empty()) return base::invalid(cat("dataset: there is no \"", name, "\"", meant));
    return std::vector<std::string>{
        cat("nobody has written to the dataset \"", name, "\" yet; there are ",
            base::join(std::vector<std::string>(names.begin(), names.end()), ", "))};
  }

  const auto seen = store.columns(dataset);
  if (!seen.ok() && seen.error().kind != base::ErrorKind::kNotFound) return seen.error();
  const bool written_to = seen.ok() && !seen->empty();
  std::set<std::string_view> known;
  if (seen.ok()) {
    for (const store::DatasetColumn& column : *seen) known.insert(column.name);
  }
  for (const BuiltInDataset& one : kBuiltIn) {
    if (one.name != dataset) continue;
    for (const event::ColumnInfo& column : event::built_in_columns()) {
      if (column.datasets.find(one.letter) != std::string_view::npos) known.insert(column.name);
    }
  }
  const auto check = [&](const Named& named) -> base::Status {
    if (known.contains(named.column)) return {};
    std::string meant = named.in_expression ? operator_meant(named.column, known) : std::string();
    if (meant.empty()) meant = did_you_mean(named.column, known);
    if (!written_to && meant.empty()) return {};  // who writes first says what there is
    return base::invalid(cat(named.field, ": \"", dataset, "\" has no column \"",
                             base::printable(named.column), "\"", meant));
  };
  for (const Named& named : columns_in_expressions(spec)) TRY(check(named));
  for (const CalculatedField& field : spec.calculated_fields) known.insert(field.name);
  for (const Named& named : named_columns(spec, columns)) TRY(check(named));
  if (written_to) {
    std::vector<store::DatasetColumn> stored = *seen;
    std::erase_if(stored, [&](const auto& one) { return is_calculated(spec, one.name); });
    TRY(check_filters("", spec.filters, stored));
    for (size_t i = 0; i < spec.calculations.size(); ++i) {
      TRY(check_filters(cat("calculations[", i, "]."), spec.calculations[i].filters, stored));
    }
    return std::vector<std::string>();
  }
  return std::vector<std::string>{
      cat("nobody has written to the dataset \"", dataset, "\" yet, so the answer is empty")};
}

base::Result<std::vector<std::string>> check_names(store::EventStore& store,
                                                   const BubbleUpRequest& request) {
  TRY_ASSIGN(std::vector<std::string> warnings,
             check_names(store, request.dataset, request.query, request.columns));
  QuerySpec chosen{.filters = request.selection.filters,
                   .calculated_fields = request.query.calculated_fields};
  std::vector<std::string> columns;
  if (!request.selection.column.empty()) columns.push_back(request.selection.column);
  const auto of_selection = check_names(store, request.dataset, chosen, columns);
  if (of_selection.ok()) return warnings;
  std::string reason = of_selection.error().context;
  constexpr std::string_view kColumn = "columns[0]";
  if (reason.starts_with(kColumn)) reason.replace(0, kColumn.size(), "column");
  return base::error(of_selection.error().kind, cat("selection.", reason));
}

}  // namespace understudy::query
