#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/date.h"
#include "http/h1_body.h"
#include "http/h1_request_parser.h"
#include "http/limits.h"
#include "net/buffer.h"
#include "net/http_stream.h"

namespace understudy::net {

struct H1ServerOptions {
  http::Limits limits;
  /// From the first byte of a head to its last. Past it: 408 and close.
  std::chrono::nanoseconds head_timeout = std::chrono::seconds(10);
  /// From the connection's start to the end of its first head; without it idle_timeout and then
  /// head_timeout hold. Past it: 408 when a part of the head came, and close.
  std::optional<std::chrono::nanoseconds> first_request_timeout = {};
  /// Between two requests of one connection.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
  /// Without a byte of the request's body. Past it the client counts as gone.
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(30);
  /// From the end of a request's head to the last byte of its body. Past it: 408 and close.
  std::chrono::nanoseconds request_timeout = std::chrono::minutes(10);
  /// Without progress while the client does not take its answer.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
  /// After an answer that ends the connection: time in which what the client still sends is read
  /// and dropped, so that it gets the answer instead of a reset.
  std::chrono::nanoseconds linger_timeout = std::chrono::seconds(1);
  uint64_t linger_bytes_max = 1 << 20;
  /// After drain(): time in which a request that a client had sent already, or was about to on a
  /// new connection, is still taken and answered.
  std::chrono::nanoseconds drain_grace = std::chrono::milliseconds(250);
};

/// The serving side of one HTTP/1 connection: gives out its requests one after another.
/// Strict: a request that could be read in two ways is answered with its refusal and the
/// connection ends (see http::H1RequestHeadParser).
/// A connection that ends in the middle of an answer ends with a reset, whatever the reason, so
/// that no client takes a part for the whole. Ownership: owns the stream. Threads: the loop's.
/// Cost: an idle connection holds no buffer; a small answer leaves in one system call.
class H1ServerConnection final : public ServerStream {
 public:
  H1ServerConnection(std::unique_ptr<Stream> stream, BufferPool& buffers,
                     const H1ServerOptions& options);
  ~H1ServerConnection() override;

  enum class Next {
    kRequest,  // head() is there
    kClosed,   // the client closed, or was idle too long
    kRefused,  // the client was told why; call close()
  };
  base::Task<Next> next_request();
  /// True when another request may follow the one just answered.
  bool reusable() const {
    return keep_alive_ && !aborted_ && body_.state() == http::BodyState::kDone;
  }
  /// Ends the connection so that the last answer arrives.
  base::Task<void> close();
  /// The answer under way is the connection's last; an idle connection ends after `drain_grace`
  /// without a request.
  void drain();

  const http::RequestHead& head() const override { return parser_.head(); }
  base::Task<BodyPiece> read_body() override;
  BodyPiece body_at_hand() override;
  const http::Fields& trailers() const override { return body_.trailers().fields(); }
  base::Task<StreamError> send_interim(const http::ResponseHead& head) override;
  base::Task<StreamError> send_head(http::ResponseHead& head, std::string_view body,
                                    bool end) override;
  base::Task<StreamError> send_body(std::string_view body, bool end,
                                    const http::Fields* trailers) override;
  void abort() override;
  RawStream take_over() override;
  void watch_close(CloseWatcher* watcher) override { stream_->watch_close(watcher); }
  bool client_gone() const override { return stream_->peer_closed(); }
  /// Why the request's body could not be read: 400, 408 or 413; 0 when it could.
  int body_refusal_status() const { return body_.refusal().status; }

  Stream& stream() { return *stream_; }
  /// Bytes of answers written so far.
  uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  /// Room for reading into `in_`.
  void prepare_to_read();
  base::Task<void> refuse(int status, const char* reason);
  void arm(std::chrono::nanoseconds timeout);
  void arm_for_head(std::chrono::nanoseconds timeout);
  /// Reading the body and writing the answer overlap, each with a deadline of its own.
  void set_body_deadline(int64_t deadline_ns);
  void set_write_deadline(int64_t deadline_ns);
  void release_idle_memory();

  std::unique_ptr<Stream> stream_;
  BufferPool& buffers_;
  const H1ServerOptions& options_;
  Buffer in_;
  Buffer body_in_;
  std::string out_;
  http::H1RequestHeadParser parser_;
  http::H1BodyDecoder body_;
  size_t head_bytes_ = 0;
  uint64_t bytes_sent_ = 0;
  int64_t first_request_deadline_ns_ = kNever;  // kNever from the first request on
  int64_t request_deadline_ns_ = kNever;
  int64_t body_deadline_ns_ = kNever;
  int64_t write_deadline_ns_ = kNever;
  http::Framing answer_framing_ = http::Framing::kNone;
  bool keep_alive_ = true;
  bool chunked_answer_ = false;
  bool continue_sent_ = false;
  bool draining_ = false;
  bool idle_ = true;
  bool aborted_ = false;
  bool answer_open_ = false;  // begun and not ended
};

}  // namespace understudy::net
