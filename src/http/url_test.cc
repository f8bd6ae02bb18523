#include "http/url.h"

#include <gtest/gtest.h>

namespace understudy::http {
namespace {

TEST(OriginUrlTest, ReadsHostPortAndPrefix) {
  const auto url = parse_origin_url("http://Example.COM:9001/api/v1/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 9001);
  EXPECT_EQ(url->prefix, "/api/v1");
  EXPECT_EQ(url->authority, "example.com:9001");
}

TEST(OriginUrlTest, DefaultPortsAreNotSent) {
  EXPECT_EQ(parse_origin_url("http://a")->port, 80);
  EXPECT_EQ(parse_origin_url("https://a/")->port, 443);
  EXPECT_EQ(parse_origin_url("HTTPS://a:443")->authority, "a");
  EXPECT_EQ(parse_origin_url("http://a:443")->authority, "a:443");
  EXPECT_EQ(parse_origin_url("http://a/")->prefix, "");
}

TEST(OriginUrlTest, ReadsIpv6) {
  const auto url = parse_origin_url("http://[::1]:8080");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "::1");
  EXPECT_TRUE(url->host_is_ipv6);
  EXPECT_EQ(url->authority, "[::1]:8080");
  EXPECT_EQ(url->port, 8080);
}

TEST(OriginUrlTest, SaysWhatIsWrong) {
  const auto why = [](std::string_view url) {
    const auto result = parse_origin_url(url);
    return result.ok() ? std::string("accepted") : result.error().context;
  };
  EXPECT_EQ(why("localhost:80"),
            "\"localhost:80\" is not a service URL: it must begin with http:// or https://");
  EXPECT_NE(why("ftp://a").find("must begin with"), std::string::npos);
  EXPECT_NE(why("http://").find("host is missing"), std::string::npos);
  EXPECT_NE(why("http:///x").find("host is missing"), std::string::npos);
  EXPECT_NE(why("http://u:p@a").find("user names"), std::string::npos);
  EXPECT_NE(why("http://a:0").find("from 1 to 65535"), std::string::npos);
  EXPECT_NE(why("http://a:65536").find("malformed host or port"), std::string::npos);
  EXPECT_NE(why("http://a?x").find("query or fragment"), std::string::npos);
  EXPECT_NE(why("http://a/x y").find("space or control"), std::string::npos);
  EXPECT_NE(why("http://[::1").find("malformed host or port"), std::string::npos);
}

TEST(TargetTest, IsCutAtTheFirstQuestionMarkOnly) {
  const TargetParts parts = split_target("/a/../%2e?x=1?y#z");
  EXPECT_EQ(parts.path, "/a/../%2e");
  EXPECT_EQ(parts.query, "x=1?y#z");
  EXPECT_TRUE(split_target("/?").has_query);
  EXPECT_FALSE(split_target("/#x").has_query);
  EXPECT_EQ(split_target("/#x").path, "/#x");
}

TEST(QueryTest, FindsTheFirstParameterOfAName) {
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_parameter("a=1&b=x%20y", "b"), "x%20y");
  EXPECT_EQ(query_parameter("a&b=", "a"), "");
  EXPECT_EQ(query_parameter("a&b=", "b"), "");
  EXPECT_EQ(query_parameter("acc%6Funt=7", "account"), "7");
  EXPECT_EQ(query_parameter("ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("&&a=1", "a"), "1");
}

TEST(CookieTest, FindsACookieByItsExactName) {
  EXPECT_EQ(cookie("a=1; session=xyz; b=2", "session"), "xyz");
  EXPECT_EQ(cookie("session_id=1; session=2", "session"), "2");
  EXPECT_EQ(cookie("s=\"q\"", "s"), "q");
  EXPECT_EQ(cookie("s=a=b", "s"), "a=b");
  EXPECT_EQ(cookie("S=1", "s"), std::nullopt);
  EXPECT_EQ(cookie("s", "s"), std::nullopt);
  EXPECT_EQ(cookie(";;s=1;", "s"), "1");
}

TEST(CookieTest, LooksThroughAllCookieFields) {
  const Fields fields{{"Cookie", "a=1"}, {"X", "b=0"}, {"cookie", "b=2"}};
  EXPECT_EQ(cookie(fields, "b"), "2");
  EXPECT_EQ(cookie(fields, "c"), std::nullopt);
}

TEST(PercentDecodeTest, LeavesWhatIsNotAnEscape) {
  EXPECT_EQ(percent_decode("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", PlusSign::kIsSpace), "a b");
  EXPECT_EQ(percent_decode("%00").size(), 1U);
}

}  // namespace
}  // namespace understudy::http
