#include "net/h1_server.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "http/h1_writer.h"

namespace understudy::net {
namespace {

// A piece up to this size is copied behind its head, so that both leave in one plain send.
constexpr size_t kCopyBytesMax = 8 * 1024;
// Capacity of an output text that is kept between answers.
constexpr size_t kOutKeptBytesMax = 16 * 1024;

}  // namespace

H1ServerConnection::H1ServerConnection(std::unique_ptr<Stream> stream, BufferPool& buffers,
                                       const H1ServerOptions& options)
    : stream_(std::move(stream)),
      buffers_(buffers),
      options_(options),
      parser_(options.limits),
      body_(options.limits) {
  if (options_.first_request_timeout) {
    first_request_deadline_ns_ = stream_->loop().now_ns() + options_.first_request_timeout->count();
  }
}

H1ServerConnection::~H1ServerConnection() {
  if (answer_open_) stream_->reset_on_close();
  if (in_.has_memory()) buffers_.give(std::move(in_));
  if (body_in_.has_memory()) buffers_.give(std::move(body_in_));
}

void H1ServerConnection::arm(std::chrono::nanoseconds timeout) {
  stream_->set_deadline(stream_->loop().now_ns() + timeout.count());
}

void H1ServerConnection::arm_for_head(std::chrono::nanoseconds timeout) {
  stream_->set_deadline(
      std::min(stream_->loop().now_ns() + timeout.count(), first_request_deadline_ns_));
}

void H1ServerConnection::set_body_deadline(int64_t deadline_ns) {
  body_deadline_ns_ = deadline_ns;
  stream_->set_deadline(std::min(body_deadline_ns_, write_deadline_ns_));
}

void H1ServerConnection::set_write_deadline(int64_t deadline_ns) {
  write_deadline_ns_ = deadline_ns;
  stream_->set_deadline(std::min(body_deadline_ns_, write_deadline_ns_));
}

void H1ServerConnection::release_idle_memory() {
  if (in_.empty() && !body_in_.empty()) std::swap(in_, body_in_);
  if (in_.empty() && in_.has_memory()) buffers_.give(std::move(in_));
  if (body_in_.has_memory()) buffers_.give(std::move(body_in_));
  out_.clear();
  if (out_.capacity() > kOutKeptBytesMax) out_.shrink_to_fit();
}

void H1ServerConnection::prepare_to_read() {
  if (!in_.has_memory()) in_ = buffers_.take();
  if (in_.free_bytes() == 0) in_.make_room();
}

base::Task<H1ServerConnection::Next> H1ServerConnection::next_request() {
  release_idle_memory();
  parser_.reset();
  continue_sent_ = false;
  chunked_answer_ = false;
  if (in_.empty()) {
    idle_ = true;
    arm_for_head(draining_ ? options_.drain_grace : options_.idle_timeout);
    const ssize_t ready = co_await stream_->readable();
    idle_ = false;
    if (ready <= 0) co_return Next::kClosed;
  }
  stream_->begin_message();
  bool head_timer_runs = false;
  while (true) {
    if (!in_.empty()) {
      const http::ParseResult parsed = parser_.parse(in_.unread());
      if (parsed.state == http::ParseState::kComplete) {
        stream_->set_deadline(kNever);
        first_request_deadline_ns_ = kNever;
        in_.consume_in_place(parsed.consumed);
        request_deadline_ns_ = stream_->loop().now_ns() + options_.request_timeout.count();
        body_.start(head().framing, head().content_length);
        keep_alive_ = head().keep_alive;
        co_return Next::kRequest;
      }
      if (parsed.state == http::ParseState::kError) {
        co_await refuse(parsed.refusal.status, parsed.refusal.reason);
        co_return Next::kRefused;
      }
      if (!head_timer_runs) {
        head_timer_runs = true;
        arm_for_head(options_.head_timeout);
      }
      stream_->expect_more();
    }
    prepare_to_read();
    const ssize_t count = co_await stream_->read(in_.free_begin(), in_.free_bytes());
    if (count > 0) in_.added(static_cast<size_t>(count));
    if (count == -ETIMEDOUT && !in_.empty()) {
      stream_->clear_failure();
      co_await refuse(408, "the request head did not arrive in time");
      co_return Next::kRefused;
    }
    if (count <= 0) co_return Next::kClosed;
  }
}

base::Task<void> H1ServerConnection::refuse(int status, const char* reason) {
  keep_alive_ = false;
  out_.clear();
  const std::string body = base::cat("{\"error\":\"", reason, "\"}\n");
  http::append_simple_response(out_, {.status = status, .body = body, .keep_alive = false});
  chunked_answer_ = false;
  co_await send_body({}, false, nullptr);
}

base::Task<void> H1ServerConnection::close() {
  if (aborted_ || stream_->failure() != 0) co_return;
  stream_->shutdown_write();
  if (stream_->peer_closed() && stream_->quiet()) co_return;
  arm(options_.linger_timeout);
  if (!in_.has_memory()) in_ = buffers_.take();
  in_.clear();
  uint64_t dropped_bytes = 0;
  while (dropped_bytes < options_.linger_bytes_max) {
    const ssize_t count = co_await stream_->read(in_.free_begin(), in_.free_bytes());
    if (count <= 0) co_return;
    dropped_bytes += static_cast<uint64_t>(count);
  }
}

void H1ServerConnection::drain() {
  draining_ = true;
  if (idle_) arm(options_.drain_grace);
}

BodyPiece H1ServerConnection::body_at_hand() {
  BodyPiece piece;
  const Buffer* from = nullptr;
  while (body_.state() == http::BodyState::kMore) {
    Buffer& source = in_.empty() ? body_in_ : in_;
    if (source.empty() || (from != nullptr && from != &source)) return piece;
    from = &source;
    const http::BodyStep step = body_.decode(source.unread());
    source.consume_in_place(step.consumed);
    // All chunks that are here make one piece: many small ones would each cost a write.
    piece.data = source.join(piece.data, step.data);
  }
  switch (body_.state()) {
    case http::BodyState::kMore:
      break;
    case http::BodyState::kDone:
      piece.end = piece.data.empty() || trailers().empty();  // trailers go with an end of their own
      break;
    case http::BodyState::kError:
      if (!piece.data.empty()) break;  // told when what was sound is passed on
      keep_alive_ = false;
      piece.error =
          body_.refusal().status == 413 ? StreamError::kTooLarge : StreamError::kMalformed;
      break;
  }
  return piece;
}

base::Task<BodyPiece> H1ServerConnection::read_body() {
  BodyPiece piece = body_at_hand();
  if (!piece.data.empty() || piece.end || piece.error != StreamError::kNone) co_return piece;
  if (head().expect_continue && !continue_sent_) {
    continue_sent_ = true;
    const ssize_t sent = co_await stream_->write(http::kContinueResponse);
    if (sent < 0) co_return BodyPiece{.error = stream_error(sent)};
  }
  while (true) {
    stream_->expect_more();
    if (!body_in_.has_memory()) body_in_ = buffers_.take();
    body_in_.clear();
    const int64_t progress_ns = stream_->loop().now_ns() + options_.body_timeout.count();
    set_body_deadline(std::min(progress_ns, request_deadline_ns_));
    ssize_t count = 0;
    {
      // Also when whoever reads is destroyed while it waits.
      struct Disarm {
        H1ServerConnection& connection;
        ~Disarm() { connection.set_body_deadline(kNever); }
      } const disarm{*this};
      count = co_await stream_->read(body_in_.free_begin(), body_in_.free_bytes());
    }
    if (count <= 0) {
      keep_alive_ = false;
      if (count == -ETIMEDOUT) stream_->clear_failure();  // the client can still be told
      co_return BodyPiece{.error = stream_error(count)};
    }
    body_in_.added(static_cast<size_t>(count));
    piece = body_at_hand();
    if (!piece.data.empty() || piece.end || piece.error != StreamError::kNone) co_return piece;
  }
}

base::Task<StreamError> H1ServerConnection::send_interim(const http::ResponseHead& answer) {
  if (head().version == http::Version::kHttp10) co_return StreamError::kNone;
  out_.clear();
  http::append_response_head(out_, answer);
  chunked_answer_ = false;
  co_return co_await send_body({}, false, nullptr);
}

base::Task<StreamError> H1ServerConnection::send_head(http::ResponseHead& answer,
                                                      std::string_view body, bool end) {
  const bool until_close = answer.framing == http::Framing::kUntilClose;
  if (until_close || answer.framing == http::Framing::kChunked) {
    const bool chunks = head().version != http::Version::kHttp10;
    answer.framing = chunks ? http::Framing::kChunked : http::Framing::kUntilClose;
    if (!chunks) keep_alive_ = false;
  }
  if (draining_ || body_.state() != http::BodyState::kDone) keep_alive_ = false;
  answer.keep_alive = keep_alive_;
  chunked_answer_ = answer.framing == http::Framing::kChunked;
  answer_open_ = true;
  out_.clear();
  http::append_response_head(out_, answer, head().version);
  return send_body(body, end, nullptr);
}

base::Task<StreamError> H1ServerConnection::send_body(std::string_view body, bool end,
                                                      const http::Fields* trailers) {
  if (chunked_answer_) {
    if (!body.empty()) {
      http::append_chunk_header(out_, body.size());
      out_.append(body);
      out_.append(http::kChunkEnd);
    }
    if (end) http::append_last_chunk(out_, trailers == nullptr ? http::Fields() : *trailers);
    body = {};
  } else if (!out_.empty() && body.size() <= kCopyBytesMax) {
    out_.append(body);
    body = {};
  }
  set_write_deadline(stream_->loop().now_ns() + options_.write_timeout.count());
  const ssize_t result = co_await stream_->write(out_, body);
  set_write_deadline(kNever);
  if (result >= 0 && end) answer_open_ = false;
  if (result >= 0) bytes_sent_ += out_.size() + body.size();
  out_.clear();
  if (result >= 0) co_return StreamError::kNone;
  keep_alive_ = false;
  co_return stream_error(result);
}

RawStream H1ServerConnection::take_over() {
  keep_alive_ = false;
  stream_->watch_close(nullptr);
  return {.stream = stream_.get(), .unread = in_.unread()};
}

void H1ServerConnection::abort() {
  aborted_ = true;
  keep_alive_ = false;
  stream_->reset_on_close();
}

}  // namespace understudy::net
