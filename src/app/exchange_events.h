#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/event_writer.h"
#include "compare/comparison.h"
#include "compare/rules.h"
#include "proxy/exchange.h"

namespace understudy::app {

/// What became of an exchange in the recorder.
struct SettledExchange {
  proxy::Account account = proxy::Account::kNotSampled;
  std::string reason;                             // why the account is what it is; may be empty
  std::optional<compare::Comparison> comparison;  // when both answers were held side by side
  double comparison_us = 0;
  const compare::Rules* rules = nullptr;  // of the migration, if it is known; not owned
};

/// Writes the events of one exchange: one evaluation, its differences, and an error for each side
/// that failed. An answer of 500 or more is an error of its side; one of 400 to 499 is when it
/// names its type and the other side did not answer the same status.
void write_exchange(const proxy::Exchange& exchange, const SettledExchange& settled,
                    EventWriter& writer);

/// The name of the exchange's route; empty when none matched or none is configured.
std::string_view route_name(const proxy::Exchange& exchange);

}  // namespace understudy::app
