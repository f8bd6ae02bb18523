#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace flamingo {

/// A program as a child process, ended with the object.
class ChildProgram {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// Starts `words[0]` (found in PATH) with `environment` added to ours. What it writes to standard
  /// output and standard error can be read here.
  explicit ChildProgram(std::vector<std::string> words, const Environment& environment = {});
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  /// The next line it writes, waited for; empty when it has ended.
  std::string next_line();
  /// What comes after `before` in the first line that has it, up to `end`; empty when it ends
  /// without one. What it said until then is in `said()`.
  std::string wait_for(const std::string& before, char end = '\n');
  /// Everything that was read so far.
  const std::string& said() const { return said_; }

  /// Reads to its end. Gives the exit code, or -1 for one that a signal ended.
  int wait_for_end();
  /// SIGTERM, and then as wait_for_end().
  int stop();

 private:
  int pid_ = -1;
  FILE* output_ = nullptr;
  std::string said_;
};

}  // namespace flamingo
