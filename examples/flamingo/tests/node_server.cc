#include "tests/node_server.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace flamingo {
namespace {

std::vector<std::string> command(const std::string& script, const std::vector<std::string>& args) {
  std::vector<std::string> words = {"node", "--openssl-legacy-provider",
                                    FLAMINGO_TESTS_DIR "/" + script,
                                    FLAMINGO_DEPS "/npm/node_modules"};
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

bool is_port(const std::string& line) {
  return line.size() > 1 &&
         std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

NodeServer::NodeServer(const std::string& script, const std::vector<std::string>& args)
    : node_(command(script, args)) {
  // A package may warn before.
  std::string line = node_.next_line();
  while (!line.empty() && !is_port(line)) line = node_.next_line();
  if (line.empty()) {
    ADD_FAILURE() << script << " did not start:\n" << node_.said();
    return;
  }
  url_ = "http://127.0.0.1:" + line.substr(0, line.size() - 1);
}

}  // namespace flamingo
