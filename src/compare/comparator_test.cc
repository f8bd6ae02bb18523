#include "compare/comparator.h"

#include <zlib.h>

#include <set>

#include "base/text.h"
#include "compare/comparator_fixture.h"

namespace understudy::compare {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

// Trees

TEST_F(ComparatorTest, EqualBodiesMatch) {
  bodies(R"({"a":1})", R"({"a":1})");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, OrderOfMembersAndWhiteSpaceDoNotMatter) {
  bodies(R"({"a":1,"b":{"x":[1,2],"y":null}})", R"({ "b": {"y":null, "x":[1, 2]}, "a": 1 })");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, AnotherValueIsFoundAtItsPath) {
  bodies(R"({"a":{"b":[1,2,{"c d":3}]}})", R"({"a":{"b":[1,2,{"c d":4}]}})");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kValue);
  EXPECT_EQ(found.path, "$.a.b[2]['c d']");
  EXPECT_EQ(found.path_pattern, "$.a.b[*]['c d']");
  EXPECT_EQ(found.control_value, "3");
  EXPECT_EQ(found.candidate_value, "4");
  EXPECT_EQ(found.control_type, ValueType::kInteger);
}

TEST_F(ComparatorTest, MissingAndExtraMembersAreTold) {
  bodies(R"({"a":1,"b":{"x":1}})", R"({"a":1,"c":[2]})");
  EXPECT_THAT(found(), ElementsAre("missing $.b", "extra $.c"));
}

TEST_F(ComparatorTest, AnotherTypeIsATypeDifference) {
  bodies(R"({"a":[1]})", R"({"a":{"0":1}})");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kType);
  EXPECT_EQ(found.control_type, ValueType::kArray);
  EXPECT_EQ(found.candidate_type, ValueType::kObject);
}

TEST_F(ComparatorTest, TheSameItemsInAnotherOrderAreOneDifference) {
  bodies(R"({"tags":["a","b","c"]})", R"({"tags":["c","a","b"]})");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kOrder);
  EXPECT_EQ(found.path, "$.tags");
  EXPECT_EQ(found.explanation, Explanation::kRowOrder);
}

TEST_F(ComparatorTest, AnInsertedItemDoesNotShiftTheRest) {
  bodies(R"([1,2,3,4])", R"([1,9,2,3,4])");
  EXPECT_THAT(found(), ElementsAre("extra $[1]"));
}

TEST_F(ComparatorTest, AMissingItemBesideAChangedOneIsKeptApart) {
  bodies(R"(["a","b","c","d"])", R"(["b","c","D"])");
  EXPECT_THAT(found(), ElementsAre("value $[0]", "missing $[3]"));
}

