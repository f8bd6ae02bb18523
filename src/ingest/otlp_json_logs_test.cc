#include "ingest/otlp_json_logs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/text.h"

namespace understudy::ingest {
namespace {

using base::cat;

class OtlpJsonLogsTest : public testing::Test {
 protected:
  /// One record with these members, from a service called shop.
  static std::string request(const std::string& record) {
    return cat(R"({"resourceLogs":[{"resource":{"attributes":[)"
               R"({"key":"service.name","value":{"stringValue":"shop"}}]},)"
               R"("scopeLogs":[{"logRecords":[)",
               record, "]}]}]}");
  }
  void read(const std::string& record) { read_body(request(record)); }
  void read_body(const std::string& body) {
    auto result = parse_otlp_json_logs(body, limits_, 42);
    ASSERT_TRUE(result.ok()) << result.error().context;
    logs_ = *std::move(result);
  }
  void read_attribute(const std::string& value) {
    read(cat(R"({"attributes":[{"key":"a","value":)", value, "}]}"));
  }
  base::Error refused(const std::string& body) {
    auto result = parse_otlp_json_logs(body, limits_);
    EXPECT_FALSE(result.ok());
    return result.ok() ? base::invalid("was accepted") : result.error();
  }
  event::Value column(const std::string& name) {
    if (logs_.events.size() != 1) return "not one event";
    const auto found = event::Column::find(name);
    return found ? event::Value(logs_.events[0].find(*found)) : event::Value();
  }
  const event::Event& only() { return logs_.events.at(0); }

  OtlpLimits limits_;
  OtlpLogs logs_;
};

TEST_F(OtlpJsonLogsTest, EachTypeArrivesAsItself) {
  read_attribute(R"({"stringValue":"x"})");
  EXPECT_EQ(column("a"), event::Value("x"));
  read_attribute(R"({"boolValue":true})");
  EXPECT_EQ(column("a"), event::Value(true));
  read_attribute(R"({"doubleValue":0.1})");
  EXPECT_EQ(column("a"), event::Value(0.1));
  read_attribute(R"({"doubleValue":3})");
  EXPECT_EQ(column("a"), event::Value(3.0));
  read_attribute("{}");
  EXPECT_EQ(column("a"), event::Value());
}

TEST_F(OtlpJsonLogsTest, IntegersKeepAll64BitsAsStringAndAsNumber) {
  read_attribute(R"({"intValue":"9223372036854775807"})");
  EXPECT_EQ(column("a"), event::Value(INT64_MAX));
  read_attribute(R"({"intValue":9223372036854775807})");
  EXPECT_EQ(column("a"), event::Value(INT64_MAX));
  read_attribute(R"({"intValue":"-9223372036854775808"})");
  EXPECT_EQ(column("a"), event::Value(INT64_MIN));
}

TEST_F(OtlpJsonLogsTest, DoublesThatJsonCannotWriteComeAsStrings) {
  read_attribute(R"({"doubleValue":"NaN"})");
  EXPECT_TRUE(std::isnan(column("a").as_double()));
  read_attribute(R"({"doubleValue":"-Infinity"})");
  EXPECT_EQ(column("a"), event::Value(-INFINITY));
}

TEST_F(OtlpJsonLogsTest, ArraysAndMapsBecomeJsonText) {
  read_attribute(
      R"({"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"a\"b"},{},{"kvlistValue":)"
      R"({"values":[{"key":"k","value":{"doubleValue":0.5}},{"key":"n"}]}}]}})");
  EXPECT_EQ(column("a"), event::Value(R"([1,"a\"b",null,{"k":0.5,"n":null}])"));
}

TEST_F(OtlpJsonLogsTest, TheAttributeNamesTheDatasetBeforeEventNameAndService) {
  read(R"({"eventName":"cart.add","attributes":[)"
       R"({"key":"understudy.dataset","value":{"stringValue":"evaluations"}}]})");
  EXPECT_EQ(only().dataset(), "evaluations");
  EXPECT_EQ(column("event.name"), event::Value("cart.add"));
  EXPECT_TRUE(column("understudy.dataset").is_null());
  read(R"({"eventName":"cart.add"})");
  EXPECT_EQ(only().dataset(), "cart.add");
  read("{}");
  EXPECT_EQ(only().dataset(), "shop");
  read_body(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]})");
  EXPECT_EQ(only().dataset(), "unknown_logs");
}

