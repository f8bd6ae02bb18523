// What text becomes in expressions: numbers, bins, lower case, patterns and times.
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <limits>

#include "base/rng.h"
#include "base/text.h"
#include "store/text_case.h"
#include "store/text_number.h"
#include "store/text_pattern.h"
#include "store/text_time.h"

namespace understudy::store {
namespace {

using event::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(TextNumber, IsDecimalDigitsAndNothingElse) {
  EXPECT_EQ(number_of_text("5"), Value(5));
  EXPECT_EQ(number_of_text("-5"), Value(-5));
  EXPECT_EQ(number_of_text("+5"), Value(5));
  EXPECT_EQ(number_of_text("007"), Value(7));
  EXPECT_EQ(number_of_text("2.3"), Value(2.3));
  EXPECT_EQ(number_of_text(".5"), Value(0.5));
  EXPECT_EQ(number_of_text("5."), Value(5.0));
  EXPECT_EQ(number_of_text("4e-2"), Value(0.04));
  EXPECT_EQ(number_of_text("1E3"), Value(1000.0));
  EXPECT_EQ(number_of_text("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(number_of_text("9223372036854775808"), Value(9223372036854775808.0));
  for (const char* text : {"", " ", " 5", "5 ", "+", "-", "+-5", "--5", ".", "e5", "5e", "1_000",
                           "1,5", "0x10", "inf", "nan", "1e999", "5a", "true"}) {
    EXPECT_TRUE(number_of_text(text).is_null()) << text;
  }
}

TEST(TextNumber, DoublesReadAsPeopleWriteThem) {
  EXPECT_EQ(text_of_number(5.0), "5");
  EXPECT_EQ(text_of_number(300.5), "300.5");
  EXPECT_EQ(text_of_number(0.1), "0.1");
  EXPECT_EQ(text_of_number(100000.0), "100000");
  EXPECT_EQ(text_of_number(1e20), "100000000000000000000");
  EXPECT_EQ(text_of_number(1e21), "1e+21");
  EXPECT_EQ(text_of_number(1e-6), "0.000001");
  EXPECT_EQ(text_of_number(1e-7), "1e-07");
  EXPECT_EQ(text_of_number(-0.0), "0");
  EXPECT_EQ(text_of_number(std::nan("")), "NaN");
  EXPECT_EQ(text_of_number(-kInfinity), "-Inf");
}

TEST(BinLabel, NumberOnABoundaryFallsIntoTheLowerBin) {
  const Bins bounded{.size = 10, .least = 0, .most = 30};
  EXPECT_EQ(bin_label(-0.1, bounded), "< 0");
  EXPECT_EQ(bin_label(0, bounded), "0 - 10") << "the least number is not below itself";
  EXPECT_EQ(bin_label(10, bounded), "0 - 10");
  EXPECT_EQ(bin_label(10.5, bounded), "10 - 20");
  EXPECT_EQ(bin_label(30, bounded), "20 - 30");
  EXPECT_EQ(bin_label(30.1, bounded), "> 30");
  EXPECT_EQ(bin_label(kInfinity, bounded), "> 30");
  EXPECT_EQ(bin_label(-kInfinity, bounded), "< 0");
  EXPECT_EQ(bin_label(24, {.size = 10, .least = 0, .most = 25}), "20 - 25");
}

TEST(BinLabel, BinsWithoutBoundsAreCountedFromZero) {
  const Bins open{.size = 100, .least = -kInfinity, .most = kInfinity};
  EXPECT_EQ(bin_label(250, open), "200 - 300");
  EXPECT_EQ(bin_label(200, open), "100 - 200");
  EXPECT_EQ(bin_label(0, open), "-100 - 0");
  EXPECT_EQ(bin_label(kInfinity, open), "");
  EXPECT_EQ(bin_label(std::nan(""), open), "");
  EXPECT_EQ(bin_label(0.3, {.size = 0.1, .least = 0, .most = 1}), "0.2 - 0.3") << "no noise";
  EXPECT_EQ(bin_label(1e308, {.size = 1e308, .least = -1e308, .most = kInfinity}), "")
      << "too far for doubles";
}

TEST(LowerCase, KnowsUnicodeLetters) {
  EXPECT_EQ(lower_case("HELLO World 5"), "hello world 5");
  EXPECT_EQ(lower_case("\xC3\x84\xC3\x96\xC3\x9C"), "\xC3\xA4\xC3\xB6\xC3\xBC");        // German
  EXPECT_EQ(lower_case("\xD0\x9F\xD0\xA0"), "\xD0\xBF\xD1\x80");                        // Russian
  EXPECT_EQ(lower_case("\xCE\xA3"), "\xCF\x83");                                        // sigma
  EXPECT_EQ(lower_case("\xC4\xB0"), "i") << "the dotted capital I becomes one letter";  //
  EXPECT_EQ(lower_case("\xE2\x84\xAA"), "k") << "the sign of Kelvin";
  EXPECT_EQ(lower_case("\xF0\x90\x90\x80"), "\xF0\x90\x90\xA8") << "beyond 16 bits";
  EXPECT_EQ(lower_case("\xE4\xBD\xA0\xF0\x9F\x9A\x80"), "\xE4\xBD\xA0\xF0\x9F\x9A\x80");
  EXPECT_EQ(lower_case("A\xFF\xC3"), "a\xFF\xC3") << "what is not UTF-8 stays";
}

TEST(CodePoints, AreCountedInUtf8Only) {
  EXPECT_EQ(code_points(""), 0);
  EXPECT_EQ(code_points("a\xC3\xA4\xF0\x9F\x9A\x80"), 3);
  EXPECT_EQ(code_points("a\xFF"), std::nullopt);
  EXPECT_EQ(code_points("\xED\xA0\x80"), std::nullopt) << "a surrogate";
  EXPECT_EQ(code_points("\xC0\x80"), std::nullopt) << "longer than needed";
  EXPECT_EQ(code_points("\xE2\x82"), std::nullopt) << "cut off";
}

std::shared_ptr<const TextPattern> pattern(const char* text) { return TextPattern::cached(text); }

TEST(TextPattern, FindsAndCountsMatches) {
  EXPECT_TRUE(pattern("b+")->matches("abbc"));
  EXPECT_FALSE(pattern("^b")->matches("abbc"));
  EXPECT_EQ(pattern("v([0-9]+)")->first_group("api/v12/v3"), "12");
  EXPECT_EQ(pattern("(x)?a")->first_group("ba"), std::nullopt) << "the group is not in the match";
  EXPECT_EQ(pattern("()a")->first_group("ba"), "") << "the group is empty";
  EXPECT_EQ(pattern("a")->first_group("a"), std::nullopt);
  EXPECT_EQ(pattern("aa")->count("aaaaa"), 2);
  EXPECT_EQ(pattern("")->count("ab"), 3);
  EXPECT_EQ(pattern("b*")->count("abb"), 2) << "none right behind bb";
  EXPECT_EQ(pattern("^a")->count("aaa"), 1);
  EXPECT_EQ(pattern("")->count("\xC3\xA4"), 2) << "not inside a letter";
  EXPECT_TRUE(pattern("\\\\C")->matches("\\C")) << "a backslash and a letter";
  EXPECT_TRUE(pattern("\\Q\\C\\E")->matches("\\C"));
}

TEST(TextPattern, RefusesWhatIsInvalidOrTooLarge) {
  for (const char* text : {"(", "[a", "a**", "\\1", "(?<=a)b", "(\\C)", "a\\\\\\C",
                           "(a{1000}){1000}", "((a{100}){100}){100}", "\\pN{500}"}) {
    const auto compiled = TextPattern::compile(text);
    EXPECT_FALSE(compiled.ok()) << text;
    EXPECT_EQ(TextPattern::cached(text), nullptr) << text;
  }
}

TEST(TextPattern, CountingThatCouldTakeTheSquareOfALongTextStops) {
  const std::string text(1 << 20, 'a');
  EXPECT_EQ(pattern("a.*z|a")->count(text), std::nullopt);
  EXPECT_EQ(pattern("a+")->count(text), 1);
}

// --- time ---

TEST(UnixSeconds, ReadsRfc3339) {
  EXPECT_EQ(unix_seconds("2017-07-20T11:22:44.888Z"), 1500549764.888);
  EXPECT_EQ(unix_seconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(unix_seconds("1969-12-31T23:59:59.5Z"), -0.5);
  EXPECT_EQ(unix_seconds("2017-07-20t13:22:44+02:00"), 1500549764);
  EXPECT_EQ(unix_seconds("2024-02-29T00:00:00-00:30"), 1709166600);
  EXPECT_EQ(unix_seconds("9999-12-31T23:59:59Z"), 253402300799.0);
  for (const char* text :
       {"", "2017-07-20", "2017-07-20T11:22:44", "2017-7-20T11:22:44Z", "2017-02-29T00:00:00Z",
        "2017-07-20T24:00:00Z", "2017-07-20T11:22:60Z", "2017-07-20 11:22:44Z",
        "2017-07-20T11:22:44.Z", "2017-07-20T11:22:44Zx", " 2017-07-20T11:22:44Z",
        "2017-07-20T11:22:44+2:00", "2017-07-20T11:22:44+24:00", "1500549764"}) {
    EXPECT_EQ(unix_seconds(text), std::nullopt) << text;
  }
}

TEST(FormatTime, WritesWhatStrftimeWrites) {
  // Each directive by itself, so that a failure names it.
  constexpr std::string_view kAll = "aAbBcCdDeFgGhHIjklmMnprRsStTuUVwWxXyYzZ%";
  base::Rng rng(1);
  for (int i = 0; i < 3'000; ++i) {
    const auto seconds = static_cast<std::time_t>(rng.below(10'000'000'000)) - 3'000'000'000;
    std::tm parts = {};
    gmtime_r(&seconds, &parts);
    for (const char directive : kAll) {
      if (directive == 's' || directive == 'Z') continue;  // strftime says them of local time
      const std::string format = base::cat('%', directive);
      char expected[100];
      expected[std::strftime(expected, sizeof(expected), format.c_str(), &parts)] = '\0';
      ASSERT_EQ(format_time(format, static_cast<double>(seconds)), expected)
          << format << " of " << seconds;
    }
  }
  EXPECT_EQ(format_time("%s %Z|%%|", -1.5), "-2 UTC|%|") << "cut off downwards";
}

TEST(FormatTime, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(check_time_format("%Y-%m-%dT%H:%M:%SZ %%").ok());
  EXPECT_TRUE(check_time_format("").ok());
  EXPECT_FALSE(check_time_format("%").ok());
  EXPECT_FALSE(check_time_format("%Ey").ok()) << "in a locale";
  EXPECT_FALSE(check_time_format("%Q").ok());
  EXPECT_FALSE(check_time_format("%5d").ok());
  EXPECT_FALSE(check_time_format(std::string(kTimeFormatBytesMax + 1, 'x')).ok());
}

TEST(FormatTime, HasNoTextForTimesOutOfReach) {
  EXPECT_EQ(format_time("%Y", -62167219200.0), "0000");
  EXPECT_EQ(format_time("%Y", -62167219201.0), std::nullopt);
  EXPECT_EQ(format_time("%Y", 253402300799.9), "9999");
  EXPECT_EQ(format_time("%Y", 253402300800.0), std::nullopt);
  EXPECT_EQ(format_time("%Y", std::nan("")), std::nullopt);
  EXPECT_EQ(format_time("%Y", kInfinity), std::nullopt);
}

}  // namespace
}  // namespace understudy::store
