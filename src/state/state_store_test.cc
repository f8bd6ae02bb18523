// The contract of StateStore, run against every engine.
#include "state/state_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "base/text.h"
#include "flags/evaluate.h"
#include "flags/flag_json.h"
#include "flags/mode.h"
#include "state/memory_state_store.h"
#include "state/sqlite/sqlite_state_store.h"

namespace understudy::state {
namespace {

using base::ErrorKind;
using flags::Flag;
using flags::ModeMix;

struct Engine {
  const char* name;
  std::function<std::unique_ptr<StateStore>(const std::string& folder, const base::Clock&)> open;
};

std::unique_ptr<StateStore> open_memory(const std::string&, const base::Clock& clock) {
  return std::make_unique<MemoryStateStore>(clock);
}

std::unique_ptr<StateStore> open_sqlite(const std::string& folder, const base::Clock& clock) {
  auto store = SqliteStateStore::open({.path = folder + "/state.db"}, clock);
  if (!store.ok()) {
    ADD_FAILURE() << store.error().context;
    return nullptr;
  }
  return *std::move(store);
}

template <class Result>
ErrorKind kind_of(const Result& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorKind::kInternal : result.error().kind;
}

class StateStoreContract : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "state_contract_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    store_ = GetParam().open(folder_, clock_);
    ASSERT_NE(store_, nullptr);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Flag mode_flag(std::string_view migration, std::string_view mix) {
    return flags::make_mode_flag(migration, *ModeMix::parse(mix));
  }
  static Change by(std::string who, std::string comment = "") {
    return {.who = std::move(who), .comment = std::move(comment)};
  }
  std::string mix_now(std::string_view key) {
    const auto flag = store_->flag(key);
    return flag.ok() ? flags::mix_of(*flag)->to_string() : flag.error().context;
  }

