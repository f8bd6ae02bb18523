#include "store/memory/filter_match.h"

#include <algorithm>

#include "store/value_order.h"

namespace understudy::store {
namespace {

using event::Value;
using event::ValueView;

bool contains(const ValueView& value, const std::string& text) {
  return value.is_string() && value.as_string().find(text) != std::string_view::npos;
}

}  // namespace

FilterMatch::FilterMatch(const Filter& filter, const IdOf& id_of) : filter_(&filter) {
  column_ = id_of(filter.column);
  children_.reserve(filter.children.size());
  for (const Filter& child : filter.children) children_.emplace_back(child, id_of);
}

bool FilterMatch::matches(const Lookup& lookup) const {
  const auto child_matches = [&](const FilterMatch& child) { return child.matches(lookup); };
  switch (filter_->kind) {
    case Filter::Kind::kAnd:
      return std::all_of(children_.begin(), children_.end(), child_matches);
    case Filter::Kind::kOr:
      return std::any_of(children_.begin(), children_.end(), child_matches);
    case Filter::Kind::kNot:
      return !child_matches(children_.front());
    case Filter::Kind::kTest:
      return matches_test(lookup(column_));
  }
  return false;
}

bool FilterMatch::matches_test(const ValueView& value) const {
  const std::vector<Value>& wanted = filter_->values;
  const auto equals = [&](const Value& one) { return filter_equal(value, one.view()); };
  switch (filter_->op) {
    case FilterOp::kEqual:
      return equals(wanted.front());
    case FilterOp::kNotEqual:
      return !equals(wanted.front());
    case FilterOp::kLess:
      return filter_compare(value, wanted.front().view()) < 0;
    case FilterOp::kLessOrEqual:
      return filter_compare(value, wanted.front().view()) <= 0;
    case FilterOp::kGreater:
      return filter_compare(value, wanted.front().view()) > 0;
    case FilterOp::kGreaterOrEqual:
      return filter_compare(value, wanted.front().view()) >= 0;
    case FilterOp::kIn:
      return std::any_of(wanted.begin(), wanted.end(), equals);
    case FilterOp::kNotIn:
      return std::none_of(wanted.begin(), wanted.end(), equals);
    case FilterOp::kExists:
      return !value.is_null();
    case FilterOp::kDoesNotExist:
      return value.is_null();
    case FilterOp::kStartsWith:
      return value.is_string() && value.as_string().starts_with(wanted.front().as_string());
    case FilterOp::kDoesNotStartWith:
      return !(value.is_string() && value.as_string().starts_with(wanted.front().as_string()));
    case FilterOp::kEndsWith:
      return value.is_string() && value.as_string().ends_with(wanted.front().as_string());
    case FilterOp::kDoesNotEndWith:
      return !(value.is_string() && value.as_string().ends_with(wanted.front().as_string()));
    case FilterOp::kContains:
      return contains(value, wanted.front().as_string());
    case FilterOp::kDoesNotContain:
      return !contains(value, wanted.front().as_string());
  }
  return false;
}

}  // namespace understudy::store
