#include "flags/snapshot.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/text.h"
#include "flags/evaluate.h"
#include "flags/snapshot_holder.h"

namespace understudy::flags {
namespace {

Flag flag(std::string key, int64_t version, const char* value) {
  Flag made;
  made.key = std::move(key);
  made.version = version;
  made.on = true;
  made.variations = {value};
  made.fallthrough.variation = 0;
  return made;
}

std::string served(const FlagSnapshot& snapshot, std::string_view key) {
  const Decision decision = evaluate(snapshot, key, Context::user("u"));
  return decision.value != nullptr ? decision.value->as_string() : "nothing";
}

TEST(FlagSnapshot, OfRepeatedKeysTheHighestVersionCounts) {
  const auto snapshot =
      FlagSnapshot::make({flag("a", 1, "old"), flag("a", 3, "new"), flag("a", 2, "middle")});
  EXPECT_EQ(served(*snapshot, "a"), "new");
  EXPECT_EQ(snapshot->flags().size(), 1U);
}

TEST(FlagSnapshot, AChangeMakesANewSnapshotAndLeavesTheOldOneAlone) {
  const auto before = FlagSnapshot::make({flag("a", 1, "one"), flag("b", 1, "b")}, {}, 5);
  const auto after = before->with(flag("a", 2, "two"));
  EXPECT_EQ(served(*before, "a"), "one");
  EXPECT_EQ(served(*after, "a"), "two");
  EXPECT_EQ(served(*after, "b"), "b");
  EXPECT_EQ(after->version(), 6U);
  EXPECT_EQ(before->find_flag("b"), after->find_flag("b")) << "what did not change is shared";
}

TEST(FlagSnapshot, AHandleEvaluatesWithoutALookup) {
  const auto snapshot = FlagSnapshot::make({flag("a", 1, "one")});
  const FlagHandle handle = snapshot->find("a");
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle.flag().key, "a");
  EXPECT_EQ(evaluate(*snapshot, handle, Context::user("u")).value->as_string(), "one");
  EXPECT_FALSE(snapshot->find("b"));
}

TEST(SnapshotHolder, AReaderSeesAPublishOnItsNextRead) {
  SnapshotHolder holder;
  SnapshotHolder::Reader reader(holder);
  EXPECT_TRUE(reader.get()->flags().empty());
  holder.publish(FlagSnapshot::make({flag("a", 1, "one")}));
  EXPECT_EQ(served(*reader.get(), "a"), "one");
  holder.publish(nullptr);
  EXPECT_EQ(served(*reader.get(), "a"), "one");
}

TEST(SnapshotHolder, ASnapshotInUseOutlivesItsReplacement) {
  SnapshotHolder holder(FlagSnapshot::make({flag("a", 1, "one")}));
  SnapshotHolder::Reader reader(holder);
  const std::shared_ptr<const FlagSnapshot> request = reader.get();
  holder.publish(FlagSnapshot::make({flag("a", 2, "two")}));
  EXPECT_EQ(served(*reader.get(), "a"), "two");
  EXPECT_EQ(served(*request, "a"), "one");
}

TEST(SnapshotHolder, ReadersOnOtherThreadsNeverSeeVersionsGoBack) {
  SnapshotHolder holder(FlagSnapshot::make({flag("a", 0, "x")}));
  constexpr int64_t kPublishes = 2000;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&holder] {
      SnapshotHolder::Reader reader(holder);
      int64_t last = -1;
      while (last < kPublishes) {
        const int64_t version = reader.get()->find_flag("a")->version;
        ASSERT_GE(version, last);
        last = version;
      }
    });
  }
  for (int64_t version = 1; version <= kPublishes; ++version) {
    holder.publish(FlagSnapshot::make({flag("a", version, "x")}));
  }
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace understudy::flags
