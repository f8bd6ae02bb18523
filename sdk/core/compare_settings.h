#pragma once

#include <memory>

#include "base/config_node.h"
#include "base/result.h"
#include "compare/comparator.h"
#include "flags/value.h"

namespace understudy::sdk {

/// A JSON value as a configuration tree, so that a flag's `compare` section is read by the same
/// parsers as the server's file. Paths in errors start at `path`.
base::ConfigNode to_config(const flags::Value& value, const std::string& path);

/// The comparator a `compare` section asks for. Bounds and rules as in the server's configuration.
base::Result<std::unique_ptr<compare::Comparator>> make_comparator(const flags::Value& section,
                                                                   const std::string& path);

}  // namespace understudy::sdk
