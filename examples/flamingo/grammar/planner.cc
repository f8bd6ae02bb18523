#include "grammar/planner.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "dialect/moment.h"

namespace flamingo {
namespace {

bool is_key(const Channel& channel) { return channel.aggregate == Aggregate::kNone; }

Fault invalid(std::string message) { return bad_request("InvalidSpec", std::move(message)); }

/// Writes the queries of one chart.
class Planner {
 public:
  Planner(const ChartSpec& spec, const Schema& schema) : spec_(spec), schema_(schema) {}

  Outcome<Plan> plan() {
    if (spec_.dataset != schema_.dataset) {
      return Fault{FaultKind::kNotFound, "UnknownDataset",
                   "there is no dataset '" + spec_.dataset + "'"};
    }
    for (const Channel& channel : spec_.channels) TRY_DONE(check(channel));
    TRY_DONE(write_filters());
    const bool grouped = std::any_of(spec_.channels.begin(), spec_.channels.end(),
                                     [](const Channel& c) { return !is_key(c); });
    std::string select;
    std::string group_by;
    std::set<std::string> written;
    for (const Channel& channel : spec_.channels) {
      const std::string column = column_of(channel);
      if (!written.insert(column).second) continue;  // two channels show the same column
      select += (select.empty() ? "" : ", ") + expression(channel) + " AS " + column;
      if (grouped && is_key(channel)) group_by += (group_by.empty() ? "" : ", ") + column;
    }
    std::string query = "SELECT " + select + " FROM " + spec_.dataset + where_;
    if (!group_by.empty()) query += " GROUP BY " + group_by;
    TRY_OUTCOME(const std::string order, order_by());
    query += order;
    if (spec_.limit) query += " LIMIT " + std::to_string(*spec_.limit);
    plan_.steps.push_back({"rows", std::move(query), rows_parameters(), std::move(derived_)});
    return std::move(plan_);
  }

 private:
  Done check(const Channel& channel) const {
    if (channel.field.empty()) return done();
    const std::string where = "encoding." + channel.name + ".field: ";
    const Field* field = schema_.find(channel.field);
    if (field == nullptr) {
      return invalid(where + "the dataset has no field '" + channel.field + "'");
    }
    const bool is_number = field->type == Type::kInteger || field->type == Type::kNumber;
    if (channel.time_unit && field->type != Type::kTime) {
      return invalid(where + "timeUnit needs a time, '" + field->name + "' is " +
                     std::string(type_name(field->type)));
    }
    const bool needs_number = channel.bin || channel.aggregate == Aggregate::kSum ||
                              channel.aggregate == Aggregate::kMean ||
                              channel.aggregate == Aggregate::kMedian ||
                              channel.aggregate == Aggregate::kStdev;
    if (needs_number && !is_number) {
      return invalid(where + "'" + field->name + "' is not a number");
    }
    return done();
  }

  std::string expression(const Channel& channel) {
    if (channel.time_unit) {
      return "time_unit(" + channel.field + ", '" +
             std::string(time_unit_name(*channel.time_unit)) + "')";
    }
    if (channel.bin) return "bin(" + channel.field + ", :" + step_of(channel) + ")";
    if (channel.aggregate != Aggregate::kNone) {
      return std::string(aggregate_name(channel.aggregate)) + "(" + channel.field + ")";
    }
    return channel.field;
  }

  /// The parameter with the width of a channel's bins; adds what makes it.
  std::string step_of(const Channel& channel) {
    std::string parameter = "step_" + channel.field;
    if (channel.bin->step) {
      const double step = *channel.bin->step;
      if (std::floor(step) == step && step < 1e15) {
        steps_[parameter] = static_cast<int64_t>(step);
      } else {
        steps_[parameter] = step;
      }
      return parameter;
    }
    const std::string name = "extent_" + channel.field;
    plan_.steps.push_back({name,
                           "SELECT min(" + channel.field + ") AS least, max(" + channel.field +
                               ") AS most FROM " + spec_.dataset + where_,
                           filter_parameters_,
                           {}});
    derived_.push_back({parameter, name, channel.bin->maxbins});
    return parameter;
  }

  Parameters rows_parameters() {
    Parameters all = filter_parameters_;
    all.insert(steps_.begin(), steps_.end());
    return all;
  }

