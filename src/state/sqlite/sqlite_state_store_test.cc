// What only the SQLite engine has: a file, other processes, and disks that fill up.
#include "state/sqlite/sqlite_state_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "base/text.h"
#include "flags/mode.h"

namespace understudy::state {
namespace {

using base::ErrorKind;
using flags::Flag;
using flags::ModeMix;

class SqliteStateStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "state_sqlite_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/state.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<SqliteStateStore> open() {
    auto store = SqliteStateStore::open(options());
    EXPECT_TRUE(store.ok()) << store.error().context;
    return store.ok() ? *std::move(store) : nullptr;
  }
  base::Error open_error() {
    auto store = SqliteStateStore::open(options());
    EXPECT_FALSE(store.ok());
    return store.ok() ? base::invalid("opened") : store.error();
  }
  SqliteOptions options() const {
    return {.path = path_, .busy_timeout = std::chrono::milliseconds(20)};
  }

  /// Runs SQL on the file as another program would.
  void elsewhere(const char* sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }

  static Flag mode_flag(std::string_view mix) {
    return flags::make_mode_flag("m", *ModeMix::parse(mix));
  }

  std::string folder_;
  std::string path_;
};

TEST_F(SqliteStateStoreTest, EverythingIsThereAfterAReopen) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok());
    ASSERT_TRUE(store->put_flag(mode_flag("full_evaluation=20"), {.who = "bob"}).ok());
    ASSERT_TRUE(store->add_marker({.type = "deploy"}).ok());
  }
  const auto store = open();
  EXPECT_EQ(flags::mix_of(*store->flag("m.mode"))->to_string(),
            "control_only=80,full_evaluation=20");
  EXPECT_EQ(store->history({})->size(), 2U);
  EXPECT_EQ(store->markers({})->size(), 3U);
  EXPECT_EQ((*store->snapshot())->version(), 2U);
}

TEST_F(SqliteStateStoreTest, TwoOpenStoresSeeEachOthersChanges) {
  const auto here = open();
  const auto there = open();
  ASSERT_TRUE(here->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok());
  EXPECT_EQ(there->flag("m.mode")->version, 1);
  EXPECT_EQ(there->put_flag(mode_flag("control_only"), {.who = "bob"}, 0).error().kind,
            ErrorKind::kConflict);
}

TEST_F(SqliteStateStoreTest, MakesTheFolderOfItsFile) {
  path_ = folder_ + "/a/b/state.db";
  EXPECT_NE(open(), nullptr);
}

TEST_F(SqliteStateStoreTest, AFileOfTheFirstSchemaGetsItsMarkers) {
  { const auto store = open(); }
  elsewhere(
      "DROP TABLE documents; DROP TABLE document_versions; DROP TABLE markers; "
      "DROP TABLE api_keys; PRAGMA user_version = 1");
  const auto store = open();
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(store->put_flag(mode_flag("control_only"), {.who = "alice"}).ok());
  EXPECT_EQ(store->markers({})->size(), 1U);
}

TEST_F(SqliteStateStoreTest, AFileOfTheSecondSchemaGetsItsKeysAndKeepsItsFlags) {
  ASSERT_TRUE(open()->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok());
  elsewhere(
      "DROP TABLE documents; DROP TABLE document_versions; DROP TABLE api_keys; "
      "PRAGMA user_version = 2");
  const auto store = open();
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(store->api_keys()->empty());
  EXPECT_EQ(store->flag("m.mode")->version, 1);
}

TEST_F(SqliteStateStoreTest, AFileOfTheThirdSchemaGetsItsDocumentsAndKeepsAllElse) {
  ASSERT_TRUE(open()->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok());
  elsewhere("DROP TABLE documents; DROP TABLE document_versions; PRAGMA user_version = 3");
  {
    const auto store = open();
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->flag("m.mode")->version, 1);
    EXPECT_EQ(store->history({})->size(), 1U);
    EXPECT_EQ(store->markers({})->size(), 1U);
    ASSERT_TRUE(store->documents().put({.id = "a", .who = "alice", .json = "{}"}).ok());
    ASSERT_TRUE(store->results().put({.id = "r", .who = "alice", .json = "{}"}).ok());
  }
  const auto again = open();
  EXPECT_TRUE(again->documents().find(DocumentKind::kBoard, "a").ok());
  EXPECT_TRUE(again->results().find(DocumentKind::kBoard, "r").ok());
  EXPECT_FALSE(again->documents().find(DocumentKind::kBoard, "r").ok()) << "a file of their own";
}

// What goes wrong with files.

TEST_F(SqliteStateStoreTest, SaysThatAFolderCannotBeMade) {
  std::ofstream(folder_ + "/file") << "x";
  path_ = folder_ + "/file/sub/state.db";
  const base::Error failure = open_error();
  EXPECT_EQ(failure.kind, ErrorKind::kIo);
  EXPECT_EQ(failure.context,
            base::cat("the folder ", folder_, "/file/sub cannot be made: Not a directory"));
}

TEST_F(SqliteStateStoreTest, SaysThatAFileCannotBeOpened) {
  std::filesystem::create_directory(path_);
  const base::Error failure = open_error();
  EXPECT_EQ(failure.kind, ErrorKind::kIo);
  EXPECT_TRUE(failure.context.starts_with(path_ + " cannot be opened")) << failure.context;
}

