#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/http_client.h"
#include "tests/child_program.h"
#include "tests/flights.h"
#include "tests/node_server.h"

namespace flamingo {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// The programs as they are started by hand, on an object store and a table over the network.
class ProgramsTest : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  static Words program(const std::string& name, const Words& options, const Words& more = {}) {
    Words words = {FLAMINGO_PROGRAMS_DIR "/" + name};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Words bucket(const std::string& name = "flights") const {
    return {"--s3-endpoint", s3_.url(), "--s3-bucket", name};
  }
  Words table() const { return {"--dynamodb-endpoint", dynamo_.url()}; }

  /// Puts 1000 flights into the bucket and registers them in a table with a read capacity.
  void prepare(int read_capacity) {
    Words options = {"--flights",       FLAMINGO_DEPS "/vega-datasets/flights-3m.parquet",
                     "--every",         "3000",
                     "--read-capacity", std::to_string(read_capacity)};
    for (const Words& more : {bucket(), table()}) {
      options.insert(options.end(), more.begin(), more.end());
    }
    ChildProgram prepare(program("flamingo-prepare", options), keys_);
    ASSERT_EQ(prepare.wait_for_end(), 0) << prepare.said();
    EXPECT_THAT(prepare.said(), HasSubstr("flights: 1000 rows"));
    EXPECT_THAT(prepare.said(), HasSubstr("registered in flamingo-catalog"));
  }

  HttpAnswer post(const std::string& url, const json& body) {
    const std::string text = body.dump();
    const auto answer = http_.call({.method = "POST", .url = url, .body = text});
    EXPECT_TRUE(answer.ok()) << answer.fault().message;
    return answer.ok() ? *answer : HttpAnswer{};
  }

  /// The exit code and the only line of a program that does not start.
  std::pair<int, std::string> refusal(const Words& words,
                                      const ChildProgram::Environment& environment) {
    ChildProgram refused(words, environment);
    const int code = refused.wait_for_end();
    return {code, refused.said()};
  }

  const ScratchFolder folder_;
  const NodeServer s3_{"s3_server.mjs", {folder_.path().string()}};
  const NodeServer dynamo_{"dynamo_server.mjs"};
  const ChildProgram::Environment keys_ = {{"AWS_ACCESS_KEY_ID", "S3RVER"},
                                           {"AWS_SECRET_ACCESS_KEY", "S3RVER"}};
  const json count_ = {{"query", "SELECT count() AS n FROM flights"}};
  const Words anywhere_ = {"--listen", "127.0.0.1:0"};
  HttpClient http_;
};

TEST_F(ProgramsTest, BothServicesLiveOnABucketAndDataEngineOnATable) {
  prepare(/*read_capacity=*/3);
  Words options = bucket();
  options.insert(options.end(), anywhere_.begin(), anywhere_.end());
  ChildProgram flamingo(program("flamingo", options), keys_);
  ChildProgram data_engine(program("data-engine", options, table()), keys_);
  const std::string flamingo_url = flamingo.wait_for("listening on ", ',');
  const std::string data_engine_url = data_engine.wait_for("listening on ", ',');
  ASSERT_FALSE(flamingo_url.empty()) << flamingo.said();
  ASSERT_FALSE(data_engine_url.empty()) << data_engine.said();

  const HttpAnswer control = post(flamingo_url + "/query", count_);
  ASSERT_EQ(control.status, 200) << control.body;
  EXPECT_EQ(json::parse(control.body)["rows"], json::parse("[[1000]]"));
  const HttpAnswer candidate = post(data_engine_url + "/query", count_);
  EXPECT_EQ(candidate.body, control.body);

  HttpAnswer throttled;
  for (int i = 0; i < 3 && throttled.status != 503; ++i) {
    throttled = post(data_engine_url + "/query", count_);
  }
  EXPECT_EQ(throttled.status, 503);
  EXPECT_EQ(json::parse(throttled.body)["error"]["type"], "ProvisionedThroughputExceededException");
  EXPECT_EQ(post(data_engine_url + "/catalog/capacity", {{"read_units_per_second", 50}}).status,
            200);
  EXPECT_EQ(post(data_engine_url + "/query", count_).body, control.body);

  EXPECT_EQ(flamingo.stop(), 0) << flamingo.said();
  EXPECT_EQ(data_engine.stop(), 0) << data_engine.said();
}

// ---- What keeps them from starting ----

TEST_F(ProgramsTest, WithoutKeysTheyDoNotStart) {
  const ChildProgram::Environment no_keys = {{"AWS_ACCESS_KEY_ID", ""}};
  for (const char* name : {"flamingo", "data-engine"}) {
    const auto [code, said] = refusal(program(name, bucket(), anywhere_), no_keys);
    EXPECT_EQ(code, 1);
    EXPECT_EQ(said, std::string(name) +
                        ": NoCredentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the "
                        "S3 service\n");
  }
}

TEST_F(ProgramsTest, AMissingBucketIsNamed) {
  const auto [code, said] = refusal(program("flamingo", bucket("none"), anywhere_), keys_);
  EXPECT_EQ(code, 1);
  EXPECT_THAT(said, HasSubstr("flamingo: NoSuchBucket: "));
  EXPECT_THAT(said, HasSubstr("/none"));
}

TEST_F(ProgramsTest, APortInUseIsNamed) {
  prepare(/*read_capacity=*/100);
  ChildProgram first(program("flamingo", bucket(), anywhere_), keys_);
  const std::string address = first.wait_for("listening on http://", ',');
  ASSERT_FALSE(address.empty()) << first.said();
  const auto [code, said] = refusal(program("flamingo", bucket(), {"--listen", address}), keys_);
  EXPECT_EQ(code, 1);
  EXPECT_EQ(said,
            "flamingo: CannotListen: " + address + ": the port is in use or may not be taken\n");
}

}  // namespace
}  // namespace flamingo