  Outcome<std::string> order_by() const {
    std::string order;
    for (const Channel& channel : spec_.channels) {
      if (!channel.sort) continue;
      const auto target =
          std::find_if(spec_.channels.begin(), spec_.channels.end(),
                       [&](const Channel& c) { return c.name == channel.sort->channel; });
      if (target == spec_.channels.end()) {
        return invalid("encoding." + channel.name + ".sort: there is no channel " +
                       channel.sort->channel);
      }
      order += (order.empty() ? " ORDER BY " : ", ") + column_of(*target) +
               (channel.sort->descending ? " DESC" : "");
    }
    return order;
  }

  Done write_filters() {
    for (const Predicate& filter : spec_.filters) {
      TRY_OUTCOME(const std::string condition, write(filter));
      where_ += (where_.empty() ? " WHERE " : " AND ") + condition;
    }
    return done();
  }

  Outcome<std::string> write(const Predicate& predicate) {
    switch (predicate.kind) {
      case Predicate::Kind::kAnd:
        return join(predicate.parts, " AND ");
      case Predicate::Kind::kOr:
        return join(predicate.parts, " OR ");
      case Predicate::Kind::kNot: {
        TRY_OUTCOME(const std::string inner, write(predicate.parts[0]));
        return "NOT " + inner;
      }
      case Predicate::Kind::kCompare:
      case Predicate::Kind::kOneOf:
      case Predicate::Kind::kRange:
      case Predicate::Kind::kValid:
        return write_leaf(predicate);
    }
    return invalid("transform: a condition of an unknown kind");
  }

  Outcome<std::string> join(const std::vector<Predicate>& parts, const std::string& word) {
    std::string joined;
    for (const Predicate& part : parts) {
      TRY_OUTCOME(const std::string text, write(part));
      joined += (joined.empty() ? "(" : word) + text;
    }
    return joined + ")";
  }

  Outcome<std::string> write_leaf(const Predicate& predicate) {
    const Field* field = schema_.find(predicate.field);
    if (field == nullptr) {
      return invalid("transform: the dataset has no field '" + predicate.field + "'");
    }
    if (predicate.kind == Predicate::Kind::kValid) return field->name + " IS NOT NULL";
    std::vector<std::string> operands;
    for (const Value& value : predicate.values) {
      TRY_OUTCOME(std::string operand, write_operand(*field, value));
      operands.push_back(std::move(operand));
    }
    if (predicate.kind == Predicate::Kind::kCompare) {
      return field->name + " " + predicate.op + " " + operands[0];
    }
    if (predicate.kind == Predicate::Kind::kRange) {
      return field->name + " BETWEEN " + operands[0] + " AND " + operands[1];
    }
    std::string list;
    for (const std::string& operand : operands) list += (list.empty() ? "" : ", ") + operand;
    return field->name + " IN (" + list + ")";
  }

  /// A parameter that holds the operand, after a check that it fits the field.
  Outcome<std::string> write_operand(const Field& field, const Value& value) {
    const auto* text = std::get_if<std::string>(&value);
    const bool wants_text = field.type == Type::kString || field.type == Type::kTime;
    if (wants_text != (text != nullptr) || (field.type == Type::kTime && !parse_moment(*text))) {
      return invalid("transform: a value that '" + field.name + "' is compared with is not " +
                     (field.type == Type::kTime ? "a moment such as '2001-02-03T04:05:06'"
                                                : "of type " + std::string(type_name(field.type))));
    }
    const std::string name = "p" + std::to_string(filter_parameters_.size() + 1);
    filter_parameters_[name] = value;
    return field.type == Type::kTime ? "time(:" + name + ")" : ":" + name;
  }

  const ChartSpec& spec_;
  const Schema& schema_;
  Plan plan_;
  std::string where_;
  Parameters filter_parameters_;
  Parameters steps_;
  std::vector<DerivedStep> derived_;
};

}  // namespace

std::string column_of(const Channel& channel) {
  if (channel.time_unit) {
    return std::string(time_unit_name(*channel.time_unit)) + "_" + channel.field;
  }
  if (channel.bin) return "bin_" + channel.field;
  if (channel.aggregate == Aggregate::kCount && channel.field.empty()) return "count_rows";
  if (channel.aggregate != Aggregate::kNone) {
    return std::string(aggregate_name(channel.aggregate)) + "_" + channel.field;
  }
  return channel.field;
}

Outcome<Plan> compile(const ChartSpec& spec, const Schema& schema) {
  return Planner(spec, schema).plan();
}

}  // namespace flamingo
