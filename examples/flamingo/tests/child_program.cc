#include "tests/child_program.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace flamingo {

ChildProgram::ChildProgram(std::vector<std::string> words, const Environment& environment) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  output_ = fdopen(ends[0], "r");
}

ChildProgram::~ChildProgram() {
  if (output_ != nullptr) fclose(output_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string ChildProgram::next_line() {
  std::string line;
  for (int c = 0; output_ != nullptr && (c = fgetc(output_)) != EOF;) {
    line += static_cast<char>(c);
    if (c == '\n') break;
  }
  said_ += line;
  return line;
}

std::string ChildProgram::wait_for(const std::string& before, char end) {
  for (std::string line = next_line(); !line.empty(); line = next_line()) {
    const size_t at = line.find(before);
    if (at == std::string::npos) continue;
    const size_t from = at + before.size();
    return line.substr(from, line.find(end, from) - from);
  }
  return {};
}

int ChildProgram::wait_for_end() {
  while (!next_line().empty()) {
  }
  if (pid_ <= 0) return -1;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int ChildProgram::stop() {
  if (pid_ > 0) kill(pid_, SIGTERM);
  return wait_for_end();
}

}  // namespace flamingo
