#include "flags/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace understudy::flags {
namespace {

Value parsed(std::string_view text) {
  base::Result<Value> value = parse_json(text);
  if (!value.ok()) {
    ADD_FAILURE() << text << ": " << value.error().context;
    return {};
  }
  return *value;
}

std::string refusal(std::string_view text) {
  const base::Result<Value> value = parse_json(text);
  return value.ok() ? "accepted" : value.error().context;
}

TEST(Value, ReadsEveryKindOfJson) {
  const Value value = parsed(R"({"a":[null,true,1,-2.5,"x\u00e9"],"b":{}})");
  ASSERT_NE(value.find("a"), nullptr);
  const Value::List& list = value.find("a")->as_list();
  ASSERT_EQ(list.size(), 5U);
  EXPECT_TRUE(list[0].is_null());
  EXPECT_TRUE(list[1].as_bool());
  EXPECT_EQ(list[2].as_integer(), 1);
  EXPECT_EQ(list[3].as_number(), -2.5);
  EXPECT_EQ(list[4].as_string(), "x\xC3\xA9");
  EXPECT_TRUE(value.find("b")->is_object());
  EXPECT_EQ(value.find("c"), nullptr);
}

TEST(Value, WritesWhatItRead) {
  for (const char* text :
       {R"({"a":[null,true,false,1,-2.5,"x"],"b":{}})", "9007199254740993", "0.1", "[]", "\"\"",
        R"("quote \" slash \\ line \n tab \t bell \u0007")", "-9223372036854775808"}) {
    EXPECT_EQ(to_json(parsed(text)), text);
  }
}

TEST(Value, NumbersAreEqualByNumber) {
  EXPECT_EQ(parsed("3"), parsed("3.0"));
  EXPECT_FALSE(parsed("9007199254740993") == parsed("9007199254740992"));
  EXPECT_FALSE(parsed("1") == parsed("true"));
  EXPECT_FALSE(parsed("1") == parsed("\"1\""));
}

TEST(Value, ObjectsAreEqualWhateverTheirOrder) {
  EXPECT_EQ(parsed(R"({"a":1,"b":2})"), parsed(R"({"b":2,"a":1})"));
  EXPECT_FALSE(parsed(R"({"a":1})") == parsed(R"({"a":1,"b":null})"));
}

TEST(Value, OfRepeatedNamesTheLastCounts) {
  EXPECT_EQ(to_json(parsed(R"({"a":1,"b":2,"a":3})")), R"({"b":2,"a":3})");
}

TEST(Value, WritesBrokenUtf8AsReplacementSoThatItIsStillJson) {
  EXPECT_EQ(to_json(Value("a\xFF"
                          "b")),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(to_json(Value("\xED\xA0\x80")), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(to_json(Value("\xF0\x9F\x98\x80")), "\"\xF0\x9F\x98\x80\"");
  EXPECT_EQ(to_json(Value(std::numeric_limits<double>::infinity())), "null");
}

// Hostile texts.

TEST(Value, RefusesWhatIsNotJson) {
  EXPECT_NE(refusal("{\"a\":}").find("not JSON at byte 6"), std::string::npos)
      << refusal("{\"a\":}");
  for (const char* text : {"", "{", "[1,]", "{'a':1}", "01", "1 2", "nul", "\"\xFF\"", "\"\n\"",
                           "[1e999]", "\"\\ud800\""}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
  using namespace std::string_literals;
  for (const std::string& text : {"{}\0"s, "{}\0{"s, "\0{}"s, "[1,\0 2]"s, "\"\0\""s}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(Value, RefusesDeepNestingWithoutUsingTheStack) {
  const std::string fits = std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']');
  EXPECT_TRUE(parse_json(fits).ok());
  EXPECT_NE(refusal("[" + fits + "]").find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(refusal(std::string(1'000'000, '[')).find("nested deeper"), std::string::npos);
}

TEST(Value, RefusesTextAboveItsLimit) {
  const base::Result<Value> value = parse_json("\"12345678\"", 9);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().kind, base::ErrorKind::kLimit);
}

}  // namespace
}  // namespace understudy::flags
