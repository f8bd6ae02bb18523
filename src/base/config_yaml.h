#pragma once

#include <string>
#include <string_view>

#include "base/config_node.h"

namespace understudy::base {

/// Reads one YAML document. Errors name file and line: broken syntax, a key twice in one map, keys
/// that are no plain text, more than one document, nesting beyond `kYamlDepthMax`, a text beyond
/// `kYamlBytesMax`, aliases (an alias bomb grows without bound). JSON is a subset and works too.
Result<ConfigNode> parse_yaml(std::string_view text, const std::string& file_name);

/// Reads and parses a file; the Error says why it could not be read.
Result<ConfigNode> load_yaml(const std::string& file_name);

inline constexpr int kYamlDepthMax = 64;
inline constexpr size_t kYamlBytesMax = 4 << 20;

}  // namespace understudy::base
