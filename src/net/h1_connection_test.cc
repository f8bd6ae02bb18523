#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "net/h1_client.h"
#include "net/h1_server.h"
#include "net/loopback_stream.h"
#include "net/task_scope.h"

namespace understudy::net {
namespace {

using namespace std::chrono_literals;

base::Task<void> write_bytes(Stream& stream, std::string bytes) { co_await stream.write(bytes); }

base::Task<void> read_bytes(Stream& stream, std::string& text, ssize_t& end) {
  char buffer[1000];
  while (true) {
    const ssize_t count = co_await stream.read(buffer, sizeof buffer);
    if (count <= 0) {
      end = count;
      co_return;
    }
    text.append(buffer, static_cast<size_t>(count));
  }
}

/// A server that answers each request with its target and body, as far as it may.
class H1ServerConnectionTest : public ::testing::Test {
 protected:
  static constexpr ssize_t kOpen = 1;

  void connect(size_t read_bytes_max = 1 << 20) {
    scope_.cancel_all();
    auto [near, far] = loopback_pair(loop_, {}, {.read_bytes_max = read_bytes_max});
    client_ = std::move(near);
    connection_ = std::make_unique<H1ServerConnection>(std::move(far), buffers_, options_);
    scope_.spawn(serve());
    scope_.spawn(read_bytes(*client_, received_, end_));
  }
  void send(std::string bytes) {
    scope_.spawn(write_bytes(*client_, std::move(bytes)));
    turns();
  }
  void turns(int count = 400) {
    for (int i = 0; i < count; ++i) loop_.turn(0);
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance_ns(time.count());
    turns();
  }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  BufferPool buffers_;
  H1ServerOptions options_;
  std::unique_ptr<LoopbackStream> client_;
  std::unique_ptr<H1ServerConnection> connection_;
  std::string received_;
  std::vector<std::string> seen_;
  ssize_t end_ = kOpen;
  bool answers_first_ = false;  // before the body is read
  // Last: its tasks use all of the above.
  TaskScope scope_;

 private:
  base::Task<void> serve() {
    while (true) {
      const auto next = co_await connection_->next_request();
      if (next == H1ServerConnection::Next::kClosed) break;
      if (next == H1ServerConnection::Next::kRefused) {
        co_await connection_->close();
        break;
      }
      std::string text(connection_->head().target);
      BodyPiece piece;
      StreamError failure = StreamError::kNone;
      while (!answers_first_ && !piece.end) {
        piece = co_await connection_->read_body();
        text.append(" ").append(piece.data);
        if (piece.error != StreamError::kNone) {
          failure = piece.error;
          break;
        }
      }
      seen_.push_back(failure == StreamError::kNone ? text : std::string(name(failure)));
      http::ResponseHead head;
      head.status = failure == StreamError::kTimeout ? 408 : 200;
      head.framing = http::Framing::kLength;
      head.content_length = 2;
      const StreamError sent = co_await connection_->send_head(head, "ok", true);
      if (sent != StreamError::kNone || !connection_->reusable()) {
        co_await connection_->close();
        break;
      }
    }
    connection_.reset();
  }
};

constexpr std::string_view kOk = "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok";

TEST_F(H1ServerConnectionTest, PipelinedRequestsAreAnsweredInOrderAtAnyByteBoundary) {
  const std::string requests =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n"
      "0\r\nT: t\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const size_t piece : {1, 2, 3, 7, 50, 100000}) {
    received_.clear();
    seen_.clear();
    connect(piece);
    send(requests);
    ASSERT_EQ(seen_.size(), 4u) << piece;
    for (std::string& text : seen_) std::erase(text, ' ');
    EXPECT_EQ(seen_, (std::vector<std::string>{"/1", "/2hello", "/3abc", "/4"})) << piece;
    EXPECT_EQ(received_, base::cat(kOk, kOk, kOk, kOk));
  }
}

TEST_F(H1ServerConnectionTest, AClientThatExpectsItIsToldToContinueOnlyWhenTheBodyIsWanted) {
  connect();
  send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(received_, "HTTP/1.1 100 Continue\r\n\r\n");
  send("hello");
  EXPECT_TRUE(received_.ends_with(kOk)) << received_;
  answers_first_ = true;
  received_.clear();
  connect();
  send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(received_, "HTTP/1.1 200 \r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_F(H1ServerConnectionTest, ASlowHeadIsA408AndAnIdleConnectionEndsSilently) {
  options_.head_timeout = 10s;
  options_.idle_timeout = 75s;
  connect();
  pass(74s);
  EXPECT_EQ(end_, kOpen);
  send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 3; ++i) {
    pass(3s);
    send("T");  // a byte now and then buys no time
  }
  EXPECT_EQ(end_, kOpen);
  pass(1s);
  EXPECT_TRUE(received_.starts_with("HTTP/1.1 408 ")) << received_;
  received_.clear();
  end_ = kOpen;
  connect();
  pass(75s);
  EXPECT_EQ(end_, 0);
  EXPECT_EQ(received_, "");
}

TEST_F(H1ServerConnectionTest, ANewConnectionHasItsFirstRequestsTimeAndLaterOnesTheUsual) {
  options_.first_request_timeout = 5s;
  connect();
  pass(5s);
  EXPECT_EQ(end_, 0);
  EXPECT_EQ(received_, "");
  end_ = kOpen;
  connect();
  pass(4s);
  send("GET / HTTP/1.1\r\nX: ");  // begun late, which buys no time
  pass(1s);
  EXPECT_TRUE(received_.starts_with("HTTP/1.1 408 ")) << received_;
  received_.clear();
  end_ = kOpen;
  connect();
  send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  pass(70s);
  EXPECT_EQ(received_, kOk);
  EXPECT_EQ(end_, kOpen);
}

TEST_F(H1ServerConnectionTest, ABodyThatStopsOrNeverEndsIsToldSo) {
  options_.body_timeout = 30s;
  options_.request_timeout = 100s;
  connect();
  send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
  pass(30s);
  EXPECT_EQ(seen_, std::vector<std::string>{"timeout"});
  EXPECT_TRUE(received_.starts_with("HTTP/1.1 408 ")) << received_;
  seen_.clear();
  connect();
  send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\nhel");
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(seen_.empty());
    pass(25s);
    send("x");
  }
  EXPECT_EQ(seen_, std::vector<std::string>{"timeout"});
}