TEST_F(OtlpJsonLogsTest, TheNearestAttributeCounts) {
  read_body(
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"a","value":{"intValue":1}},)"
      R"({"key":"b","value":{"intValue":1}},{"key":"c","value":{"intValue":1}}]},"scopeLogs":[)"
      R"({"scope":{"name":"lib","attributes":[{"key":"b","value":{"intValue":2}},)"
      R"({"key":"c","value":{"intValue":2}}]},"logRecords":[{"attributes":[)"
      R"({"key":"c","value":{"intValue":3}}]}]}]}]})");
  EXPECT_EQ(column("a"), event::Value(1));
  EXPECT_EQ(column("b"), event::Value(2));
  EXPECT_EQ(column("c"), event::Value(3));
  EXPECT_EQ(column("library.name"), event::Value("lib"));
}

TEST_F(OtlpJsonLogsTest, TimeFallsBackToObservedAndThenToArrival) {
  read(R"({"timeUnixNano":"1700000000123456789","observedTimeUnixNano":"5"})");
  EXPECT_EQ(only().time_unix_ns(), 1700000000123456789);
  read(R"({"timeUnixNano":"0","observedTimeUnixNano":"5"})");
  EXPECT_EQ(only().time_unix_ns(), 5);
  read("{}");
  EXPECT_EQ(only().time_unix_ns(), 42);
}

TEST_F(OtlpJsonLogsTest, SampleRateIsTheEventsAndNoColumn) {
  read(R"({"attributes":[{"key":"SampleRate","value":{"doubleValue":9.6}}]})");
  EXPECT_EQ(only().sample_rate(), 10U);
  EXPECT_TRUE(column("SampleRate").is_null());
  read(R"({"attributes":[{"key":"sampleRate","value":{"intValue":-3}}]})");
  EXPECT_EQ(only().sample_rate(), 1U);
}

TEST_F(OtlpJsonLogsTest, RecordFieldsBecomeColumns) {
  read(R"({"severityNumber":17,"severityText":"ERROR","body":{"stringValue":"boom"},)"
       R"("traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"b7ad6b7169203331"})");
  EXPECT_EQ(column("severity_code"), event::Value(17));
  EXPECT_EQ(column("severity_text"), event::Value("ERROR"));
  EXPECT_EQ(column("body"), event::Value("boom"));
  EXPECT_EQ(column("trace.trace_id"), event::Value("0af7651916cd43dd8448eb211c80319c"));
  EXPECT_EQ(column("trace.parent_id"), event::Value("b7ad6b7169203331"));
}

TEST_F(OtlpJsonLogsTest, UnknownMembersAndNullsAreIgnored) {
  read_body(R"({"future":[1],"resourceLogs":[{"resource":null,"schemaUrl":"x","scopeLogs":[)"
            R"({"scope":null,"logRecords":[{"attributes":null,"body":null,"flags":257}]}]}]})");
  EXPECT_EQ(logs_.events.size(), 1U);
  EXPECT_EQ(logs_.response_json(), "{}");
}

// What is refused.

TEST_F(OtlpJsonLogsTest, ABadRecordIsCountedAndTheOthersAreTaken) {
  read(
      R"({"attributes":[{"key":"a","value":{"intValue":"12x"}}]},{"body":{"stringValue":"ok"}},7)");
  EXPECT_EQ(logs_.events.size(), 1U);
  EXPECT_EQ(logs_.rejected, 2U);
  EXPECT_EQ(logs_.response_json(), R"({"partialSuccess":{"rejectedLogRecords":"2","errorMessage":)"
                                   R"("log record 0: attribute \"a\" has no value of its type"}})");
}

