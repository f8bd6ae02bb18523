#include <gtest/gtest.h>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/config_yaml.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/task.h"
#include "base/text.h"
#include "base/utf8.h"

namespace understudy::base {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return invalid(cat(number, " is odd"));
  return number / 2;
}

Result<int> quarter(int number) {
  TRY_ASSIGN(const int first, half(number));
  TRY_ASSIGN(const int second, half(first));
  return second;
}

TEST(Result, TryHandsTheErrorUp) {
  EXPECT_EQ(*quarter(12), 3);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().context, "3 is odd");
}

TEST(Text, NumbersAreReadStrictly) {
  EXPECT_EQ(parse_uint64("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", " 1", "1 ", "+1", "0x1", "1e3", "18446744073709551616", "-1"}) {
    EXPECT_FALSE(parse_uint64(bad)) << bad;
  }
  for (const char* bad : {"nan", "inf", "", "1.0x", "1e999"})
    EXPECT_FALSE(parse_double(bad)) << bad;
}

TEST(Text, NearestFindsTheTypoAndNothingFarAway) {
  constexpr std::string_view kKnown[] = {"listen", "control", "candidate", "routes"};
  EXPECT_EQ(nearest("candidat", kKnown), "candidate");
  EXPECT_EQ(nearest("lsiten", kKnown), "listen");
  EXPECT_EQ(nearest("zebra", kKnown), "");
}

TEST(Text, CutNeverSplitsALetter) {
  EXPECT_EQ(cut_utf8("a\xC3\xA9", 2), "a");
  EXPECT_EQ(cut_utf8("a\xC3\xA9", 3), "a\xC3\xA9");
}

TEST(Text, ControlCharactersCannotForgeALogLine) { EXPECT_EQ(printable("a\nb"), "a\\x0ab"); }

TEST(BoundedQueue, RefusesBeyondItsLimitAndKeepsTheItem) {
  BoundedQueue<std::string> queue(1);
  std::string first = "first";
  std::string second = "second";
  EXPECT_TRUE(queue.try_push(first));
  EXPECT_FALSE(queue.try_push(second));
  EXPECT_EQ(second, "second");
  std::vector<std::string> taken;
  EXPECT_TRUE(queue.pop_all(taken, std::chrono::seconds(1)));
  EXPECT_EQ(taken, std::vector<std::string>{"first"});
  queue.close();
  EXPECT_FALSE(queue.pop_all(taken, std::chrono::seconds(1)));
}

TEST(BoundedQueue, ClosingEndsTheGatheringAtOnceAndLosesNothing) {
  BoundedQueue<int> queue(100);
  EXPECT_TRUE(queue.try_push(1));
  queue.close();
  std::vector<int> taken;
  EXPECT_TRUE(queue.pop_all(taken, std::chrono::hours(1), std::chrono::hours(1)));
  EXPECT_EQ(taken, std::vector<int>{1});
}

