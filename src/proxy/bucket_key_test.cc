#include "proxy/bucket_key.h"

#include <gtest/gtest.h>

#include <string>

#include "base/config_yaml.h"
#include "base/text.h"

namespace understudy::proxy {
namespace {

class BucketKeyTest : public ::testing::Test {
 protected:
  void by(const std::string& yaml) {
    const auto node = base::parse_yaml(yaml, "test.yaml");
    ASSERT_TRUE(node.ok()) << node.error().context;
    auto parsed = BucketBy::parse(*node);
    ASSERT_TRUE(parsed.ok()) << parsed.error().context;
    by_ = std::move(*parsed);
  }
  /// The key, or in brackets why there is none.
  std::string key() {
    const BucketKey key = bucket_key(by_, head_, "192.0.2.7", body_);
    return key.value ? *key.value : base::cat("(", key.missing, ")");
  }

  BucketBy by_;
  http::RequestHead head_;
  std::optional<std::string_view> body_ = "";
};

TEST_F(BucketKeyTest, NothingConfiguredIsNothingMissing) { EXPECT_EQ(key(), "()"); }

TEST_F(BucketKeyTest, AHeaderIsItsValueInAnyLetterCaseOfItsName) {
  by("{header: X-Account-Id}");
  EXPECT_EQ(key(), "(absent)");
  head_.fields.add("x-account-id", "7");
  EXPECT_EQ(key(), "7");
}

TEST_F(BucketKeyTest, AnEmptyValueIsNoKey) {
  by("{header: x-account-id}");
  head_.fields.add("x-account-id", "");
  EXPECT_EQ(key(), "(absent)");
}

TEST_F(BucketKeyTest, ALongValueIsAKeyLikeAnyOther) {
  by("{header: authorization}");
  const std::string token(20'000, 't');
  head_.fields.add("authorization", token);
  EXPECT_EQ(key(), token);
}

TEST_F(BucketKeyTest, ACookieIsFoundAmongOthers) {
  by("{cookie: session}");
  head_.fields.add("cookie", "a=1; xsession=2; session=abc; b=3");
  EXPECT_EQ(key(), "abc");
  by("{cookie: SESSION}");
  EXPECT_EQ(key(), "(absent)") << "names of cookies are case-sensitive";
}

TEST_F(BucketKeyTest, AQueryParameterIsDecoded) {
  by("{query: user}");
  head_.target = "/a?x=1&user=j%20d+e&y";
  EXPECT_EQ(key(), "j d e");
  head_.target = "/user=5";
  EXPECT_EQ(key(), "(absent)");
}

TEST_F(BucketKeyTest, TheAddressOfTheClientNeedsNothing) {
  by("client_address");
  EXPECT_EQ(key(), "192.0.2.7");
}

TEST_F(BucketKeyTest, AFieldOfAJsonBodyIsAStringOrAWholeNumber) {
  by("{json_field: /account/id}");
  body_ = R"({"account":{"id":"abc"}})";
  EXPECT_EQ(key(), "abc");
  body_ = R"({"account":{"id":-17}})";
  EXPECT_EQ(key(), "-17");
  body_ = R"({"account":{"id":18446744073709551615}})";
  EXPECT_EQ(key(), "18446744073709551615");
  for (const std::string_view none :
       {R"({"account":{"id":1.5}})", R"({"account":{"id":null}})", R"({"account":7})", "[]", ""}) {
    body_ = none;
    EXPECT_EQ(key(), "(absent)") << none;
  }
}

TEST_F(BucketKeyTest, ABodyThatCannotBeReadSaysSo) {
  by("{json_field: /id}");
  body_ = "id=7";
  EXPECT_EQ(key(), "(body_not_json)");
  body_ = std::nullopt;
  EXPECT_EQ(key(), "(body_too_large)");
}

TEST_F(BucketKeyTest, TheBoundOfTheBodyIsConfigured) {
  by("{json_field: /id, body_bytes_max: 1MiB}");
  EXPECT_EQ(by_.source, BucketBy::Source::kJsonField);
  EXPECT_EQ(by_.body_bytes_max, 1u << 20);
  for (const char* wrong : {"{header: a, body_bytes_max: 1MiB}", "{body_bytes_max: 1MiB}",
                            "{header: a, cookie: b}", "{json_field: /id, body_bytes_max: 1GiB}"}) {
    const auto node = base::parse_yaml(wrong, "test.yaml");
    ASSERT_TRUE(node.ok());
    EXPECT_FALSE(BucketBy::parse(*node).ok()) << wrong;
  }
}

}  // namespace
}  // namespace understudy::proxy
