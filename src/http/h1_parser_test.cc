// What a caller sees of the parsers and the body decoder beyond the tables of testdata.
#include <gtest/gtest.h>

#include <string>

#include "http/date.h"
#include "http/h1_body.h"
#include "http/h1_request_parser.h"
#include "http/h1_response_parser.h"

namespace understudy::http {
namespace {

TEST(H1RequestHeadParserTest, GivesTheHeadAsViewsIntoTheBuffer) {
  const std::string wire = "PUT /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
  H1RequestHeadParser parser;
  const ParseResult result = parser.parse(wire);
  ASSERT_EQ(result.state, ParseState::kComplete);
  EXPECT_EQ(wire.substr(result.consumed), "hi");
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.method_id, MethodId::kPut);
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.authority, "x");
  EXPECT_EQ(head.framing, Framing::kLength);
  EXPECT_EQ(head.content_length, 2U);
  EXPECT_TRUE(head.has_body());
  EXPECT_EQ(head.target.data(), wire.data() + 4);
}

TEST(H1RequestHeadParserTest, TellsAnIdleConnectionFromASlowHead) {
  H1RequestHeadParser parser;
  EXPECT_EQ(parser.parse("").state, ParseState::kNeedMore);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("\r\n").state, ParseState::kNeedMore);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("\r\nG").state, ParseState::kNeedMore);
  EXPECT_TRUE(parser.started());
  parser.reset();
  EXPECT_FALSE(parser.started());
}

TEST(H1RequestHeadParserTest, RefusesWithTheFirstByteThatIsWrong) {
  const auto refused = [](std::string_view wire) {
    H1RequestHeadParser parser;
    return parser.parse(wire).state == ParseState::kError;
  };
  EXPECT_TRUE(refused("GET / HTTP/1.1\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\nHost: a\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\nHost "));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\n "));
  EXPECT_TRUE(refused("GET / X"));
  EXPECT_TRUE(refused("{"));
  EXPECT_TRUE(refused("\x16\x03\x01"));  // a TLS client on a plain port
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n"));
  EXPECT_FALSE(refused("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1"));
}

TEST(H1RequestHeadParserTest, KeepsNothingOfTheMessageBefore) {
  H1RequestHeadParser parser;
  ASSERT_EQ(parser
                .parse("POST http://b/?x HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\n"
                       "Upgrade: x\r\nContent-Length: 5\r\n\r\n")
                .state,
            ParseState::kComplete);
  parser.reset();
  ASSERT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: c\r\n\r\n").state, ParseState::kComplete);
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.scheme, "");
  EXPECT_EQ(head.authority, "c");
  EXPECT_EQ(head.framing, Framing::kNone);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 1U);
}

TEST(H1RequestHeadParserTest, ACompleteHeadIsNotParsedTwice) {
  H1RequestHeadParser parser;
  const std::string wire = "GET / HTTP/1.1\r\nHost: c\r\n\r\n";
  ASSERT_EQ(parser.parse(wire).state, ParseState::kComplete);
  EXPECT_EQ(parser.parse(wire).state, ParseState::kError);
}

TEST(H1ResponseHeadParserTest, AnInterimHeadIsFollowedByTheRealOne) {
  H1ResponseHeadParser parser({}, MethodId::kPost);
  const std::string wire =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
  const ParseResult interim = parser.parse(wire);
  ASSERT_EQ(interim.state, ParseState::kComplete);
  EXPECT_TRUE(parser.head().interim);
  parser.reset(MethodId::kPost);
  EXPECT_FALSE(parser.started());
  const std::string rest = wire.substr(interim.consumed);
  ASSERT_EQ(parser.parse(rest).state, ParseState::kComplete);
  EXPECT_FALSE(parser.head().interim);
  EXPECT_EQ(parser.head().status, 201);
  EXPECT_TRUE(parser.head().keep_alive);
}

