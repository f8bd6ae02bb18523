// A store under kill -9 and on a full disk: what was acknowledged is there, once and unchanged.
// UNDERSTUDY_KILLS=100 kills more often.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/rng.h"

namespace understudy {
namespace {

class DurabilityTest : public ::testing::Test {
 protected:
  DurabilityTest() {
    std::string path = ::testing::TempDir() + "/durability_XXXXXX";
    path_ = ::mkdtemp(path.data());
  }
  ~DurabilityTest() override {
    ::umount2(folder().c_str(), MNT_DETACH);  // a test may have mounted a small disk there
    std::filesystem::remove_all(path_);
  }

  std::string folder() const { return path_ + "/store"; }

  /// Starts the tool with its output in a file.
  static pid_t start(const std::vector<std::string>& arguments, const std::string& output) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(fd, STDOUT_FILENO);
    if (std::getenv("UNDERSTUDY_VERBOSE") == nullptr) {
      ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    }
    std::vector<char*> argv = {const_cast<char*>(DURABILITY_TOOL)};
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    ::execv(DURABILITY_TOOL, argv.data());
    ::_exit(127);
  }
  static int wait(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string new_acks() {
    acks_.push_back(path_ + "/acks" + std::to_string(acks_.size()));
    return acks_.back();
  }
  /// Runs the check over everything acknowledged so far.
  void expect_nothing_lost() {
    std::vector<std::string> arguments = {"check", folder()};
    arguments.insert(arguments.end(), acks_.begin(), acks_.end());
    const std::string report = path_ + "/report";
    const int code = wait(start(arguments, report));
    std::string text;
    std::getline(std::ifstream(report), text);
    EXPECT_EQ(code, 0) << text;
    report_ = text;
  }

  std::string path_;
  std::vector<std::string> acks_;
  std::string report_;
};

TEST_F(DurabilityTest, KillAtARandomMomentLosesNothingAcknowledged) {
  const char* wanted = std::getenv("UNDERSTUDY_KILLS");
  const int kills = wanted == nullptr ? 20 : std::atoi(wanted);
  base::Rng rng(20'260'101);
  for (int life = 0; life < kills; ++life) {
    const pid_t writer = start({"write", folder(), std::to_string(life), "100000"}, new_acks());
    // From the middle of opening (and replaying what earlier lives left) to well into writing.
    ::usleep(static_cast<useconds_t>(5'000 + rng.below(400'000)));
    ::kill(writer, SIGKILL);
    ASSERT_EQ(wait(writer), -SIGKILL) << "the writer was still at work";
    if (life % 5 == 4) expect_nothing_lost();
  }
  expect_nothing_lost();
  std::printf("[          ] %d kills: %s\n", kills, report_.c_str());
}

TEST_F(DurabilityTest, WriterThatEndsByItselfLosesNothing) {
  ASSERT_EQ(wait(start({"write", folder(), "0", "300"}, new_acks())), 0);
  expect_nothing_lost();
  EXPECT_NE(report_.find("cut 0 bytes, damaged 0 bytes"), std::string::npos) << report_;
}

TEST_F(DurabilityTest, CheckSeesWhatIsLost) {
  ASSERT_EQ(wait(start({"write", folder(), "0", "100"}, new_acks())), 0);
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder())) {
    if (file.is_regular_file() && file.file_size() > 0)
      std::filesystem::resize_file(file.path(), file.file_size() / 2);
  }
  EXPECT_EQ(wait(start({"check", folder(), acks_.back()}, path_ + "/report")), 1);
}

TEST_F(DurabilityTest, FullDiskLosesNothingAndIntakeResumes) {
  const std::string disk = path_ + "/store";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=128k") != 0) {
    GTEST_SKIP() << "no small tmpfs can be mounted here: " << std::strerror(errno);
  }
  ASSERT_EQ(wait(start({"write", folder(), "0", "2000"}, new_acks())), 0);
  std::string acks;
  std::getline(std::ifstream(acks_.back()), acks, '\0');
  EXPECT_NE(acks.find("\nA "), std::string::npos);
  EXPECT_NE(acks.find("\nR "), std::string::npos) << "the disk did get full";
  expect_nothing_lost();

  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  ASSERT_EQ(wait(start({"write", folder(), "1", "300"}, new_acks())), 0);
  std::getline(std::ifstream(acks_.back()), acks, '\0');
  EXPECT_EQ(acks.find("\nR "), std::string::npos) << "there is room again";
  expect_nothing_lost();
}

}  // namespace
}  // namespace understudy