TEST_F(H1ServerConnectionTest, ADrainEndsAnIdleConnectionAndMarksTheLastAnswer) {
  options_.drain_grace = 250ms;
  connect();
  turns();
  connection_->drain();
  turns();
  EXPECT_EQ(end_, kOpen) << "a request may be on its way";
  pass(250ms);
  EXPECT_EQ(end_, 0);
  EXPECT_EQ(connection_, nullptr);
  end_ = kOpen;
  connect();
  send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
  connection_->drain();
  send("x");
  EXPECT_NE(received_.find("Connection: close"), std::string::npos);
}

TEST_F(H1ServerConnectionTest, ARequestThatCrossesADrainIsAnsweredAsTheLast) {
  options_.drain_grace = 250ms;
  for (const bool first : {true, false}) {
    received_.clear();
    end_ = kOpen;
    connect();
    turns();
    if (!first) send("GET /before HTTP/1.1\r\nHost: h\r\n\r\n");
    connection_->drain();
    pass(249ms);
    send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(received_.ends_with("Connection: close\r\n\r\nok")) << first << received_;
    EXPECT_EQ(end_, 0);
  }
}

TEST_F(H1ServerConnectionTest, WhatAClientStillSendsAfterARefusalIsReadAndDropped) {
  connect();
  send("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n" + std::string(30'000, 'x'));
  EXPECT_TRUE(received_.starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(end_, 0) << "the answer would be lost in a reset";
  EXPECT_NE(connection_, nullptr) << "it waits for the client to close";
  pass(1s);
  EXPECT_EQ(connection_, nullptr) << "but not for ever";
}

TEST_F(H1ServerConnectionTest, AConnectionDestroyedInAnAnswerEndsWithAReset) {
  auto [near, far] = loopback_pair(loop_);
  client_ = std::move(near);
  auto connection = std::make_unique<H1ServerConnection>(std::move(far), buffers_, options_);
  const auto half = [](H1ServerConnection& of) -> base::Task<void> {
    co_await of.next_request();
    http::ResponseHead head;
    head.status = 200;
    head.framing = http::Framing::kUntilClose;
    co_await of.send_head(head, "half", false);
  };
  scope_.spawn(half(*connection));
  scope_.spawn(read_bytes(*client_, received_, end_));
  send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(received_.ends_with("half"));
  connection.reset();
  turns();
  EXPECT_EQ(end_, -ECONNRESET);
}

// The calling side.

class H1ClientConnectionTest : public ::testing::Test {
 protected:
  void connect(size_t read_bytes_max = 1 << 20) {
    scope_.cancel_all();
    auto [near, far] = loopback_pair(loop_, {.read_bytes_max = read_bytes_max}, {});
    connection_ = std::make_unique<H1ClientConnection>(std::move(near), buffers_, http::Limits{});
    service_ = std::move(far);
  }
  /// One exchange in which the service sends these bytes; the result as text.
  std::string exchange(std::string bytes, http::MethodId method = http::MethodId::kGet) {
    result_.clear();
    scope_.spawn(ask(method));
    scope_.spawn(write_bytes(*service_, std::move(bytes)));
    turns();
    return result_;
  }
  void turns() {
    for (int i = 0; i < 400; ++i) loop_.turn(0);
  }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  BufferPool buffers_;
  std::unique_ptr<LoopbackStream> service_;
  std::unique_ptr<H1ClientConnection> connection_;
  std::string result_;
  TaskScope scope_;

 private:
  base::Task<void> ask(http::MethodId method) {
    http::RequestHead head;
    head.method = "GET";
    head.method_id = method;
    head.target = "/";
    head.authority = "h";
    connection_->begin(method);
    co_await connection_->send_head(head, {}, true);
    HeadResult answer;
    do {
      answer = co_await connection_->read_head();
      result_ += answer.error == StreamError::kNone ? base::cat(answer.head->status, ":")
                                                    : std::string(name(answer.error));
      if (answer.error != StreamError::kNone) co_return;
    } while (answer.head->interim);
    BodyPiece piece = connection_->body_at_hand();
    while (true) {
      result_ += piece.data;
      if (piece.error != StreamError::kNone) result_ += name(piece.error);
      if (piece.end || piece.error != StreamError::kNone) co_return;
      piece = co_await connection_->read_body();
    }
  }
};

TEST_F(H1ClientConnectionTest, AnswersAreReadAtAnyByteBoundaryAndTheConnectionIsUsedAgain) {
  for (const size_t piece : {1, 2, 5, 100000}) {
    connect(piece);
    EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "200:hello");
    EXPECT_TRUE(connection_->reusable());
    EXPECT_EQ(exchange("HTTP/1.1 103 Hint\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                       "\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
              "103:200:abc");
    EXPECT_TRUE(connection_->reusable());
    EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", http::MethodId::kHead),
              "200:");
    EXPECT_TRUE(connection_->reusable());
    EXPECT_EQ(connection_->exchanges(), 3u);
  }
}

TEST_F(H1ClientConnectionTest, AServiceThatWaitsForItsFirstPartsAcknowledgementIsNotHeldUp) {
  connect();
  const auto& stream = static_cast<const LoopbackStream&>(connection_->stream());
  EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "200:ok");
  EXPECT_EQ(stream.acknowledgements_hastened(), 0);
  ASSERT_TRUE(connection_->reusable());
  EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), "200:");
  EXPECT_EQ(stream.acknowledgements_hastened(), 1);
}