TEST_F(OtlpJsonLogsTest, ADatasetNameThatCouldLeaveItsFolderIsRejected) {
  for (const char* name :
       {"", "../x", "/etc", "a/../b", ".hidden", "a\\u0000b", "caf\\u00e9", "a\\\\b", "x*"}) {
    read(cat(R"({"attributes":[{"key":"understudy.dataset","value":{"stringValue":")", name,
             R"("}}]})"));
    EXPECT_EQ(logs_.rejected, 1U) << name;
  }
  read(cat(R"({"eventName":")", std::string(event::kDatasetNameBytesMax + 1, 'd'), R"("})"));
  EXPECT_EQ(logs_.rejected, 1U);
}

TEST_F(OtlpJsonLogsTest, ATimeBeyond64BitsIsRejected) {
  read(R"({"timeUnixNano":"9223372036854775808"},{"timeUnixNano":"-1"},{"timeUnixNano":"x"})");
  EXPECT_EQ(logs_.rejected, 3U);
}

TEST_F(OtlpJsonLogsTest, AColumnNameThatIsTooLongIsLeftOutWithAWarning) {
  read(cat(R"({"attributes":[{"key":")", std::string(event::kColumnNameBytesMax + 1, 'k'),
           R"(","value":{"intValue":1}},{"key":"a","value":{"intValue":1}}]})"));
  EXPECT_EQ(column("a"), event::Value(1));
  EXPECT_EQ(logs_.fields_dropped, 1U);
  EXPECT_NE(logs_.response_json().find(R"("rejectedLogRecords":"0")"), std::string::npos);
}

TEST_F(OtlpJsonLogsTest, TextThatIsNotSuchJsonIsAnError) {
  for (const char* body : {"", "{", "[]", "7", R"({"resourceLogs":{}})", R"({"resourceLogs":[1]})",
                           R"({"resourceLogs":[{"scopeLogs":[{"logRecords":7}]}]})",
                           "{\"resourceLogs\":[\"\xff\"]}"}) {
    EXPECT_EQ(refused(body).kind, base::ErrorKind::kInvalid) << body;
  }
}

TEST_F(OtlpJsonLogsTest, NestingBeyondTheBoundIsAnError) {
  std::string value = R"({"stringValue":"x"})";
  for (int i = 0; i < 200; ++i) value = cat(R"({"arrayValue":{"values":[)", value, "]}}");
  EXPECT_EQ(refused(request(cat(R"({"body":)", value, "}"))).kind, base::ErrorKind::kInvalid);
}

TEST_F(OtlpJsonLogsTest, EveryBoundOfTheWholeRefusesIt) {
  limits_ = {.body_bytes_max = 100};
  EXPECT_EQ(refused(request("{}") + std::string(100, ' ')).kind, base::ErrorKind::kLimit);
  limits_ = {.records_max = 2};
  EXPECT_EQ(refused(request("{},{},{}")).kind, base::ErrorKind::kLimit);
  // Three bytes of record each repeat a large resource: the bound is on what would be made of it.
  limits_ = {.events_bytes_max = 100'000};
  std::string records = "{}";
  for (int i = 0; i < 1'000; ++i) records += ",{}";
  EXPECT_EQ(refused(cat(R"({"resourceLogs":[{"resource":{"attributes":[{"key":"a","value":)"
                        R"({"stringValue":")",
                        std::string(1'000, 'x'), R"("}}]},"scopeLogs":[{"logRecords":[)", records,
                        "]}]}]}"))
                .kind,
            base::ErrorKind::kLimit);
}

TEST_F(OtlpJsonLogsTest, TooManyAttributesRejectTheRecord) {
  limits_.attributes_max = 2;
  read(R"({"attributes":[{"key":"a","value":{"intValue":1}},{"key":"b","value":{"intValue":1}}]})");
  EXPECT_EQ(logs_.rejected, 1U);  // with the resource's attribute there are three
}

}  // namespace
}  // namespace understudy::ingest