TEST(H1BodyDecoderTest, ABodyWithoutBytesIsDoneAtOnce) {
  H1BodyDecoder decoder;
  decoder.start(Framing::kNone, 0);
  EXPECT_EQ(decoder.state(), BodyState::kDone);
  decoder.start(Framing::kLength, 0);
  EXPECT_EQ(decoder.state(), BodyState::kDone);
  EXPECT_EQ(decoder.decode("GET").consumed, 0U);
}

TEST(H1BodyDecoderTest, GivesContentWithoutCopyingIt) {
  H1BodyDecoder decoder;
  decoder.start(Framing::kChunked, 0);
  const std::string wire = "5\r\nhello\r\n0\r\n\r\n";
  const BodyStep step = decoder.decode(wire);
  EXPECT_EQ(step.data, "hello");
  EXPECT_EQ(step.data.data(), wire.data() + 3);
  EXPECT_EQ(decoder.content_bytes(), 5U);
}

TEST(H1BodyDecoderTest, ConsumesNothingOfTheNextMessage) {
  H1BodyDecoder decoder;
  decoder.start(Framing::kLength, 3);
  const BodyStep step = decoder.decode("abcGET /");
  EXPECT_EQ(step.consumed, 3U);
  EXPECT_EQ(step.state, BodyState::kDone);
  decoder.start(Framing::kChunked, 0);
  EXPECT_EQ(decoder.decode("0\r\nX: y\r\n\r\nGET /").consumed, 11U);
  EXPECT_EQ(decoder.state(), BodyState::kDone);
}

TEST(H1BodyDecoderTest, TheEndOfTheConnectionCompletesOnlyABodyThatHasNoOtherEnd) {
  H1BodyDecoder decoder;
  decoder.start(Framing::kUntilClose, 0);
  EXPECT_EQ(decoder.decode("abc").data, "abc");
  EXPECT_EQ(decoder.on_eof(), BodyState::kDone);
  decoder.start(Framing::kLength, 3);
  decoder.decode("ab");
  EXPECT_EQ(decoder.on_eof(), BodyState::kError);
  decoder.start(Framing::kChunked, 0);
  decoder.decode("0\r\n");
  EXPECT_EQ(decoder.on_eof(), BodyState::kError);
  decoder.start(Framing::kNone, 0);
  EXPECT_EQ(decoder.on_eof(), BodyState::kDone);
}

TEST(H1BodyDecoderTest, ALengthOverTheLimitIsRefusedBeforeAnyByte) {
  H1BodyDecoder decoder(Limits{.body_bytes_max = 4});
  decoder.start(Framing::kLength, 5);
  EXPECT_EQ(decoder.state(), BodyState::kError);
  EXPECT_EQ(decoder.refusal().status, 413);
}

TEST(H1BodyDecoderTest, KeepsNoTrailersOfTheBodyBefore) {
  H1BodyDecoder decoder;
  decoder.start(Framing::kChunked, 0);
  decoder.decode("0\r\nX: y\r\nHost: z\r\n\r\n");
  EXPECT_EQ(decoder.trailers().size(), 1U);
  EXPECT_EQ(decoder.trailers_dropped(), 1U);
  decoder.start(Framing::kChunked, 0);
  decoder.decode("0\r\n\r\n");
  EXPECT_TRUE(decoder.trailers().empty());
  EXPECT_EQ(decoder.trailers_dropped(), 0U);
}

TEST(DateTest, WritesAnImfFixdate) {
  const auto written = [](std::int64_t seconds) {
    std::array<char, kImfFixdateBytes> text;
    format_imf_fixdate(seconds, text);
    return std::string(text.data(), text.size());
  };
  EXPECT_EQ(written(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(written(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(written(4107542399), "Sun, 28 Feb 2100 23:59:59 GMT");
}

TEST(DateTest, TheCacheFollowsTheClock) {
  DateCache cache;
  EXPECT_EQ(cache.at(784111777'000'000'000), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(784111777'999'999'999), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(784111778'000'000'000), "Sun, 06 Nov 1994 08:49:38 GMT");
}

}  // namespace
}  // namespace understudy::http
