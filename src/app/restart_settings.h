#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config_file.h"

namespace understudy::app {

/// The settings that are read once, at the start, by their path: "store.sync_interval". All others
/// take effect with a reload; docs/configuration.md says which, and a test holds it to this list.
std::vector<std::string_view> settings_read_at_start();

/// Those of them that differ: what a reload cannot change.
std::vector<std::string> changed_settings_read_at_start(const Config& before, const Config& after);

}  // namespace understudy::app