TEST_F(SqliteStateStoreTest, SaysThatAFileIsNoDatabase) {
  std::ofstream(path_) << std::string(8192, 'x');
  const base::Error failure = open_error();
  EXPECT_EQ(failure.kind, ErrorKind::kInvalid);
  EXPECT_EQ(failure.context, path_ + " is not an SQLite database");
}

TEST_F(SqliteStateStoreTest, AnswersThatCannotBeReadKeepNobodyFromStarting) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  ASSERT_TRUE(open()->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok());
  const std::string results = folder_ + "/state.results.db";
  ASSERT_TRUE(std::filesystem::exists(results));
  std::ofstream(results, std::ios::trunc) << std::string(8192, 'x');
  const auto store = open();
  base::set_log_sink({});
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->flag("m.mode")->version, 1);
  EXPECT_TRUE(store->results().put({.id = "r", .who = "alice", .json = "{}"}).ok());
  EXPECT_TRUE(std::filesystem::exists(results + ".damaged"));
}

TEST_F(SqliteStateStoreTest, LeavesTheDatabaseOfAnotherApplicationAlone) {
  elsewhere("CREATE TABLE theirs (x)");
  const auto size = std::filesystem::file_size(path_);
  const base::Error failure = open_error();
  EXPECT_EQ(failure.kind, ErrorKind::kInvalid);
  EXPECT_EQ(failure.context, path_ + " is a database of another application; it was not touched");
  EXPECT_EQ(std::filesystem::file_size(path_), size);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
}

TEST_F(SqliteStateStoreTest, RefusesANewerSchema) {
  { const auto store = open(); }
  elsewhere("PRAGMA user_version = 99");
  const base::Error failure = open_error();
  EXPECT_EQ(failure.kind, ErrorKind::kInvalid);
  EXPECT_EQ(failure.context, path_ +
                                 " has schema version 99, newer than the 4 this program "
                                 "knows; run the newer program");
}

TEST_F(SqliteStateStoreTest, SaysThatAFileIsCorrupt) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok());
  }
  const auto size = std::filesystem::file_size(path_);
  {
    // The header stays, every page behind it becomes noise.
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(size - 4096, '\x5A');
  }
  auto store = SqliteStateStore::open(options());
  const base::Error failure = store.ok() ? (*store)->flags().error() : store.error();
  EXPECT_EQ(failure.kind, ErrorKind::kIo);
  EXPECT_NE(failure.context.find("is corrupt"), std::string::npos) << failure.context;
}

TEST_F(SqliteStateStoreTest, SaysThatAnotherProcessHoldsTheFileAndGoesOnAfterwards) {
  const auto store = open();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto held = store->put_flag(mode_flag("candidate_only"), {.who = "alice"});
  ASSERT_FALSE(held.ok());
  EXPECT_EQ(held.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(held.error().retry, base::Retry::kSafe);
  EXPECT_EQ(held.error().context, path_ + " is held by another process (waited 20 ms)");
  EXPECT_TRUE(store->flags().ok()) << "reading goes on";
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_TRUE(store->put_flag(mode_flag("candidate_only"), {.who = "alice"}).ok());
}

TEST_F(SqliteStateStoreTest, AFullFileRefusesWritesAndKeepsWhatItHas) {
  auto opened = SqliteStateStore::open({.path = path_, .file_bytes_max = 256 << 10});
  ASSERT_TRUE(opened.ok()) << opened.error().context;
  StateStore& store = **opened;
  Flag flag;
  flag.key = "big";
  int64_t acknowledged = 0;
  base::Result<Flag> put = base::invalid("not tried");
  for (int i = 0; i < 100; ++i) {
    flag.variations = {std::string(20'000, static_cast<char>('a' + i % 26)), i};
    put = store.put_flag(flag, {.who = "alice"});
    if (!put.ok()) break;
    acknowledged = put->version;
  }
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().kind, ErrorKind::kIo);
  EXPECT_EQ(put.error().context,
            path_ + " cannot grow: the disk is full or its size limit is reached");
  EXPECT_GT(acknowledged, 0);
  EXPECT_EQ(store.flag("big")->version, acknowledged);
  EXPECT_EQ(store.history({})->size(), static_cast<size_t>(acknowledged));
}

TEST_F(SqliteStateStoreTest, AWriteTheSystemRefusesIsAnErrorAndNothingIsLost) {
  { ASSERT_TRUE(open()->put_flag(mode_flag("full_evaluation=10"), {.who = "alice"}).ok()); }
  // In a child, because the limit cannot be lifted again: files may not grow at all.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto store = SqliteStateStore::open(options());
    if (!store.ok()) _exit(2);
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_FSIZE, &none) != 0) _exit(3);
    const auto put = (*store)->put_flag(mode_flag("candidate_only"), {.who = "bob"});
    if (put.ok()) _exit(4);
    const bool says_so = put.error().kind == ErrorKind::kIo;
    const bool readable = (*store)->flag("m.mode").ok();
    _exit(says_so && readable ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(open()->flag("m.mode")->version, 1);
}

}  // namespace
}  // namespace understudy::state
