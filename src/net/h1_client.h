#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/h1_body.h"
#include "http/h1_response_parser.h"
#include "http/limits.h"
#include "net/buffer.h"
#include "net/http_stream.h"

namespace understudy::net {

/// The calling side of one HTTP/1 connection, for one request after another. Call begin() before
/// each. An answer that breaks the protocol, or bytes that nobody asked for, make the connection
/// unusable, never the next request's answer.
/// Ownership: owns the stream. Threads: the loop's. Cost: holds a buffer only from the answer's
/// first byte to its last.
class H1ClientConnection final : public ClientStream {
 public:
  H1ClientConnection(std::unique_ptr<Stream> stream, BufferPool& buffers,
                     const http::Limits& limits);
  /// A body up to this size given to send_head is used up before the call first waits.
  static constexpr size_t kCopiedBodyBytesMax = 8 * 1024;
  ~H1ClientConnection() override;

  void begin(http::MethodId method);
  /// True when the last exchange was whole and another request may be sent.
  bool reusable();
  /// How many exchanges it has carried; 0 for a fresh one.
  uint64_t exchanges() const { return exchanges_; }

  base::Task<StreamError> send_head(const http::RequestHead& head, std::string_view body,
                                    bool end) override;
  base::Task<StreamError> send_body(std::string_view body, bool end,
                                    const http::Fields* trailers) override;
  /// Sends what `first` was given in send_head once more, on this fresh connection: for a request
  /// that met a connection just as its peer closed it. `body` and `end` as they were given there.
  base::Task<StreamError> send_again(const H1ClientConnection& first, std::string_view body,
                                     bool end);
  base::Task<HeadResult> read_head() override;
  base::Task<BodyPiece> read_body() override;
  BodyPiece body_at_hand() override;
  const http::Fields& trailers() const override { return body_.trailers().fields(); }
  bool answered() const override { return answered_; }
  /// What has arrived for this request: heads, framing and all.
  uint64_t received_bytes() const { return received_bytes_; }
  void cancel(StreamError error) override;
  void set_deadline(int64_t deadline_ns) override { stream_->set_deadline(deadline_ns); }

  Stream& stream() { return *stream_; }
  /// After a 101: the connection is the caller's, and never the next request's.
  RawStream take_over() {
    keep_alive_ = false;
    return {.stream = stream_.get(), .unread = in_.unread()};
  }

 private:
  /// Room for reading into `in_`.
  void prepare_to_read();
  void received(ssize_t count);
  /// Writes `out_`, then `rest`.
  base::Task<StreamError> write_out(std::string_view rest, bool end);

  std::unique_ptr<Stream> stream_;
  BufferPool& buffers_;
  Buffer in_;
  std::string out_;
  std::string sent_first_;  // what the first write of the request had: its head, a small body
  http::H1ResponseHeadParser parser_;
  http::H1BodyDecoder body_;
  http::MethodId method_ = http::MethodId::kGet;
  StreamError cancelled_ = StreamError::kNone;
  uint64_t exchanges_ = 0;
  uint64_t received_bytes_ = 0;
  bool chunked_request_ = false;
  bool first_write_ = false;
  bool request_sent_ = false;
  bool head_read_ = false;
  bool answered_ = false;
  bool keep_alive_ = true;
  bool spoiled_ = false;  // an informational answer was not what it should be
};

}  // namespace understudy::net