TEST_F(ComparatorTest, RepeatedMembersAreComparedOneByOne) {
  bodies(R"({"a":1,"a":2})", R"({"a":1,"a":3})");
  EXPECT_EQ(difference().control_value, "2");
  bodies(R"({"a":1,"a":2,"b":0})", R"({"b":0,"a":1,"a":2})");
  EXPECT_EQ(outcome(), Outcome::kMatch);
  bodies(R"({"a":1,"a":2})", R"({"a":2})");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(ComparatorTest, EscapesAreAnotherSpellingOfTheSameText) {
  bodies(R"({"k\u0041":"\u00e9\n\/","e":"\ud83d\ude00"})", "{\"kA\":\"é\\n/\",\"e\":\"😀\"}");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, HalvesOfSurrogatePairsStayDifferentAndDisplayable) {
  bodies(R"(["\ud800"])", R"(["\ud801"])");
  EXPECT_EQ(difference().control_value, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(ComparatorTest, LargeIntegersAreComparedDigitByDigit) {
  bodies("[9007199254740993]", "[9007199254740992]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  bodies("[123456789012345678901234567890]", "[123456789012345678901234567891]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  bodies("[123456789012345678901234567890]", "[ 123456789012345678901234567890]");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, FloatsAreEqualInAnySpellingOfTheirDigits) {
  bodies("[1.50,1e1,0.001]", "[15e-1,10.0,1E-3]");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, AnIntegerIsNotAFloatOfTheSameValue) {
  bodies(R"({"a":1})", R"({"a":1.0})");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kType);
  EXPECT_EQ(found.explanation, Explanation::kNumberRepresentation);
}

TEST_F(ComparatorTest, NanIsAValueAndEqualsItself) {
  bodies("[NaN,-Infinity]", "[NaN, -Infinity]");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, LinesOfJsonAreItemsOfOneArray) {
  content_type("application/x-ndjson");
  bodies("{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":3}\n");
  EXPECT_THAT(found(), ElementsAre("cell $[1].a"));
}

TEST_F(ComparatorTest, WithoutAContentTypeTheBodySpeaksForItself) {
  content_type("");
  bodies(R"({"a":1})", R"({ "a":2})");
  EXPECT_THAT(found(), ElementsAre("value $.a"));
  bodies("{not json", "{not json at all");
  EXPECT_THAT(found(), ElementsAre("value $[0]"));
}

TEST_F(ComparatorTest, TextIsComparedLineByLine) {
  content_type("text/plain");
  bodies("one\ntwo\nthree\n", "one\nzwei\nthree\n");
  EXPECT_THAT(found(), ElementsAre("value $[1]"));
  bodies("one\r\n12\r\n", "one\r\n13\r\n");
  EXPECT_EQ(difference().control_value, "12");
}

TEST_F(ComparatorTest, AnotherLineBreakIsADifferenceOfWhiteSpace) {
  content_type("text/plain");
  bodies("one\ntwo\nthree\n", "one\ntwo\r\nthree\n");
  EXPECT_THAT(found(), ElementsAre("value $[1]"));
  EXPECT_EQ(explanation(), Explanation::kWhiteSpace);
  bodies("one\ntwo\n", "one\r\ntwo\r\n");
  EXPECT_THAT(found(), ElementsAre("value $[0]", "value $[1]"));
  rule("{path: '$[*]', trim: ends}");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
}

TEST_F(ComparatorTest, AMissingLastLineBreakIsADifferenceOfWhiteSpace) {
  content_type("text/plain");
  for (const char* control : {"one\ntwo\n", "one\ntwo\r\n", "one\ntwo\r"}) {
    bodies(control, "one\ntwo");
    EXPECT_THAT(found(), ElementsAre("value $[1]"));
    EXPECT_EQ(explanation(), Explanation::kWhiteSpace);
  }
  rule("{path: '$[*]', trim: ends}");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
}

TEST_F(ComparatorTest, BinaryBodiesTellTheFirstByteThatDiffers) {
  content_type("image/png");
  bodies(std::string("\x89PNG\0\1\2", 7), std::string("\x89PNG\0\7\2", 7));
  EXPECT_EQ(difference().control_value, "7 bytes, from 5: 0102");
  EXPECT_EQ(difference().candidate_value, "7 bytes, from 5: 0702");
}

TEST_F(ComparatorTest, FormsAreComparedByField) {
  content_type("application/x-www-form-urlencoded");
  bodies("a=1+2&b=%C3%A9", "b=%c3%a9&a=1%203");
  const Difference found = difference();
  EXPECT_EQ(found.path, "$.a");
  EXPECT_EQ(found.candidate_value, "1 3");
}

// Tables

TEST_F(ComparatorTest, RowsOfObjectsAreComparedCellByCell) {
  bodies(R"([{"id":1,"v":1.5},{"id":2,"v":2.5}])", R"([{"id":1,"v":1.5},{"id":2,"v":9.5}])");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kCell);
  EXPECT_EQ(found.path, "$[1].v");
  EXPECT_EQ(found.row, 1);
  EXPECT_EQ(found.column, "v");
}

TEST_F(ComparatorTest, CellsOfNamedColumnsCarryTheirNames) {
  bodies(R"({"columns":["id","revenue"],"rows":[[1,10],[2,20]]})",
         R"({"columns":["id","revenue"],"rows":[[1,10],[2,21]]})");
  EXPECT_THAT(found(), ElementsAre("cell $.rows[1].revenue"));
}

TEST_F(ComparatorTest, CellsWithoutNamesCarryTheirIndex) {
  bodies("[[1,2],[3,4]]", "[[1,2],[3,5]]");
  const Difference found = difference();
  EXPECT_EQ(found.path, "$[1][1]");
  EXPECT_EQ(found.column, "1");
}

TEST_F(ComparatorTest, ARowTooManyIsOneDifference) {
  bodies(R"([{"id":1},{"id":2},{"id":3}])", R"([{"id":1},{"id":3}])");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kRowCount);
  EXPECT_EQ(found.control_value, R"(3, only here: row 1 {"id":2})");
  EXPECT_EQ(found.candidate_value, "2");
  EXPECT_EQ(found.distance, 1);
}

/// Rows {"id":i,"total":i * 1.1}, without one, with those of `changed` a digit off.
std::string orders(int count, int without, const std::set<int>& changed) {
  std::string out;
  for (int id = 0; id < count; ++id) {
    if (id == without) continue;
    out += base::cat(out.empty() ? "[" : ",", R"({"id":)", id, R"(,"total":)", id,
                     changed.contains(id) ? ".10000000000001" : ".1", "}");
  }
  return out + "]";
}

TEST_F(ComparatorTest, ChangedRowsBehindAMissingOneAreHeldAgainstTheirOwn) {
  bodies(orders(100, -1, {}), orders(100, 37, {51, 80}));
  EXPECT_THAT(found(), ElementsAre("row_count $", "cell $[51].total", "cell $[80].total"));
  EXPECT_THAT(compare().differences[0].control_value,
              HasSubstr(R"(100, only here: row 37 {"id":37)"));
}

TEST_F(ComparatorTest, ChangedRowsAmongRowsThatCameAndWentAreHeldAgainstTheirOwn) {
  // As many rows as before: one is gone, another new.
  std::string candidate = orders(100, 37, {51});
  candidate.replace(candidate.size() - 1, 1, R"(,{"id":200,"total":1.5}])");
  bodies(orders(100, -1, {}), candidate);
  EXPECT_THAT(found(), ElementsAre("cell $[37].id", "cell $[37].total", "cell $[51].total"));
}

TEST_F(ComparatorTest, OfSeveralRowsTooManyTheFirstIsShownAndTheOthersCounted) {
  bodies(R"({"columns":["id","name"],"rows":[[1,"a"]]})",
         R"({"columns":["id","name"],"rows":[[1,"a"],[2,"b"],[3,"c"]]})");
  const Difference found = difference();
  EXPECT_EQ(found.control_value, "1");
  EXPECT_EQ(found.candidate_value, R"(3, 2 only here: row 1 [2,"b"])");
}

TEST_F(ComparatorTest, ARowTooManyIsShownWithoutWhatIsRedactedInIt) {
  rule("{path: '$[*].pin', redact: true}");
  bodies(R"([{"id":1,"pin":"0000"}])", R"([{"id":1,"pin":"0000"},{"id":2,"pin":"1234"}])");
  EXPECT_EQ(difference().candidate_value, R"(2, only here: row 1 {"id":2,"pin":[redacted]})");
}

TEST_F(ComparatorTest, AColumnTooManyIsOneDifferenceAndTheOthersAreStillCompared) {
  bodies(R"({"columns":["a","b"],"rows":[[1,2],[3,4]]})",
         R"({"columns":["a","x","b"],"rows":[[1,0,2],[3,0,5]]})");
  EXPECT_THAT(found(), ElementsAre("column_count $.rows", "cell $.rows[1].b"));
}

TEST_F(ComparatorTest, AMemberMissingFromEveryRowIsAMissingColumn) {
  bodies(R"([{"a":1,"b":2},{"a":3,"b":4}])", R"([{"a":1},{"a":3}])");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kColumnCount);
  EXPECT_THAT(found.control_value, HasSubstr("only here: b"));
}

