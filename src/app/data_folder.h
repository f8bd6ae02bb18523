#pragma once

#include "app/config_file.h"
#include "base/result.h"

/// The folder everything that lasts is kept in.
namespace understudy::app {

/// Whether `data_dir` is, or can become, a folder this process writes to. Makes nothing.
/// Failure: one line with the place of the setting in the configuration, and what is in the way.
base::Status check_data_folder(const Config& config);

/// The same, and makes the folder and the one of the event log.
base::Status make_data_folder(const Config& config);

/// An error of what is kept there, with the place of the setting in front.
base::Error data_folder_error(const Config& config, const base::Error& error);

}  // namespace understudy::app
