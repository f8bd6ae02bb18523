// Which requests take part in a migration, and on which route, behind a real proxy.

#include <gtest/gtest.h>

#include <string>

#include "proxy/testing/proxy_fixture.h"

namespace understudy::proxy {
namespace {

using flags::Mode;
using testing::says;
using testing::Service;

class RoutingTest : public testing::ProxyFixture {
 protected:
  /// `routes` is a YAML list. Both services answer the same; a request that matches a route is
  /// compared, one that matches none never reaches the candidate.
  void start_with(std::string_view routes) {
    start(Mode::kFullEvaluation, control_.port(), candidate_.port(),
          base::cat("routes:\n", routes));
  }
  /// The name of the route of this request, or why it has none.
  std::string route_of(std::string_view line, std::string_view host = "h",
                       std::string_view fields = "") {
    EXPECT_EQ(body_of(talk(base::cat(line, " HTTP/1.1\r\nHost: ", host, "\r\n", fields,
                                     "Connection: close\r\n\r\n"))),
              "same");
    const Exchange& seen = exchange(asked_++);
    if (seen.route >= 0) return seen.migration->routes[static_cast<size_t>(seen.route)].name;
    EXPECT_EQ(seen.account, Account::kNotSampled);
    EXPECT_FALSE(seen.candidate.called);
    return std::string(seen.reason);
  }
  static constexpr std::string_view kNone = "route_not_matched";

  Service control_{says("same")};
  Service candidate_{says("same")};
  size_t asked_ = 0;
};

TEST_F(RoutingTest, ANameInBracesIsOneSegment) {
  start_with("  - {name: item, match: {path: \"/a/{id}/b\"}}\n");
  EXPECT_EQ(route_of("GET /a/17/b"), "item");
  EXPECT_EQ(route_of("GET /a/x%2Fy/b?q=/a"), "item");
  for (const std::string_view other :
       {"/a//b", "/a/1/2/b", "/a/17", "/a/17/b/", "/a/17/bc", "/", "/A/17/b", "/x?/a/17/b"}) {
    EXPECT_EQ(route_of(base::cat("GET ", other)), kNone) << other;
  }
}

TEST_F(RoutingTest, AStarAtTheEndIsTheRest) {
  start_with(
      "  - {name: api, match: {path: \"/api/*\"}}\n"
      "  - {name: prefix, match: {path: \"/ima*\"}}\n");
  EXPECT_EQ(route_of("GET /api/"), "api");
  EXPECT_EQ(route_of("GET /api/a/b?c"), "api");
  EXPECT_EQ(route_of("GET /images/1"), "prefix");
  EXPECT_EQ(route_of("GET /api"), kNone);
  EXPECT_EQ(route_of("GET /apis/"), kNone);
}

TEST_F(RoutingTest, TheFirstRouteThatMatchesCounts) {
  start_with(
      "  - {name: one, match: {path: /a/1}}\n"
      "  - {name: any, match: {path: \"/a/{id}\"}}\n"
      "  - {name: rest}\n");
  EXPECT_EQ(route_of("GET /a/1"), "one");
  EXPECT_EQ(route_of("GET /a/2"), "any");
  EXPECT_EQ(route_of("GET /b"), "rest");
}

TEST_F(RoutingTest, AMethodMustBeInTheList) {
  start_with(
      "  - {name: read, match: {methods: [GET, HEAD]}}\n"
      "  - {name: write, match: {methods: [POST, MERGE]}}\n");
  EXPECT_EQ(route_of("GET /"), "read");
  EXPECT_EQ(route_of("MERGE /"), "write");
  EXPECT_EQ(route_of("DELETE /"), kNone);
}

TEST_F(RoutingTest, AHostIsComparedWithoutPortAndLetterCase) {
  start_with(
      "  - {name: shop, match: {host: Shop.Example}}\n"
      "  - {name: six, match: {host: \"[::1]\"}}\n");
  EXPECT_EQ(route_of("GET /", "shop.example"), "shop");
  EXPECT_EQ(route_of("GET /", "SHOP.example:8080"), "shop");
  EXPECT_EQ(route_of("GET /", "[::1]:80"), "six");
  EXPECT_EQ(route_of("GET /", "[::1]"), "six");
  EXPECT_EQ(route_of("GET /", "shop.example.org"), kNone);
  EXPECT_EQ(route_of("GET http://shop.example/a", "other"), "shop") << "the target says it";
}

TEST_F(RoutingTest, AHeaderMustBeThereOrHaveItsValue) {
  start_with(
      "  - {name: beta, match: {header: {X-Kind: beta}}}\n"
      "  - {name: kind, match: {header: {x-kind: null}}}\n");
  EXPECT_EQ(route_of("GET /", "h", "x-kind: beta\r\n"), "beta");
  EXPECT_EQ(route_of("GET /", "h", "X-Kind: Beta\r\n"), "kind");
  EXPECT_EQ(route_of("GET /", "h", "x-kinds: beta\r\n"), kNone);
}

TEST_F(RoutingTest, EveryConditionOfARouteMustHold) {
  start_with("  - {name: all, match: {methods: [GET], path: /a, host: h, header: {x: \"1\"}}}\n");
  EXPECT_EQ(route_of("GET /a", "h", "X: 1\r\n"), "all");
  EXPECT_EQ(route_of("PUT /a", "h", "X: 1\r\n"), kNone);
  EXPECT_EQ(route_of("GET /b", "h", "X: 1\r\n"), kNone);
  EXPECT_EQ(route_of("GET /a", "i", "X: 1\r\n"), kNone);
  EXPECT_EQ(route_of("GET /a", "h", "X: 2\r\n"), kNone);
}

TEST_F(RoutingTest, WithoutRoutesEveryRequestTakesPart) {
  start(Mode::kFullEvaluation, control_.port(), candidate_.port());
  EXPECT_EQ(body_of(get("/anything")), "same");
  EXPECT_EQ(exchange(0).account, Account::kCompared);
}

TEST_F(RoutingTest, ARequestOnNoRouteIsServedByControlWhateverTheMode) {
  Service control(says("old"));
  Service candidate(says("new"));
  start(Mode::kCandidateOnly, control.port(), candidate.port(),
        "routes: [{name: moved, match: {path: /moved}}]\n");
  EXPECT_EQ(body_of(get("/moved")), "new");
  EXPECT_EQ(body_of(get("/other")), "old");
  EXPECT_EQ(exchange(1).reason, kNone);
}

}  // namespace
}  // namespace understudy::proxy
