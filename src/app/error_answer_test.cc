#include "app/error_answer.h"

#include <gtest/gtest.h>

namespace understudy::app {
namespace {

std::string read(std::string_view body, std::string_view header_type = {},
                 std::string_view rules = "[]") {
  http::Fields headers;
  if (!header_type.empty()) headers.add("X-Amzn-ErrorType", header_type);
  const auto answer = read_error_answer(headers, body, *compare::Rules::parse_text(rules));
  return answer ? answer->type + "|" + answer->message : "nothing";
}

TEST(ErrorAnswer, NamesItsTypeInTheShapesServicesUse) {
  EXPECT_EQ(read(R"({"error":{"type":"Throttled","message":"slow down"}})"), "Throttled|slow down");
  EXPECT_EQ(read(R"({"error":{"code":429,"message":"slow down"}})"), "429|slow down");
  EXPECT_EQ(read(R"({"error":"invalid_grant","error_description":"expired"})"),
            "invalid_grant|expired");
  EXPECT_EQ(read(R"({"__type":"com.amazonaws#ThrottlingException","Message":"rate"})"),
            "ThrottlingException|rate");
  EXPECT_EQ(read(R"({"errorType":"KeyError","errorMessage":"'x'"})"), "KeyError|'x'");
  EXPECT_EQ(read(R"({"type":"https://example.com/out-of-credit","title":"no","detail":"0 left"})"),
            "https://example.com/out-of-credit|0 left");
  EXPECT_EQ(read(R"({"message":"rate"})", "ThrottlingException:http://internal/"),
            "ThrottlingException|rate");
  EXPECT_EQ(read("", "ThrottlingException"), "ThrottlingException|");
}

TEST(ErrorAnswer, WhatIsRedactedIsNotRead) {
  EXPECT_EQ(read(R"({"type":"NoSuchUser","detail":"ann@example.com","title":"no"})", "",
                 "[{path: $.detail, redact: true}]"),
            "NoSuchUser|no");
  EXPECT_EQ(read(R"({"error":{"type":"NoSuchUser","message":"ann@example.com"}})", "",
                 "[{path: $..message, redact: true}]"),
            "NoSuchUser|");
  EXPECT_EQ(read(R"({"error":{"type":"NoSuchUser","message":"ann@example.com"}})", "",
                 "[{path: $.error, redact: true}]"),
            "nothing");
  EXPECT_EQ(read(R"({"error":"NoSuchUser"})", "", "[{path: $, redact: true}]"), "nothing");
}

TEST(ErrorAnswer, WithoutATypeThereIsNothing) {
  EXPECT_EQ(read(""), "nothing");
  EXPECT_EQ(read("<html>"), "nothing");
  EXPECT_EQ(read("[1]"), "nothing");
  EXPECT_EQ(read(R"({"message":"oops"})"), "nothing");
  EXPECT_EQ(read(R"({"error":{}})"), "nothing");
  EXPECT_EQ(read(R"({"error":null})"), "nothing");
}

TEST(ErrorAnswer, HostileBodiesAreBounded) {
  EXPECT_EQ(read(std::string(100'000, '[')), "nothing");
  EXPECT_EQ(read(std::string(1'000, '[')), "nothing");
  const std::string huge = R"({"error":{"type":")" + std::string(5'000, 't') + R"("}})";
  EXPECT_EQ(read(huge).size(), kErrorTypeBytesMax + 1);
}

}  // namespace
}  // namespace understudy::app
