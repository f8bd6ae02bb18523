#include "http/h1_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1_body.h"
#include "http/h1_request_parser.h"
#include "http/h1_response_parser.h"
#include "http/hop_by_hop.h"

namespace understudy::http {
namespace {

class H1WriterTest : public ::testing::Test {
 protected:
  /// What is sent on for a request that arrived as `wire`.
  std::string forwarded(const std::string& wire, const ForwardOptions& options = {}) {
    buffer_ = wire;
    parser_.reset();
    const ParseResult result = parser_.parse(buffer_);
    EXPECT_EQ(result.state, ParseState::kComplete) << result.refusal.reason;
    RequestHead head;
    forward_request(parser_.head(), options, scratch_, head);
    std::string out;
    append_request_head(out, head);
    return out;
  }

  std::string written(const ResponseHead& head, Version client = Version::kHttp11) {
    std::string out;
    append_response_head(out, head, client);
    return out;
  }

  std::string buffer_;
  H1RequestHeadParser parser_;
  ForwardScratch scratch_;
};

TEST_F(H1WriterTest, ForwardedLinesKeepTheirBytes) {
  EXPECT_EQ(
      forwarded("GET /a?b HTTP/1.1\r\nHost: x:1\r\nUser-Agent: curl/8\r\naccept: */*\r\n\r\n"),
      "GET /a?b HTTP/1.1\r\nHost: x:1\r\nUser-Agent: curl/8\r\naccept: */*\r\n\r\n");
}

TEST_F(H1WriterTest, LinesAroundADroppedOneAreAllWritten) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nKeep-Alive: x\r\nC: 3\r\nHost: h\r\n"
                      "D:4\r\nE: 5 \r\nF:  6\r\nG: \r\nI: 9\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n"
            "D: 4\r\nE: 5\r\nF: 6\r\nG: \r\nI: 9\r\n\r\n");
}

TEST_F(H1WriterTest, AddsViaAndForwardedFieldsByOption) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n"
                      "A: 1\r\nX-Forwarded-For: 10.0.0.2\r\n\r\n",
                      {.via = "understudy",
                       .client_address = "192.0.2.7",
                       .client_scheme = "http",
                       .forward_host = true,
                       .authority = "control:9001"}),
            "GET / HTTP/1.1\r\nHost: control:9001\r\nA: 1\r\nx-forwarded-proto: http\r\n"
            "x-forwarded-host: h\r\nx-forwarded-for: 10.0.0.1, 10.0.0.2, 192.0.2.7\r\n"
            "via: 1.1 understudy\r\n\r\n");
}

TEST_F(H1WriterTest, WhatAProxyInFrontSaidOfTheFirstHopStays) {
  EXPECT_EQ(
      forwarded("GET / HTTP/1.1\r\nHost: internal\r\nX-Forwarded-Proto: https\r\n"
                "X-Forwarded-Host: shop.example\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
                {.client_address = "192.0.2.7", .client_scheme = "http", .forward_host = true}),
      "GET / HTTP/1.1\r\nHost: internal\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Host: shop.example\r\nx-forwarded-for: 10.0.0.1, 192.0.2.7\r\n\r\n");
}

TEST_F(H1WriterTest, AClientCannotKeepTheForwardedFieldsOfOthersByNamingThemInConnection) {
  EXPECT_EQ(
      forwarded("GET / HTTP/1.1\r\nHost: h\r\n"
                "Connection: X-Forwarded-For, x-forwarded-proto, X-Forwarded-Host\r\n"
                "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
                "X-Forwarded-Host: other\r\n\r\n",
                {.client_address = "192.0.2.7", .client_scheme = "http", .forward_host = true}),
      "GET / HTTP/1.1\r\nHost: h\r\nx-forwarded-proto: http\r\nx-forwarded-host: h\r\n"
      "x-forwarded-for: 192.0.2.7\r\n\r\n");
}

