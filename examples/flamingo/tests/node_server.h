#pragma once

#include <string>
#include <vector>

#include "tests/child_program.h"

namespace flamingo {

/// A server of the npm registry as a child process, on a port of its own choosing. Ends with the
/// object.
class NodeServer {
 public:
  /// Runs `node tests/SCRIPT NODE_MODULES ARGS...` and waits for the port it prints.
  explicit NodeServer(const std::string& script, const std::vector<std::string>& args = {});

  /// Empty when the server did not start.
  const std::string& url() const { return url_; }

 private:
  ChildProgram node_;
  std::string url_;
};

}  // namespace flamingo