TEST_F(ComparatorTest, ARenamedColumnIsMissingAndExtra) {
  bodies(R"([{"a":1,"b":2},{"a":3,"b":4}])", R"([{"a":1,"c":2},{"a":3,"c":4}])");
  EXPECT_THAT(found(), ElementsAre("missing $[*].b", "extra $[*].c"));
  // With a value of each, by which a reader sees that it is the same column.
  EXPECT_EQ(compare().differences[0].control_value, "2");
  EXPECT_EQ(compare().differences[1].candidate_value, "2");
  rule("{path: '$[*].b', redact: true}");
  EXPECT_EQ(compare().differences[0].control_value, "[redacted]");
}

TEST_F(ComparatorTest, AColumnOfAnotherTypeIsOneDifference) {
  bodies(R"([{"n":1},{"n":2},{"n":3}])", R"([{"n":"1"},{"n":"2"},{"n":"4"}])");
  EXPECT_THAT(found(), ElementsAre("column_type $[*].n", "cell $[2].n"));
  EXPECT_EQ(compare().differences[0].explanation, Explanation::kNumberAsString);
}

TEST_F(ComparatorTest, InAColumnOfFloatsAnIntegerIsAFloatWithoutItsZero) {
  bodies(R"([{"n":1.5},{"n":2.0}])", R"([{"n":1.5},{"n":2}])");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, RowsInAnotherOrderAreOneDifference) {
  bodies(R"([{"id":1,"v":"a"},{"id":2,"v":"b"},{"id":3,"v":"c"}])",
         R"([{"id":3,"v":"c"},{"id":1,"v":"a"},{"id":2,"v":"b"}])");
  EXPECT_THAT(found(), ElementsAre("order $"));
}

TEST_F(ComparatorTest, RowsInAnotherOrderWithNoiseArePairedByTheirKey) {
  bodies(
      R"([{"id":1,"v":0.1},{"id":2,"v":0.2},{"id":3,"v":0.3}])",
      R"([{"id":3,"v":0.30000000000000004},{"id":2,"v":0.20000000000000004},{"id":1,"v":0.10000000000000002}])");
  EXPECT_THAT(found(), ElementsAre("order $", "cell $[0].v", "cell $[1].v", "cell $[2].v"));
  EXPECT_EQ(compare().differences[1].explanation, Explanation::kFloatUlp);
  EXPECT_EQ(compare().differences[0].rule, R"({"path": "$", "match_by": ["id"]})");
}

TEST_F(ComparatorTest, CsvIsATableWithNamedColumns) {
  content_type("text/csv");
  bodies("id,name,note\n1,Ann,\"a \"\"b\"\"\nc\"\n2,Bob,x\n",
         "id,name,note\r\n1,Ann,\"a \"\"b\"\"\nc\"\r\n2,Rob,x\r\n");
  EXPECT_THAT(found(), ElementsAre("cell $.rows[1].name"));
}

TEST_F(ComparatorTest, AnEmptyLineOfOneColumnIsARow) {
  content_type("text/csv");
  bodies("a\n1\n\n2\n", "a\n1\n2\n");
  EXPECT_THAT(found(), ElementsAre("row_count $.rows"));
  bodies("a\r\n1\r\n\r\n", "a\r\n1\r\n");
  EXPECT_THAT(found(), ElementsAre("row_count $.rows"));
  bodies("a\n1\n\n", "a\n1\n\"\"\n");
  EXPECT_THAT(found(), ElementsAre("cell $.rows[1].a"));
}

TEST_F(ComparatorTest, AnEmptyLineAmongRowsIsADifferenceAndAtTheEndIsNone) {
  content_type("text/csv");
  bodies("a,b\n1,2\n\n3,4\n", "a,b\n1,2\n3,4\n");
  EXPECT_THAT(found(), ElementsAre("row_count $.rows"));
  bodies("a,b\n1,2\n\r\n\n", "a,b\n1,2");
  EXPECT_EQ(outcome(), Outcome::kMatch) << summary();
}

TEST_F(ComparatorTest, TabsSeparateAsCommasDo) {
  content_type("text/tab-separated-values");
  bodies("a\tb\n1\t2\n", "a\tb\n1\t3\n");
  EXPECT_THAT(found(), ElementsAre("cell $.rows[0].b"));
}

TEST_F(ComparatorTest, AsJsonNothingIsATable) {
  read_as(BodyKind::kJson);
  bodies(R"([{"id":1},{"id":2}])", R"([{"id":1}])");
  EXPECT_THAT(found(), ElementsAre("missing $[1]"));
}

TEST_F(ComparatorTest, TablesInMemoryAreComparedLikeBodies) {
  Table control({"id", "revenue"});
  Table candidate({"id", "revenue"});
  control.add_row({int64_t{1}, 0.3});
  candidate.add_row({int64_t{1}, 0.1 + 0.2});
  const Comparator strict;
  const Comparison found = strict.compare_tables(control, candidate);
  ASSERT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences[0].path, "$.rows[0].revenue");
  EXPECT_EQ(found.differences[0].explanation, Explanation::kFloatUlp);
  const Comparator lenient(*Rules::parse_text(R"([{path: "$.rows[*][*]", ulps: 4}])"));
  EXPECT_EQ(lenient.compare_tables(control, candidate).outcome, Outcome::kIgnored);
  EXPECT_EQ(lenient.compare_tables(control, control).outcome, Outcome::kMatch);
}

