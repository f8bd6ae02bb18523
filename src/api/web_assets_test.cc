#include "api/web_assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/admin_server.h"

namespace understudy::api {
namespace {

using testing::AdminServer;
using ::testing::HasSubstr;
using testing::header;
using ::testing::Not;

constexpr std::string_view kBrowserAccept =
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

TEST(WebAssets, ABrowserGetsThePageAtTheRootAndOthersTheList) {
  AdminServer server;
  const Response page = server.send("GET", "/", {{"Accept", std::string(kBrowserAccept)}});
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<div id=\"app\">"));
  EXPECT_EQ(server.send("GET", "/", {{"Accept", "*/*"}}).content_type, "application/json");
  EXPECT_EQ(server.send("GET", "/", {{"Accept", "application/json, text/html;q=0.5"}}).content_type,
            "application/json");
  EXPECT_EQ(header(server.get("/"), "Vary"), "Accept");
}

TEST(WebAssets, EveryPathBelowUiIsThePage) {
  AdminServer server;
  const std::string page = server.get("/ui").body;
  for (const char* path :
       {"/ui/", "/ui/migrations/data-engine", "/ui/explore/evaluations?q=%7B%7D"}) {
    EXPECT_EQ(server.get(path).body, page) << path;
  }
  EXPECT_EQ(server.get("/uix").status, 404);
}

TEST(WebAssets, NothingFromElsewhereMayBeLoaded) {
  AdminServer server;
  const Response page = server.get("/ui");
  EXPECT_THAT(header(page, "Content-Security-Policy"), HasSubstr("default-src 'self'"));
  EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(page.body, Not(HasSubstr("http://")));
  EXPECT_THAT(page.body, Not(HasSubstr("https://")));
}

TEST(WebAssets, FilesAreKeptForEverAndThePageIsAskedForAgain) {
  AdminServer server;
  EXPECT_EQ(header(server.get("/ui"), "Cache-Control"), "no-cache");
  size_t files = 0;
  for (const WebAsset& asset : embedded_web_assets()) {
    const Response file = server.get(asset.path);
    EXPECT_EQ(file.status, 200) << asset.path;
    EXPECT_EQ(file.body, asset.plain);
    if (asset.path == "/ui") continue;
    ++files;
    EXPECT_THAT(header(file, "Cache-Control"), HasSubstr("immutable"));
    EXPECT_THAT(server.get("/ui").body, HasSubstr(std::string(asset.path)));
  }
  EXPECT_GE(files, 3U);
}

TEST(WebAssets, AnUnchangedFileIsNotSentAgain) {
  AdminServer server;
  const std::string etag = header(server.get("/ui"), "ETag");
  const Response same = server.send("GET", "/ui", {{"If-None-Match", "\"other\", W/" + etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(server.send("GET", "/ui", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST(WebAssets, AreCompressedForWhoCanReadIt) {
  AdminServer server;
  const Response packed = server.send("GET", "/ui", {{"Accept-Encoding", "br, gzip"}});
  EXPECT_EQ(header(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_THAT(header(packed, "Vary"), HasSubstr("Accept-Encoding"));
  EXPECT_EQ(
      header(server.send("GET", "/ui", {{"Accept-Encoding", "gzip;q=0"}}), "Content-Encoding"), "");
}

TEST(WebAssets, TheFirstPageIsBelow200KilobytesCompressed) {
  size_t bytes = 0;
  for (const WebAsset& asset : embedded_web_assets()) bytes += asset.gzip.size();
  EXPECT_LT(bytes, 200'000U);
}

TEST(WebAssets, NeedNoKeyWhenTheApiDoes) {
  AdminServer server(ApiOptions{.require_keys = true});
  EXPECT_EQ(server.get("/ui").status, 200);
  EXPECT_EQ(server.get("/api/migrations").status, 401);
}

// --- Error paths

TEST(WebAssets, AnAssetOfAnotherVersionIsNotFound) {
  AdminServer server;
  EXPECT_EQ(server.get("/assets/app-0000000000000000.js").status, 404);
  EXPECT_EQ(server.get("/assets/../ui").status, 404);
}

TEST(WebAssets, AForeignHostGetsNoPage) {
  AdminServer server;
  server.host = "evil.example";
  EXPECT_EQ(server.get("/ui").status, 403);
}

}  // namespace
}  // namespace understudy::api
