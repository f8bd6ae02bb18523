#include "tests/node_server.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace flamingo {

NodeServer::NodeServer(const std::string& script, const std::vector<std::string>& args) {
  std::vector<std::string> words = {"node", "--openssl-legacy-provider",
                                    FLAMINGO_TESTS_DIR "/" + script,
                                    FLAMINGO_DEPS "/npm/node_modules"};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execvp("node", argv.data());
    _exit(127);
  }
  close(ends[1]);
  FILE* const out = fdopen(ends[0], "r");
  int port = 0;
  if (out != nullptr && fscanf(out, "%d", &port) == 1) {
    url_ = "http://127.0.0.1:" + std::to_string(port);
  }
  if (out != nullptr) fclose(out);
}

NodeServer::~NodeServer() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace flamingo