  base::FakeClock clock_;
  std::string folder_;
  std::unique_ptr<StateStore> store_;
};

TEST_P(StateStoreContract, AFlagIsReadBackAsItWasPutWithItsNewVersion) {
  Flag flag = mode_flag("m", "full_evaluation=10");
  flag.version = 77;
  flag.targets.push_back({.values = {"vip"}, .variation = 3});
  const auto put = store_->put_flag(flag, by("alice"));
  ASSERT_TRUE(put.ok()) << put.error().context;
  EXPECT_EQ(put->version, 1);
  const auto read = store_->flag("m.mode");
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(*read, *put);
  flag.version = 1;
  EXPECT_EQ(*read, flag);
}

TEST_P(StateStoreContract, EveryChangeLeavesAHistoryEntryAndAMarker) {
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "control_only"), by("alice", "start")).ok());
  clock_.advance_ns(1'000'000'000);
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=10"), by("bob", "first look")).ok());
  clock_.advance_ns(1'000'000'000);
  ASSERT_TRUE(store_->remove_flag("m.mode", by("carol")).ok());

  const auto history = store_->history({.key = "m.mode"});
  ASSERT_TRUE(history.ok()) << history.error().context;
  ASSERT_EQ(history->size(), 3U);
  const HistoryEntry& removed = (*history)[0];
  const HistoryEntry& changed = (*history)[1];
  const HistoryEntry& created = (*history)[2];
  EXPECT_EQ(created.version, 1);
  EXPECT_EQ(created.from_json, "");
  EXPECT_EQ(changed.who, "bob");
  EXPECT_EQ(changed.comment, "first look");
  EXPECT_EQ(changed.version, 2);
  EXPECT_EQ(changed.time_ns, created.time_ns + 1'000'000'000);
  EXPECT_EQ(changed.from_json, created.to_json);
  EXPECT_EQ(flags::mix_of(*flags::parse_flag(changed.to_json))->to_string(),
            "control_only=90,full_evaluation=10");
  EXPECT_EQ(removed.from_json, changed.to_json);
  EXPECT_EQ(removed.to_json, "");
  EXPECT_EQ(removed.version, 3);

  const auto markers = store_->markers({.type = "flag_change"});
  ASSERT_TRUE(markers.ok()) << markers.error().context;
  ASSERT_EQ(markers->size(), 3U);
  EXPECT_EQ((*markers)[1].message,
            "m.mode: control_only=100 -> control_only=90,full_evaluation=10 by bob (first look)");
  EXPECT_EQ((*markers)[1].time_ns, changed.time_ns);
  EXPECT_EQ((*markers)[0].message, "m.mode deleted by carol");
}

TEST_P(StateStoreContract, AWriteThatChangesNothingLeavesNoTrace) {
  const Flag flag = mode_flag("m", "full_evaluation=10");
  ASSERT_TRUE(store_->put_flag(flag, by("alice")).ok());
  const auto again = store_->put_flag(flag, by("bob"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->version, 1);
  EXPECT_EQ(store_->history({})->size(), 1U);
  EXPECT_EQ(store_->markers({})->size(), 1U);
}

TEST_P(StateStoreContract, AnExpectedVersionThatIsGoneIsAConflict) {
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=10"), by("alice"), 0).ok());
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=20"), by("alice"), 1).ok());
  const auto late = store_->put_flag(mode_flag("m", "full_evaluation=50"), by("bob"), 1);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(late.error().context,
            "flag 'm.mode' is at version 2, not 1: somebody changed it in the meantime");
  EXPECT_EQ(store_->remove_flag("m.mode", by("bob"), 1).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(store_->put_flag(mode_flag("m", "candidate_only"), by("bob"), 0).error().kind,
            ErrorKind::kConflict);
  EXPECT_EQ(mix_now("m.mode"), "control_only=80,full_evaluation=20");
  EXPECT_EQ(store_->history({})->size(), 2U);
}

TEST_P(StateStoreContract, OfManyWritersWithTheSameExpectationOneWins) {
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "control_only"), by("alice")).ok());
  std::atomic<int> winners{0};
  std::vector<std::thread> writers;
  for (int i = 1; i <= 4; ++i) {
    writers.emplace_back([&, i] {
      const Flag flag = mode_flag("m", base::cat("full_evaluation=", i));
      if (store_->put_flag(flag, by(base::cat("writer-", i)), 1).ok()) ++winners;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(store_->flag("m.mode")->version, 2);
}

TEST_P(StateStoreContract, VersionsGrowAcrossDeletion) {
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=10"), by("alice")).ok());
  ASSERT_TRUE(store_->remove_flag("m.mode", by("alice")).ok());
  EXPECT_EQ(store_->flag("m.mode").error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(store_->flags()->empty());
  EXPECT_EQ(store_->remove_flag("m.mode", by("alice")).error().kind, ErrorKind::kNotFound);
  const auto back = store_->put_flag(mode_flag("m", "full_evaluation=10"), by("alice"), 0);
  ASSERT_TRUE(back.ok()) << back.error().context;
  EXPECT_EQ(back->version, 3);
}

TEST_P(StateStoreContract, TheConfigurationCreatesAFlagAndFollowsItselfUntilSomebodyElseDoes) {
  const auto ensure = [&](std::string_view mix) {
    return *store_->ensure_flag(mode_flag("m", mix), "understudy.yaml:12");
  };
  EXPECT_EQ(ensure("full_evaluation=10"), Ensured::kCreated);
  EXPECT_EQ(ensure("full_evaluation=10"), Ensured::kUnchanged);
  EXPECT_EQ(ensure("full_evaluation=20"), Ensured::kUpdated);
  EXPECT_EQ(mix_now("m.mode"), "control_only=80,full_evaluation=20");
  EXPECT_EQ(store_->history({})->front().who, "understudy.yaml:12");
  EXPECT_EQ(store_->history({})->front().origin, Origin::kConfig);

  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=50"), by("alice")).ok());
  EXPECT_EQ(ensure("full_evaluation=30"), Ensured::kKept);
  EXPECT_EQ(mix_now("m.mode"), "control_only=50,full_evaluation=50");
}

TEST_P(StateStoreContract, WhoDeletesAFlagGivesItBackToTheConfiguration) {
  const auto ensure = [&](std::string_view mix) {
    return *store_->ensure_flag(mode_flag("m", mix), "understudy.yaml:12");
  };
  ensure("full_evaluation=10");
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=50"), by("alice")).ok());
  ASSERT_TRUE(store_->remove_flag("m.mode", by("alice")).ok());
  ASSERT_EQ(ensure("full_evaluation=10"), Ensured::kReturned);
  EXPECT_EQ(mix_now("m.mode"), "control_only=90,full_evaluation=10");
  EXPECT_EQ(store_->flag("m.mode")->version, 4);
  EXPECT_EQ(store_->history({})->front().origin, Origin::kConfig);
  EXPECT_EQ(store_->history({})->front().from_json, "");
  EXPECT_EQ(ensure("full_evaluation=20"), Ensured::kUpdated);
  EXPECT_EQ(mix_now("m.mode"), "control_only=80,full_evaluation=20");
}

TEST_P(StateStoreContract, APersonWhoConfirmsWhatTheConfigurationSaysTakesItOver) {
  ASSERT_TRUE(store_->ensure_flag(mode_flag("m", "full_evaluation=10"), "u.yaml:1").ok());
  ASSERT_TRUE(store_->put_flag(mode_flag("m", "full_evaluation=10"), by("alice")).ok());
  EXPECT_EQ(*store_->ensure_flag(mode_flag("m", "full_evaluation=90"), "u.yaml:1"), Ensured::kKept);
}

TEST_P(StateStoreContract, ASnapshotEvaluatesWhatIsStored) {
  ASSERT_TRUE(store_->put_flag(mode_flag("a", "candidate_only"), by("alice")).ok());
  ASSERT_TRUE(store_->put_flag(mode_flag("b", "control_only"), by("alice")).ok());
  flags::Segment segment;
  segment.key = "vips";
  segment.included = {"vip"};
  ASSERT_TRUE(store_->put_segment(segment, by("alice")).ok());
  ASSERT_TRUE(store_->remove_flag("b.mode", by("alice")).ok());
  const auto snapshot = store_->snapshot();
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().context;
  EXPECT_EQ(flags::evaluate_mode(**snapshot, "a.mode", "k").mode, flags::Mode::kCandidateOnly);
  EXPECT_EQ((*snapshot)->find_flag("b.mode"), nullptr);
  EXPECT_EQ((*snapshot)->find_segment("vips")->included, segment.included);
  EXPECT_EQ((*snapshot)->version(), 4U);
}

TEST_P(StateStoreContract, FlagsAndSegmentsOfOneKeyAreDifferentThings) {
  Flag flag;
  flag.key = "x";
  flags::Segment segment;
  segment.key = "x";
  ASSERT_TRUE(store_->put_flag(flag, by("alice")).ok());
  ASSERT_TRUE(store_->put_segment(segment, by("alice")).ok());
  ASSERT_TRUE(store_->remove_segment("x", by("alice")).ok());
  EXPECT_TRUE(store_->flag("x").ok());
  EXPECT_FALSE(store_->segment("x").ok());
  EXPECT_EQ(store_->history({.kind = ItemKind::kSegment})->size(), 2U);
  EXPECT_EQ(store_->history({.kind = ItemKind::kFlag, .key = "x"})->size(), 1U);
  EXPECT_EQ(store_->markers({})->front().message, "segment x deleted by alice");
}

TEST_P(StateStoreContract, HistoryIsReadInPagesFromTheNewest) {
  for (int i = 1; i <= 7; ++i) {
    const Flag flag = mode_flag("m", base::cat("full_evaluation=", i));
    ASSERT_TRUE(store_->put_flag(flag, by("alice")).ok());
  }
  const auto first = store_->history({.limit = 3});
  ASSERT_EQ(first->size(), 3U);
  EXPECT_EQ(first->front().version, 7);
  const auto second = store_->history({.before_id = first->back().id, .limit = 100});
  ASSERT_EQ(second->size(), 4U);
  EXPECT_EQ(second->front().version, 4);
  EXPECT_EQ(second->back().version, 1);
}

TEST_P(StateStoreContract, MarkersAreFoundByTimeAndType) {
  const auto add = [&](int64_t from, std::optional<int64_t> until, const char* type) {
    return store_
        ->add_marker({.time_ns = from,
                      .end_time_ns = until,
                      .type = type,
                      .message = "v2",
                      .url = "https://ci/1"})
        ->id;
  };
  const int64_t deploy = add(1000, std::nullopt, "deploy");
  const int64_t incident = add(1500, 3000, "incident");
  const int64_t verdict = add(5000, std::nullopt, "verdict");
  const auto ids = [&](const MarkerQuery& query) {
    std::vector<int64_t> found;
    const auto markers = store_->markers(query);
    EXPECT_TRUE(markers.ok());
    for (const Marker& marker : *markers) found.push_back(marker.id);
    return found;
  };
  EXPECT_EQ(ids({}), (std::vector{verdict, incident, deploy}));
  EXPECT_EQ(ids({.from_ns = 2000, .until_ns = 5000}), std::vector{incident});
  EXPECT_EQ(ids({.type = "deploy"}), std::vector{deploy});
  EXPECT_EQ(ids({.before_id = verdict, .limit = 1}), std::vector{incident});
  const Marker read = store_->markers({.type = "incident"})->front();
  EXPECT_EQ(read.end_time_ns, 3000);
  EXPECT_EQ(read.url, "https://ci/1");
  EXPECT_EQ(store_->add_marker({.type = "now"})->time_ns, clock_.unix_ns());
}

// What is refused.

TEST_P(StateStoreContract, RefusesWhatIsTooLongOrEmpty) {
  Flag flag;
  EXPECT_EQ(kind_of(store_->put_flag(flag, by("alice"))), ErrorKind::kInvalid);
  flag.key = "has space";
  EXPECT_EQ(kind_of(store_->put_flag(flag, by("alice"))), ErrorKind::kInvalid);
  flag.key = std::string(kKeyBytesMax + 1, 'k');
  EXPECT_EQ(kind_of(store_->put_flag(flag, by("alice"))), ErrorKind::kLimit);
  flag.key = "k";
  EXPECT_EQ(kind_of(store_->put_flag(flag, by(""))), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of(store_->put_flag(flag, by("alice", std::string(kCommentBytesMax + 1, 'c')))),
            ErrorKind::kLimit);
  flag.variations = {std::string(kRecordJsonBytesMax, 'v')};
  EXPECT_EQ(kind_of(store_->put_flag(flag, by("alice"))), ErrorKind::kLimit);
  EXPECT_EQ(kind_of(store_->add_marker({.type = ""})), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of(store_->add_marker({.time_ns = 10, .end_time_ns = 5, .type = "x"})),
            ErrorKind::kInvalid);
  EXPECT_EQ(kind_of(store_->add_marker(
                {.type = "x", .message = std::string(kMarkerMessageBytesMax + 1, 'm')})),
            ErrorKind::kLimit);
  EXPECT_TRUE(store_->history({})->empty());
  EXPECT_TRUE(store_->markers({})->empty());
}

TEST_P(StateStoreContract, KeepsTextThatLooksLikeSqlAndBytesThatAreNoText) {
  Flag flag;
  flag.key = "x';DROP--TABLE";
  flag.variations = {"'; DELETE FROM records; --", std::string("nul\0byte", 8)};
  ASSERT_TRUE(store_->put_flag(flag, by("o'hara", std::string("a\0b\xFF", 4))).ok());
  const auto read = store_->flag(flag.key);
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(read->variations, flag.variations);
  EXPECT_EQ(store_->history({})->front().comment, std::string("a\0b\xFF", 4));
}

TEST_P(StateStoreContract, AKeyIsKeptWithoutItsSecretAndRevokedForGood) {
  const auto made = make_api_key("ci", *Permissions::parse("read,operate"));
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(store_->add_api_key(made->key, "alice").ok());
  clock_.advance_ns(5);
  const auto revoked = store_->revoke_api_key(made->key.id, "bob");
  ASSERT_TRUE(revoked.ok()) << revoked.error().context;
  clock_.advance_ns(5);
  EXPECT_TRUE(store_->revoke_api_key(made->key.id, "carol").ok());

  const auto keys = store_->api_keys();
  ASSERT_TRUE(keys.ok());
  ASSERT_EQ(keys->size(), 1U);
  const ApiKey& kept = keys->front();
  EXPECT_EQ(kept.permissions.text(), "read,operate");
  EXPECT_EQ(kept.created_by, "alice");
  EXPECT_EQ(kept.revoked_by, "bob");
  EXPECT_EQ(kept.revoked_ns, kept.created_ns + 5);
  const auto presented = PresentedKey::parse(made->text);
  ASSERT_TRUE(presented.has_value());
  EXPECT_TRUE(secret_matches(kept, presented->secret));
  EXPECT_EQ(kept.secret_sha256.find(presented->secret), std::string::npos);
}

TEST_P(StateStoreContract, TheNameOfAKeyIsFreeAgainWhenItIsRevoked) {
  const auto add = [&] {
    return store_->add_api_key(make_api_key("ci", *Permissions::parse("read"))->key, "alice");
  };
  const auto first = add();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(kind_of(add()), ErrorKind::kConflict);
  ASSERT_TRUE(store_->revoke_api_key(first->id, "alice").ok());
  EXPECT_TRUE(add().ok());
  EXPECT_EQ(kind_of(store_->revoke_api_key("000000000000", "alice")), ErrorKind::kNotFound);
}

TEST(ApiKeyText, OnlyTheShapeOfOursIsTaken) {
  const std::string text = make_api_key("x", *Permissions::parse("read"))->text;
  EXPECT_TRUE(PresentedKey::parse(text).has_value());
  for (const std::string& other :
       {std::string(), std::string("sdk-1"), text + "0", text.substr(1), text.substr(0, 30),
        std::string("understudy_") + std::string(61, 'G')}) {
    EXPECT_FALSE(PresentedKey::parse(other).has_value()) << other;
  }
}

TEST_P(StateStoreContract, AMarkerOfAPersonCanBeChangedAndRemoved) {
  auto marker = store_->add_marker({.type = "deploy", .message = "7"});
  ASSERT_TRUE(marker.ok());
  marker->message = "8";
  marker->end_time_ns = marker->time_ns + 5;
  ASSERT_TRUE(store_->change_marker(*marker).ok());
  EXPECT_EQ(store_->markers({})->at(0).message, "8");
  EXPECT_EQ(store_->markers({})->at(0).end_time_ns, marker->time_ns + 5);
  ASSERT_TRUE(store_->remove_marker(marker->id).ok());
  EXPECT_TRUE(store_->markers({})->empty());
  EXPECT_EQ(kind_of(store_->remove_marker(marker->id)), ErrorKind::kNotFound);
  EXPECT_EQ(kind_of(store_->change_marker(*marker)), ErrorKind::kNotFound);
  const auto next = store_->add_marker({.type = "deploy", .message = "9"});
  EXPECT_EQ(store_->markers({})->at(0).id, next->id);
}

TEST_P(StateStoreContract, AMarkerOfTheSystemStaysWhatItIs) {
  const auto verdict = store_->add_marker({.type = "verdict", .message = "pass"});
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(kind_of(store_->remove_marker(verdict->id)), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(store_->change_marker(*verdict)), ErrorKind::kConflict);
  const auto deploy = store_->add_marker({.type = "deploy", .message = "7"});
  ASSERT_TRUE(deploy.ok());
  state::Marker nameless = *deploy;
  nameless.type.clear();
  EXPECT_EQ(kind_of(store_->change_marker(nameless)), ErrorKind::kInvalid);
}

INSTANTIATE_TEST_SUITE_P(Engines, StateStoreContract,
                         testing::Values(Engine{"Memory", open_memory},
                                         Engine{"Sqlite", open_sqlite}),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace understudy::state