TEST_F(H1WriterTest, DropsWhatTheCallerSetsAnew) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\ntraceparent: x\r\nA: 1\r\n\r\n",
                      {.drop = {KnownField::kTraceparent}}),
            "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n");
}

TEST_F(H1WriterTest, FramingComesFromTheHeadAndNotFromItsFields) {
  RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.authority = "h";
  head.framing = Framing::kLength;
  head.content_length = 18446744073709551615U;
  head.keep_alive = false;
  head.fields = {{"Content-Length", "7"}, {"Transfer-Encoding", "chunked"}};
  std::string out;
  append_request_head(out, head);
  EXPECT_EQ(out,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n"
            "Connection: close\r\n\r\n");
}

TEST_F(H1WriterTest, AResponseSaysWhetherTheConnectionStays) {
  ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  head.framing = Framing::kLength;
  head.content_length = 3;
  EXPECT_EQ(written(head), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(written(head, Version::kHttp10),
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
  head.keep_alive = false;
  EXPECT_EQ(written(head), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST_F(H1WriterTest, TheLengthOfAnAnswerToHeadIsKept) {
  ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  head.fields = {{"Content-Length", "500"}};
  EXPECT_EQ(written(head), "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
}

TEST_F(H1WriterTest, ANoContentAnswerNeverAnnouncesABody) {
  ResponseHead head;
  head.status = 204;
  head.fields = {{"Content-Length", "5"}};
  EXPECT_EQ(written(head), "HTTP/1.1 204 \r\n\r\n");
}

TEST_F(H1WriterTest, ChunksAreReadBackByTheDecoder) {
  std::string wire;
  append_chunk_header(wire, 26);
  wire += "abcdefghijklmnopqrstuvwxyz";
  wire += kChunkEnd;
  append_last_chunk(wire, Fields{{"X-Checksum", "9"}});
  EXPECT_TRUE(wire.starts_with("1a\r\n"));
  H1BodyDecoder decoder;
  decoder.start(Framing::kChunked, 0);
  std::string_view in = wire;
  std::string content;
  while (decoder.state() == BodyState::kMore) {
    const BodyStep step = decoder.decode(in);
    ASSERT_GT(step.consumed, 0U);
    content += step.data;
    in.remove_prefix(step.consumed);
  }
  EXPECT_EQ(decoder.state(), BodyState::kDone);
  EXPECT_EQ(content, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(decoder.trailers().fields().value_or("x-checksum"), "9");
  EXPECT_TRUE(in.empty());
  std::string last;
  append_last_chunk(last, {});
  EXPECT_EQ(last, kLastChunk);
}

TEST_F(H1WriterTest, ALargestChunkHeaderFits) {
  char header[kChunkHeaderBytesMax];
  EXPECT_EQ(std::string_view(header, write_chunk_header(header, UINT64_MAX)),
            "ffffffffffffffff\r\n");
}

TEST_F(H1WriterTest, ASimpleAnswerIsReadBack) {
  std::string wire;
  append_simple_response(wire, {.status = 502,
                                .body = R"({"error":"control is down"})",
                                .date = "Sun, 06 Nov 1994 08:49:37 GMT"});
  H1ResponseHeadParser parser;
  const ParseResult result = parser.parse(wire);
  ASSERT_EQ(result.state, ParseState::kComplete);
  EXPECT_EQ(parser.head().status, 502);
  EXPECT_EQ(parser.head().reason, "Bad Gateway");
  EXPECT_FALSE(parser.head().keep_alive);
  EXPECT_EQ(parser.head().content_length, wire.size() - result.consumed);
  EXPECT_TRUE(parser.head().fields.has(KnownField::kDate));
}

TEST_F(H1WriterTest, ASimpleAnswerToHeadHasALengthAndNoBody) {
  std::string wire;
  append_simple_response(wire, {.status = 404, .body = "{}", .head_request = true});
  EXPECT_TRUE(wire.ends_with("Content-Length: 2\r\nConnection: close\r\n\r\n")) << wire;
}

}  // namespace
}  // namespace understudy::http