TEST_F(H1ClientConnectionTest, ALongAnswerIsNotAcknowledgedPartByPart) {
  connect(10);
  const auto& stream = static_cast<const LoopbackStream&>(connection_->stream());
  EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + std::string(200, 'x')),
            "200:" + std::string(200, 'x'));
  EXPECT_EQ(stream.acknowledgements_hastened(), Stream::kHastenedPartsMax);
}

TEST_F(H1ClientConnectionTest, ExcessBytesMakeTheConnectionUnusable) {
  connect();
  EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"),
            "200:ok");
  EXPECT_FALSE(connection_->reusable());
  connect();
  EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "200:ok");
  scope_.spawn(write_bytes(*service_, "late"));
  turns();
  EXPECT_FALSE(connection_->reusable());
}

TEST_F(H1ClientConnectionTest, AnInformationalAnswerWithABodyMakesTheConnectionUnusable) {
  connect();
  EXPECT_EQ(exchange("HTTP/1.1 103 Hint\r\nContent-Length: 40\r\n\r\n"
                     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            "103:200:ok");
  EXPECT_FALSE(connection_->reusable());
}

TEST_F(H1ClientConnectionTest, APeerThatClosesOrResetsIsToldApart) {
  connect();
  result_.clear();
  EXPECT_EQ(exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), "200:he");
  service_.reset();
  turns();
  EXPECT_EQ(result_, "200:heclosed_early");
  connect();
  EXPECT_EQ(exchange(""), "");
  service_->reset_on_close();
  service_.reset();
  turns();
  EXPECT_EQ(result_, "reset");
  EXPECT_FALSE(connection_->reusable());
}

TEST_F(H1ClientConnectionTest, ADeadlineAndACancelEndTheWait) {
  connect();
  EXPECT_EQ(exchange(""), "");
  connection_->set_deadline(clock_.steady_ns() + 1000);
  clock_.advance_ns(1000);
  turns();
  EXPECT_EQ(result_, "timeout");
  connect();
  EXPECT_EQ(exchange(""), "");
  connection_->cancel(StreamError::kCancelled);
  turns();
  EXPECT_EQ(result_, "cancelled");
  EXPECT_FALSE(connection_->reusable());
}

}  // namespace
}  // namespace understudy::net
