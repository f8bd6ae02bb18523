#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/expression.h"

namespace understudy::store {

/// What an expression can ask about the event at hand.
struct EvaluatedEvent {
  std::int64_t time_ns = 0;
  /// The value of a column, null when the event does not have it; valid while the event lives.
  std::function<event::ValueView(const std::string& column)> column = {};
};

/// The value of a valid expression for one event, by walking the tree. Plain and slow on purpose:
/// the oracle for engines that translate expressions. Pure.
event::Value evaluate(const Expression& expression, const EvaluatedEvent& event);

}  // namespace understudy::store