// Status and headers

TEST_F(ComparatorTest, AnotherStatusClassIsTheOnlyDifference) {
  statuses(200, 500);
  bodies(R"({"a":1})", R"({"error":"x"})");
  EXPECT_THAT(found(), ElementsAre("status status"));
}

TEST_F(ComparatorTest, StatusesOfOneClassStillHaveTheirBodiesCompared) {
  statuses(200, 201);
  bodies(R"({"a":1})", R"({"a":2})");
  EXPECT_THAT(found(), ElementsAre("status status", "value $.a"));
}

TEST_F(ComparatorTest, AnIgnoredStatusIsCountedAndTheBodiesAreCompared) {
  ignore("status");
  statuses(404, 200);
  bodies("{}", "{}");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
}

TEST_F(ComparatorTest, ContentTypesAreComparedByMeaning) {
  content_type("application/json; charset=UTF-8");
  bodies("{}", "{}");
  candidate_header("X-Other", "1");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, ChosenHeadersAreComparedInAnyLetterCase) {
  options.headers = {"x-total", "x-page"};
  control_header("X-TOTAL", "10");
  candidate_header("x-total", "11");
  candidate_header("X-Page", "1");
  bodies("{}", "{}");
  EXPECT_THAT(found(), ElementsAre("header headers.x-total", "header headers.x-page"));
}

TEST_F(ComparatorTest, ARedirectToAnotherPlaceIsADifference) {
  statuses(302, 302);
  control_header("Location", "/orders/1");
  candidate_header("Location", "/orders/2");
  EXPECT_THAT(found(), ElementsAre("header headers.location"));
  ignore("headers.location");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
}

TEST_F(ComparatorTest, AnswersWithoutABodyAreComparedByTheirHead) {
  for (const int status : {204, 304}) {
    statuses(status, status);
    EXPECT_EQ(outcome(), Outcome::kMatch);
  }
  statuses(200, 204);
  bodies(R"({"a":1})", "");
  EXPECT_THAT(found(), ElementsAre("status status", "unparsed $"));
  statuses(200, 304);
  EXPECT_THAT(found(), ElementsAre("status status"));
}

TEST_F(ComparatorTest, SecretHeadersAreNeverShown) {
  options.headers = {"set-cookie"};
  control_header("Set-Cookie", "session=1234");
  candidate_header("Set-Cookie", "session=5678");
  bodies("{}", "{}");
  EXPECT_EQ(difference().control_value, "[redacted]");
}

// Rules

