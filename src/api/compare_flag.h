#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "compare/comparator.h"
#include "compare/rules.h"
#include "flags/flag.h"

/// The flag `<migration>.compare`: a JSON flag whose value is the `compare` section of the
/// configuration, the same for everybody.
namespace understudy::api {

std::string compare_flag_key(std::string_view migration);

/// What such a flag serves; null when it serves nothing.
const flags::Value* served_comparison(const flags::Flag& flag);

/// Makes a comparator from such a value. `place` is where it stands, "variations[0]", and may be
/// empty. Failure: kProtocol, "flag data-engine.compare: variations[0].rules[2].ulps: what".
base::Result<compare::Comparator> comparator_from(const std::string& flag_key,
                                                  const flags::Value& value,
                                                  const std::string& place = {});

/// Reads a rule as it stands in such a value, with those nested in it. Failure: kInvalid,
/// "rule.ulps: what".
base::Result<compare::Rules> rules_from(const flags::Value& rule);

/// Whether the flag is one a migration can be compared with, whichever variation it serves.
/// Failure: as comparator_from.
base::Status check_compare_flag(const flags::Flag& flag);

}  // namespace understudy::api