Task<int> number(int value) { co_return value; }
Task<int> sum(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) total += co_await number(i);
  co_return total;
}
Task<void> store_sum(int& out) { out = co_await sum(60'000); }

TEST(Task, AwaitingManyTasksDoesNotGrowTheStack) {
  int out = 0;
  Task<void> root = store_sum(out);
  root.start();
  EXPECT_TRUE(root.done());
  EXPECT_EQ(out, 1'799'970'000);
}

class ConfigTest : public ::testing::Test {
 protected:
  const ConfigNode& yaml(std::string_view text) {
    auto parsed = parse_yaml(text, "understudy.yaml");
    EXPECT_TRUE(parsed.ok()) << parsed.error().context;
    node_ = std::move(*parsed);
    return node_;
  }
  std::string refused(std::string_view text) {
    auto parsed = parse_yaml(text, "understudy.yaml");
    EXPECT_FALSE(parsed.ok());
    return parsed.ok() ? "" : parsed.error().context;
  }

 private:
  ConfigNode node_;
};

TEST_F(ConfigTest, ReadsUnits) {
  const ConfigNode& node = yaml("{d: 250ms, b: 1MiB, p: 0.1%, f: 1.10, n: 5, t: true}");
  EXPECT_EQ(*node.find("d")->as_duration(), std::chrono::milliseconds(250));
  EXPECT_EQ(*node.find("b")->as_bytes(), 1u << 20);
  EXPECT_DOUBLE_EQ(*node.find("p")->as_fraction(), 0.001);
  EXPECT_DOUBLE_EQ(*node.find("f")->as_fraction(), 1.10);
  EXPECT_EQ(*node.find("n")->as_int(1, 10), 5);
  EXPECT_TRUE(*node.find("t")->as_bool());
}

TEST_F(ConfigTest, AnErrorNamesFileLineAndPath) {
  const ConfigNode& node = yaml("migrations:\n  - name: a\n    compare:\n      max: 0\n");
  const ConfigNode* max = node.find("migrations")->items()[0].find("compare")->find("max");
  EXPECT_EQ(max->as_int(1).error().context,
            "understudy.yaml:4: migrations[0].compare.max: 0 is below 1");
}

TEST_F(ConfigTest, AnUnknownKeyNamesTheNearestKnownOne) {
  const ConfigNode& node = yaml("listne: 1\n");
  EXPECT_EQ(node.only_keys({"listen", "workers"}).error().context,
            "understudy.yaml:1: listne: is not a known key; did you mean \"listen\"?");
}

TEST_F(ConfigTest, AQuotedNumberIsText) {
  const ConfigNode& node = yaml("{a: \"5\"}");
  EXPECT_FALSE(node.find("a")->as_int().ok());
  EXPECT_EQ(*node.find("a")->as_string(), "5");
}

// Error paths.

TEST_F(ConfigTest, AKeyTwiceIsRefused) {
  EXPECT_EQ(refused("a: 1\nb: 2\na: 3\n"),
            "understudy.yaml:3: the key \"a\" stands twice, first in line 1");
}
TEST_F(ConfigTest, AnAliasBombIsRefused) {
  EXPECT_NE(refused("a: &x [1]\nb: [*x, *x]\n").find("aliases"), std::string::npos);
}
TEST_F(ConfigTest, DeepNestingIsRefused) {
  EXPECT_NE(refused(std::string(1000, '[')).find("understudy.yaml:1:"), std::string::npos);
}
TEST_F(ConfigTest, BrokenSyntaxNamesTheLine) {
  EXPECT_EQ(
      refused("a: 1\nb: [1, 2\n"),
      "understudy.yaml:3: the list that begins with \"[\" in line 2 goes on without a comma or "
      "ends without \"]\"");
  EXPECT_EQ(
      refused("a: 1\nb: { c: 1\n"),
      "understudy.yaml:3: the map that begins with \"{\" in line 2 goes on without a comma or "
      "ends without \"}\"");
  EXPECT_EQ(refused("a:\n  b: 1\n c: 2\n"),
            "understudy.yaml:3: is indented unlike the map that begins in line 1, which it would "
            "belong to");
}

TEST(Utf8, EachLengthHasItsBytes) {
  std::string text;
  for (const uint32_t code : {0x41u, 0xE9u, 0x20ACu, 0x1F600u}) append_utf8(text, code);
  EXPECT_EQ(text, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Rng, TheSameSeedGivesTheSameNumbers) {
  Rng a(7);
  Rng b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u64(), b.next_u64());
  for (int i = 0; i < 1000; ++i) {
    const double u = a.uniform();
    EXPECT_TRUE(u >= 0 && u < 1);
  }
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock;
  const int64_t before = clock.steady_ns();
  clock.advance_ns(5);
  EXPECT_EQ(clock.steady_ns() - before, 5);
}

}  // namespace
}  // namespace understudy::base