TEST_F(ComparatorTest, IgnoredFieldIsNotAMismatch) {
  ignore("$.request_id");
  bodies(R"({"request_id":1,"total":9})", R"({"request_id":2,"total":9})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
}

TEST_F(ComparatorTest, ARuleThatWasNotNeededIsNotHit) {
  ignore("$.request_id");
  bodies(R"({"request_id":1,"total":9})", R"({ "request_id":1,"total":9})");
  EXPECT_EQ(outcome(), Outcome::kMatch);
  EXPECT_EQ(hits(0), 0U);
}

TEST_F(ComparatorTest, IgnoringAPlaceIgnoresAllBelowItAsOneHit) {
  ignore("$.meta");
  bodies(R"({"meta":{"a":1,"b":[1,2]}})", R"({"meta":{"a":2,"b":[3]}})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
}

TEST_F(ComparatorTest, AMemberAtAnyDepthCanBeIgnored) {
  ignore("$..etag");
  bodies(R"({"etag":1,"a":[{"b":{"etag":1}}]})", R"({"etag":2,"a":[{"b":{"etag":3}}]})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 2U);
}

TEST_F(ComparatorTest, NestedRulesHoldBelowTheirParent) {
  rule(
      "{path: '$.a[*]', rules: [{path: '@.x', ulps: 1}, {path: '@.y', rules: [{path: '@.z', "
      "ignore: true}]}]}");
  bodies(R"({"a":[{"x":0.3,"y":{"z":1}}]})", R"({"a":[{"x":0.30000000000000004,"y":{"z":2}}]})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
  EXPECT_EQ(hits(1), 1U);
}

TEST_F(ComparatorTest, AbsoluteToleranceIsExactAtItsLimit) {
  rule("{path: '$[*]', absolute: 0.005}");
  bodies("[0.125]", "[0.13]");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  bodies("[0.125]", "[0.13000000000000000001]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(ComparatorTest, RelativeToleranceGrowsWithTheNumbers) {
  rule("{path: '$[*]', relative: 0.1%}");
  bodies("[1000,1.0]", "[1001,1.0009]");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  bodies("[1000]", "[1002]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(ComparatorTest, TimeUnitsAreConverted) {
  rule("{path: '$.t', time_unit: 'ms:us'}");
  bodies(R"({"t":1714560000123})", R"({"t":1714560000123456})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  bodies(R"({"t":1714560000123})", R"({"t":1714560000124456})");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(ComparatorTest, UnorderedItemsAreAMultiset) {
  rule("{path: '$.tags', unordered: true}");
  bodies(R"({"tags":["a","b","b"]})", R"({"tags":["b","a","b"]})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
  bodies(R"({"tags":["a","b","b"]})", R"({"tags":["b","a","a"]})");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(ComparatorTest, UnorderedItemsArePairedThroughTheirTolerances) {
  rule("{path: '$', unordered: true}");
  rule("{path: '$[*].v', absolute: 0.1}");
  ignore("$[*].at");
  bodies(R"([{"k":"a","v":1.0,"at":1},{"k":"b","v":2.0,"at":2},{"k":"b","v":7.0}])",
         R"([{"k":"b","v":7.05,"at":5},{"k":"b","v":2.05,"at":3},{"k":"a","v":1.05,"at":4}])");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
}

TEST_F(ComparatorTest, AnItemThatMovedAndChangedWithinItsToleranceIsStillAnotherOrder) {
  bodies("[1.0,2.0,3.0]", "[2.0,3.0,1.0000000000000002]");
  rule("{path: '$[*]', ulps: 4}");
  EXPECT_THAT(found(), ElementsAre("order $"));
  bodies("[1.0,2.0]", "[2.0,1.0000000000000002]");
  EXPECT_THAT(found(), ElementsAre("order $"));
}

TEST_F(ComparatorTest, AnItemThatMovedAndChangedWithinADistanceIsStillAnotherOrder) {
  bodies("[10,20,30]", "[20,30,11]");
  rule("{path: '$[*]', absolute: 2}");
  EXPECT_THAT(found(), ElementsAre("order $"));
}

TEST_F(ComparatorTest, AnItemThatMovedIntoAnotherUnitIsStillAnotherOrder) {
  bodies("[1714560000,1714560007000,1714560008000]", "[1714560007000,1714560008000,1714560000000]");
  rule("{path: '$[*]', time_unit: s:ms}");
  EXPECT_THAT(found(), ElementsAre("order $"));
}

TEST_F(ComparatorTest, ARowThatMovedAndChangedWhereIgnoredIsStillAnotherOrder) {
  bodies(R"([{"id":1,"g":7},{"id":2,"g":7},{"id":3,"g":7}])",
         R"([{"id":2,"g":7},{"id":3,"g":7},{"id":1,"g":8}])");
  ignore("$[*].g");
  EXPECT_THAT(found(), ElementsAre("order $"));
  bodies(R"([{"id":1,"g":7},{"id":2,"g":7}])", R"([{"id":2,"g":7},{"id":1,"g":8}])");
  EXPECT_THAT(found(), ElementsAre("order $"));
}

TEST_F(ComparatorTest, ARowOfANamedTableThatMovedWithinItsToleranceIsStillAnotherOrder) {
  bodies(R"({"columns":["x"],"rows":[[1.0],[2.0],[3.0]]})",
         R"({"columns":["x"],"rows":[[2.0],[3.0],[1.0000000000000002]]})");
  rule("{path: '$.rows[*][*]', ulps: 4}");
  EXPECT_THAT(found(), ElementsAre("order $.rows"));
}

TEST_F(ComparatorTest, ARowThatMovedWithAZeroLeftOutIsStillAnotherOrder) {
  bodies(R"({"columns":["x"],"rows":[[1.0],[2.5],[3.5]]})",
         R"({"columns":["x"],"rows":[[2.5],[3.5],[1]]})");
  EXPECT_THAT(found(), ElementsAre("order $.rows"));
}

TEST_F(ComparatorTest, ItemsTheRulesAcceptWhereTheyStandHaveNotMoved) {
  bodies("[1,2,3]", "[2,3,4]");
  ignore("$[*]");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
  bodies("[1,2,3]", "[2,3,4,5]");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
}

TEST_F(ComparatorTest, AnotherOrderWithinAToleranceIsAcceptedByItsOfferedRule) {
  bodies("[1.0,2.0,3.0]", "[2.0,3.0,1.0000000000000002]");
  rule("{path: '$[*]', ulps: 4}");
  EXPECT_EQ(difference().rule, R"({"path": "$", "unordered": true})");
  rule("{path: '$', unordered: true}");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
}

TEST_F(ComparatorTest, ItemsAreMatchedByTheirKeys) {
  rule("{path: '$.users', match_by: [id]}");
  bodies(R"({"users":[{"id":1,"n":"a"},{"id":2,"n":"b"}]})",
         R"({"users":[{"id":2,"n":"B"},{"id":1,"n":"a"}]})");
  EXPECT_THAT(found(), ElementsAre("cell $.users[1].n"));
  EXPECT_EQ(hits(0), 1U);
}

TEST_F(ComparatorTest, RowsAreMatchedByTheNameOfAColumn) {
  rule("{path: '$.rows', match_by: id}");
  bodies(R"({"columns":["v","id"],"rows":[[1,1],[2,2],[3,3]]})",
         R"({"columns":["v","id"],"rows":[[3,3],[1,1],[5,2]]})");
  EXPECT_THAT(found(), ElementsAre("cell $.rows[1].v"));
}

TEST_F(ComparatorTest, AKeyIsFoundInAnySpellingOfItsName) {
  rule("{path: $, match_by: [\"\u00e9\"]}");
  bodies(R"([{"\u00e9":1,"v":1},{"\u00e9":2,"v":2}])", R"([{"é":2,"v":2},{"é":1,"v":9}])");
  EXPECT_THAT(found(), ElementsAre("value $[0].v")) << summary();
}

TEST_F(ComparatorTest, CoercionAcceptsAnotherTypeOfTheSameValue) {
  rule("{path: '$.*', coerce: all}");
  bodies(R"({"a":"12","b":"true","c":null,"d":1,"e":null})",
         R"({"a":12.0,"b":true,"d":true,"e":NaN})");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
}

TEST_F(ComparatorTest, RulesOnOnePlaceWorkTogether) {
  rule("{path: '$.a', trim: true}");
  rule("{path: '$.a', case: ignore}");
  bodies(R"({"a":" Hello"})", R"({"a":"hello "})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
  EXPECT_EQ(hits(1), 1U);
  bodies(R"({"a":"hello"})", R"({"a":"hello "})");
  EXPECT_EQ(hits(0), 1U);
  EXPECT_EQ(hits(1), 0U);
}

TEST_F(ComparatorTest, CellsAnswerToTheirNameAndToTheirIndex) {
  ignore("$.rows[*].a");
  ignore("$.rows[*][1]");
  bodies(R"({"columns":["a","b"],"rows":[[1,2]]})", R"({"columns":["a","b"],"rows":[[3,4]]})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  EXPECT_EQ(hits(0), 1U);
  EXPECT_EQ(hits(1), 1U);
}

TEST_F(ComparatorTest, ADifferenceNoRuleAcceptsIsAMismatchBesideIgnoredOnes) {
  ignore("$.a");
  bodies(R"({"a":1,"b":1})", R"({"a":2,"b":2})");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  EXPECT_EQ(compare().ignored, 1U);
  EXPECT_THAT(found(), ElementsAre("value $.b"));
}

// What must not be hidden

TEST_F(ComparatorTest, ColumnsInAnotherOrderAreADifference) {
  bodies(R"({"columns":["a","b"],"rows":[[1,2],[3,4]]})",
         R"({"columns":["b","a"],"rows":[[2,1],[4,3]]})");
  EXPECT_THAT(found(), ElementsAre("order $.columns"));
  EXPECT_EQ(difference().rule, R"({"path": "$.columns", "unordered": true})");
  rule("{path: $.columns, unordered: true}");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
  EXPECT_EQ(hits(0), 1U);
}

TEST_F(ComparatorTest, ColumnsOfCsvInAnotherOrderAreADifference) {
  content_type("text/csv");
  bodies("a,b\n1,2\n", "b,a\n2,1\n");
  EXPECT_THAT(found(), ElementsAre("order $.columns"));
}

TEST_F(ComparatorTest, AColumnAmongTheOthersDoesNotMoveThem) {
  bodies(R"({"columns":["a","b"],"rows":[[1,2]]})",
         R"({"columns":["x","a","b"],"rows":[[0,1,2]]})");
  EXPECT_THAT(found(), ElementsAre("column_count $.rows"));
}

TEST_F(ComparatorTest, ColumnsRenamedBeyondTheirBoundAreStillADifference) {
  options.columns_max = 4;
  bodies(R"({"columns":["a","b","c"],"rows":[[1,2,3,4]]})",
         R"({"columns":["x","y","z"],"rows":[[1,2,3,4]]})");
  EXPECT_EQ(outcome(), Outcome::kMismatch) << summary();
}

TEST_F(ComparatorTest, IgnoringACellOfOneRowDoesNotHideAMissingColumn) {
  ignore("$[0].b");
  bodies(R"([{"a":1,"b":2},{"a":3,"b":4}])", R"([{"a":1},{"a":3}])");
  EXPECT_EQ(outcome(), Outcome::kMismatch) << summary();
}

TEST_F(ComparatorTest, TwoUnitsOfTimeDoNotAcceptAThird) {
  rule("{path: $.t, time_unit: 's:ms'}");
  rule("{path: $.t, time_unit: 'ms:us'}");
  bodies(R"({"t":1714560000})", R"({"t":1714560000000})");
  EXPECT_EQ(outcome(), Outcome::kIgnored);
  bodies(R"({"t":1714560000})", R"({"t":1714560000000000})");
  EXPECT_EQ(outcome(), Outcome::kMismatch) << summary();
}

TEST_F(ComparatorTest, ExponentsTooLargeToCountAreNotEqual) {
  bodies("[1e1000000000000001]", "[1e1000000000000002]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  bodies("[1e-99999999999999999999]", "[1e-99999999999999999998]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  rule("{path: '$[*]', coerce: number, absolute: 1}");
  bodies("[1e1000000000000001]", "[1e1000000000000002]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  bodies("[1e400,0e99999999999999999999]", "[10e399,0.0]");
  EXPECT_EQ(outcome(), Outcome::kMatch) << summary();
}

TEST_F(ComparatorTest, ARuleForAnIndexDoesNotReachMembersOfObjects) {
  ignore("$[*][0]");
  bodies(R"([{"a":1,"b":2}])", R"([{"b":2,"a":9}])");
  EXPECT_EQ(outcome(), Outcome::kMismatch) << summary();
}

TEST_F(ComparatorTest, AByteOrderMarkOnOneSideIsADifferenceOfWhiteSpace) {
  bodies("{\"a\":1}", "\xEF\xBB\xBF{\"a\":1}");
  EXPECT_EQ(explanation(), Explanation::kWhiteSpace);
  EXPECT_EQ(difference().rule, R"({"path": "$", "trim": "ends"})");
  rule("{path: $, trim: ends}");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
  bodies("\xEF\xBB\xBF{\"a\":1}", "\xEF\xBB\xBF{\"a\": 1}");
  EXPECT_EQ(outcome(), Outcome::kMatch) << summary();
}

TEST_F(ComparatorTest, WhiteSpaceAfterAFormIsADifference) {
  content_type("application/x-www-form-urlencoded");
  bodies("a=1", "a=1\n");
  EXPECT_EQ(explanation(), Explanation::kWhiteSpace);
}

TEST_F(ComparatorTest, ParametersOfAContentTypeKeepTheirCase) {
  bodies("x", "x");
  content_types("multipart/form-data; boundary=AbC", "multipart/form-data; boundary=abC");
  EXPECT_THAT(found(), ElementsAre("header headers.content-type"));
  content_types("Text/HTML; Charset=\"UTF-8\"", "text/html;charset=utf-8");
  EXPECT_EQ(outcome(), Outcome::kMatch) << summary();
}

TEST_F(ComparatorTest, AColumnOfNothingButNullAgainstNoneIsExplained) {
  bodies(R"([{"a":1,"b":null},{"a":2,"b":null}])", R"([{"a":1},{"a":2}])");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kColumnCount);
  EXPECT_EQ(found.explanation, Explanation::kNullMissing);
  EXPECT_EQ(found.rule, R"({"path": "$[*].b", "coerce": ["null"]})");
  rule("{path: '$[*].b', coerce: 'null'}");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
  bodies(R"([{"a":1,"b":null},{"a":2,"b":7}])", R"([{"a":1},{"a":2}])");
  EXPECT_EQ(difference().explanation, Explanation::kNone);
}

// Redaction

TEST_F(ComparatorTest, RedactedValuesNeverLeave) {
  rule("{path: '$..secret', redact: true}");
  bodies(R"({"a":{"secret":"hunter2"},"b":[{"secret":"hunter2","x":[1]}]})",
         R"({"a":{"secret":"hunter3"}})");
  compare();
  EXPECT_THAT(found(), ElementsAre("value $.a.secret", "missing $.b"));
  EXPECT_THAT(summary(), Not(HasSubstr("hunter")));
  EXPECT_THAT(summary(), HasSubstr("[redacted]"));
}

TEST_F(ComparatorTest, CellsAreRedactedByTheNameOfTheirColumnHoweverTheTableIsShown) {
  rule("{path: '$..rows[*].ssn', redact: true}");
  const std::string table = R"({"columns":["id","ssn"],"rows":[[1,"123-45"],[2,"678-90"]]})";
  for (const std::string& candidate :
       {std::string("{}"), std::string(R"({"columns":["id","ssn"],"rows":[[1,"999-99"]]})"),
        std::string(R"({"columns":["id","ssn"]})"), std::string(R"({"columns":1,"rows":[7]})"),
        std::string(R"({"columns":["id","ssn"],"rows":[[2,"678-90"],[1,"123-45"]]})"),
        std::string(R"({"columns":["id","ssn"],"rows":[{"id":1},[2,"678-90"]]})")}) {
    for (const BodyKind kind : {BodyKind::kAuto, BodyKind::kJson, BodyKind::kTable}) {
      read_as(kind);
      for (const std::string& prefix : {std::string(), std::string("{\"a\":")}) {
        const std::string suffix = prefix.empty() ? "" : "}";
        bodies(prefix + table + suffix, prefix + candidate + suffix);
        EXPECT_EQ(outcome(), Outcome::kMismatch);
        EXPECT_THAT(summary(), Not(HasSubstr("123-45"))) << candidate;
        EXPECT_THAT(summary(), Not(HasSubstr("678-90"))) << candidate;
        EXPECT_THAT(summary(), Not(HasSubstr("999-99"))) << candidate;
      }
    }
  }
}

TEST_F(ComparatorTest, ABodyThatCannotBeReadIsNotShownWhereAnythingIsRedacted) {
  rule("{path: '$.secret', redact: true}");
  bodies(R"({"secret":"hunter2"})", R"({"secret":"hunter2",})");
  EXPECT_EQ(difference().dimension, Dimension::kUnparsed);
  EXPECT_THAT(summary(), Not(HasSubstr("hunter")));
}

TEST_F(ComparatorTest, AnOfferedRuleDoesNotTellHowFarApartHiddenValuesAre) {
  rule("{path: '$..secret', redact: true}");
  bodies(R"({"secret":0.0})", R"({"secret":1e-318})");
  EXPECT_THAT(difference().rule, Not(HasSubstr("ulps"))) << summary();
  bodies(R"([{"secret":12},{"secret":13}])", R"([{"secret":12.25},{"secret":13.25}])");
  compare();
  EXPECT_THAT(summary(), Not(HasSubstr("absolute"))) << summary();
}

TEST_F(ComparatorTest, RowsOfObjectsAreRedactedByNameWhereverTheyAreShown) {
  rule("{path: '$[*].pin', redact: true}");
  for (const char* candidate : {R"([{"id":2,"pin":"8888"},{"pin":"7777","id":1}])",
                                R"([{"id":1,"pin":"9999"}])", R"([{"id":1,"pin":7777}])"}) {
    bodies(R"([{"id":1,"pin":"7777"},{"pin":"8888","id":2}])", candidate);
    compare();
    EXPECT_EQ(outcome(), Outcome::kMismatch);
    for (const char* secret : {"7777", "8888", "9999"}) {
      EXPECT_THAT(summary(), Not(HasSubstr(secret))) << candidate;
    }
  }
}

// Bounds

TEST_F(ComparatorTest, DifferencesBeyondTheCapAreCountedExactly) {
  options.differences_max = 3;
  std::string a = "[";
  std::string b = "[";
  for (int i = 0; i < 100; ++i) {
    a += std::to_string(i) + ",";
    b += std::to_string(i + 1000) + ",";
  }
  bodies(a + "0]", b + "0]");
  EXPECT_EQ(compare().differences.size(), 3U);
  EXPECT_EQ(compare().dropped, 97U);
}

TEST_F(ComparatorTest, ValuesAreCutAtACharacter) {
  options.value_bytes_max = 16;
  bodies("[\"" + std::string(15, 'a') + "éééé\"]", "[\"b\"]");
  EXPECT_EQ(difference().control_value, std::string(15, 'a'));
}

TEST_F(ComparatorTest, ALargeBodyIsIncomparableUnlessItIsByteEqual) {
  options.body_bytes_max = 10;
  bodies("[1,2,3,4,5,6]", "[1,2,3,4,5,7]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
  EXPECT_THAT(compare().reason, HasSubstr("body_bytes_max"));
  bodies("[1,2,3,4,5,6]", "[1,2,3,4,5,6]");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, DeepNestingIsIncomparable) {
  bodies(std::string(100'000, '['), std::string(100'001, '['));
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
  EXPECT_THAT(compare().reason, HasSubstr("json_depth_max"));
}

TEST_F(ComparatorTest, TooManyValuesAreIncomparable) {
  options.nodes_max = 5;
  bodies("[1,2,3,4,5,6]", "[1,2,3,4,5]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
}

TEST_F(ComparatorTest, AComparisonThatTakesTooLongEndsAndSaysSo) {
  options.work_max = 100;
  std::string a = "[";
  for (int i = 0; i < 1000; ++i) a += std::to_string(i) + ",";
  bodies(a + "1]", a + "2]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
  EXPECT_THAT(compare().reason, HasSubstr("work_max"));
}

TEST_F(ComparatorTest, AKnownMismatchOutranksAnIncomparableBody) {
  statuses(200, 201);
  options.body_bytes_max = 1;
  bodies("[1]", "[2]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  EXPECT_THAT(compare().reason, Not(IsEmpty()));
}

TEST(Comparator, AnIncompleteBodyIsIncomparable) {
  const Comparator comparator;
  const Comparison found = comparator.compare({.status = 200, .body = "abc"},
                                              {.status = 200, .body = "abc", .complete = false});
  EXPECT_EQ(found.outcome, Outcome::kIncomparable);
  EXPECT_THAT(found.reason, HasSubstr("candidate"));
}

// Bodies that are not what they claim to be

TEST_F(ComparatorTest, ABrokenBodyIsADifferenceThatSaysWhere) {
  bodies(R"({"a":1})", R"({"a":1)");
  const Difference found = difference();
  EXPECT_EQ(found.dimension, Dimension::kUnparsed);
  EXPECT_THAT(found.candidate_value, HasSubstr("expected ',' or '}' at byte 6"));
}

TEST_F(ComparatorTest, TextThatIsNoJsonIsUnparsed) {
  for (const char* broken :
       {"[1,]",    "[01]",    "[1.]",       "[+1]",       "[.5]",          "[1e]",
        "{\"a\"}", "{a:1}",   "[1 2]",      "[\"\\q\"]",  "[\"\\u12g4\"]", "[\"\\u12\"]",
        "nul",     "[tru]",   "{\"a\":1,}", "[\"a\nb\"]", "[\"\xff\"]",    "",
        "  ",      "[1]]",    "[1}",        "{\"a\":1]",  "[\"abc]",       "1\"a\"",
        "[1,,2]",  "{,}",     ":",          "[:]",        "{\"a\" 1}",     "\x01",
        "[\x01]",  "[1\x0c]", "\"a\"\"b\"", "[--1]",      "[NaNN]"}) {
    bodies("[1]", broken);
    compare();
    EXPECT_THAT(found(), ElementsAre("unparsed $")) << broken;
  }
}

TEST_F(ComparatorTest, CsvWithAnOpenQuoteIsUnparsed) {
  content_type("text/csv");
  bodies("a\n1\n", "a\n\"1\n");
  EXPECT_EQ(difference().dimension, Dimension::kUnparsed);
}

// Encodings

TEST_F(ComparatorTest, CompressedBodiesAreComparedByTheirContent) {
  control_header("Content-Encoding", "gzip");
  bodies(gzip(R"({"a":1,"b":2})"), R"({"b":2,"a":1})");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(ComparatorTest, ADecompressionBombIsIncomparable) {
  options.decoded_bytes_max = 1 << 20;
  control_header("Content-Encoding", "gzip");
  bodies(gzip(std::string(8 << 20, '[')), "[]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
  EXPECT_THAT(compare().reason, HasSubstr("decoded_bytes_max"));
}

TEST_F(ComparatorTest, ABrokenStreamIsUnparsedAndAnUnknownOneIncomparable) {
  control_header("Content-Encoding", "gzip");
  bodies("no gzip", "[]");
  EXPECT_EQ(difference().dimension, Dimension::kUnparsed);
  const std::string whole = gzip("[1,2,3]");
  bodies(whole.substr(0, whole.size() - 4), "[1,2,3]");
  EXPECT_EQ(difference().dimension, Dimension::kUnparsed);
}

TEST_F(ComparatorTest, WhatFollowsACompressedStreamIsNotOverlooked) {
  content_type("text/plain");
  control_header("Content-Encoding", "gzip");
  candidate_header("Content-Encoding", "gzip");
  bodies(gzip("one"), gzip("one") + "more");
  EXPECT_EQ(difference().dimension, Dimension::kUnparsed);
  bodies(gzip("one"), gzip("one") + gzip("more"));
  EXPECT_THAT(found(), ElementsAre("value $[0]"));
  bodies(gzip("onemore"), gzip("one") + gzip("more"));
  EXPECT_EQ(outcome(), Outcome::kMatch) << summary();
}

TEST_F(ComparatorTest, AnUnknownEncodingIsIncomparable) {
  control_header("Content-Encoding", "br");
  bodies("abc", "[]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
}

TEST_F(ComparatorTest, OtherCharacterSetsAreRead) {
  content_type("text/plain; charset=ISO-8859-1");
  bodies("caf\xe9", "caf\xe8");
  EXPECT_EQ(difference().control_value, "café");
  content_type("application/json");
  bodies(std::string("\xFF\xFE[\0001\0]\0", 8), "[1]");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

}  // namespace
}  // namespace understudy::compare
