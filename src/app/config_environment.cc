#include "app/config_environment.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;
using base::ConfigNode;

constexpr std::string_view kPrefix = "UNDERSTUDY_";

/// Where one variable points: the keys to walk from the root.
struct Target {
  std::vector<std::string> keys;
  bool ambiguous = false;
};
using Targets = std::map<std::string, Target>;

std::string variable_part(std::string_view key) {
  std::string part(key);
  for (char& letter : part) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9');
    if (!plain) letter = '_';
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return part;
}

void add_target(Targets& targets, const std::string& variable,
                const std::vector<std::string>& keys) {
  const auto [found, added] = targets.emplace(variable, Target{keys, false});
  if (!added && found->second.keys != keys) found->second.ambiguous = true;
}

/// Every scalar below `node`, under the variable that would override it.
void collect(const ConfigNode& node, const std::string& variable, std::vector<std::string>& keys,
             Targets& targets) {
  const auto visit = [&](const ConfigNode& child, std::string_view part, std::string key) {
    keys.push_back(std::move(key));
    collect(child, cat(variable, "_", variable_part(part)), keys, targets);
    keys.pop_back();
  };
  if (node.is_scalar() || (node.is_null() && !keys.empty())) add_target(targets, variable, keys);
  for (const auto& [key, child] : node.entries()) visit(child, key, key);
  for (size_t i = 0; i < node.items().size(); ++i) {
    const ConfigNode& item = node.items()[i];
    const ConfigNode* name = item.find("name");
    const std::string index = cat(i);
    visit(item, name != nullptr && name->is_scalar() ? name->text() : index, index);
  }
}

/// "_8081_TCP" or "_8081_TCP_ADDR", what follows UNDERSTUDY_PORT in the links of a service.
bool is_port_of_a_service(std::string_view rest) {
  if (!rest.starts_with('_')) return false;
  rest.remove_prefix(1);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0) return false;
  rest.remove_prefix(digits);
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!rest.starts_with(protocol)) continue;
    rest.remove_prefix(protocol.size());
    return rest.empty() || rest == "_PROTO" || rest == "_PORT" || rest == "_ADDR";
  }
  return false;
}

/// Whether Kubernetes (or a Docker link) put it there because a service is called understudy, or
/// understudy-something: nobody meant a setting with it.
bool is_service_link(const EnvironmentVariable& variable) {
  const std::string_view name = variable.name;
  if (name.ends_with("_SERVICE_HOST")) return true;
  for (size_t at = 0; (at = name.find("_PORT", at)) != std::string_view::npos; ++at) {
    const std::string_view rest = name.substr(at + std::string_view("_PORT").size());
    const bool of_service = name.substr(0, at).ends_with("_SERVICE");
    if (of_service && (rest.empty() || rest.starts_with('_'))) return true;
    if (is_port_of_a_service(rest)) return true;
    if (rest.empty()) return variable.value.find("://") != std::string::npos;
  }
  return false;
}

}  // namespace

std::vector<EnvironmentVariable> understudy_environment() {
  std::vector<EnvironmentVariable> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.substr(0, kPrefix.size()) != kPrefix) continue;
    const std::string_view name = text.substr(0, equals);
    if (name == kUrlVariable || name == kKeyVariable) continue;
    variables.push_back(
        {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  }
  std::sort(variables.begin(), variables.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return variables;
}

base::Result<ConfigNode> with_environment(const ConfigNode& root,
                                          const std::vector<std::string_view>& settable,
                                          const std::vector<EnvironmentVariable>& environment) {
  if (environment.empty()) return root;
  Targets targets;
  std::vector<std::string> keys;
  collect(root, std::string(kPrefix.substr(0, kPrefix.size() - 1)), keys, targets);
  for (const std::string_view path : settable) {
    std::vector<std::string> path_keys;
    for (const std::string_view key : base::split(path, '.')) path_keys.emplace_back(key);
    add_target(targets, cat(kPrefix, variable_part(path)), path_keys);
  }

  ConfigNode result = root;
  for (const EnvironmentVariable& variable : environment) {
    const auto found = targets.find(variable.name);
    if (found == targets.end()) {
      if (is_service_link(variable)) continue;
      std::vector<std::string_view> known{kUrlVariable};
      for (const auto& [name, target] : targets) known.push_back(name);
      const std::string_view near = base::nearest(variable.name, known);
      return base::invalid(cat("environment: ", base::printable(variable.name),
                               ": overrides nothing in the configuration",
                               near.empty() ? "" : cat("; did you mean ", near, "?")));
    }
    if (found->second.ambiguous) {
      return base::invalid(cat("environment: ", variable.name,
                               ": could mean more than one setting; change the file instead"));
    }
    result =
        result.with_scalar(found->second.keys, variable.value, cat("environment ", variable.name));
  }
  return result;
}

}  // namespace understudy::app
