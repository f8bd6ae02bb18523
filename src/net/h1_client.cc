#include "net/h1_client.h"

#include <cerrno>
#include <utility>

#include "http/h1_writer.h"

namespace understudy::net {
namespace {

constexpr size_t kOutKeptBytesMax = 16 * 1024;

}  // namespace

H1ClientConnection::H1ClientConnection(std::unique_ptr<Stream> stream, BufferPool& buffers,
                                       const http::Limits& limits)
    : stream_(std::move(stream)), buffers_(buffers), parser_(limits), body_(limits) {}

H1ClientConnection::~H1ClientConnection() {
  if (in_.has_memory()) buffers_.give(std::move(in_));
}

void H1ClientConnection::begin(http::MethodId method) {
  method_ = method;
  parser_.reset(method);
  out_.clear();
  request_sent_ = false;
  head_read_ = false;
  answered_ = false;
  received_bytes_ = 0;
  stream_->begin_message();
  stream_->set_deadline(kNever);
}

bool H1ClientConnection::reusable() {
  const bool whole = request_sent_ && head_read_ && keep_alive_ &&
                     body_.state() == http::BodyState::kDone && in_.empty();
  if (!whole || !stream_->quiet()) return false;
  if (in_.has_memory()) buffers_.give(std::move(in_));
  for (std::string* text : {&out_, &sent_first_}) {
    if (text->capacity() > kOutKeptBytesMax) std::string().swap(*text);
  }
  stream_->set_deadline(kNever);
  ++exchanges_;
  return true;
}

void H1ClientConnection::cancel(StreamError error) {
  if (cancelled_ == StreamError::kNone) cancelled_ = error;
  stream_->cancel(ECANCELED);
}

base::Task<StreamError> H1ClientConnection::send_head(const http::RequestHead& head,
                                                      std::string_view body, bool end) {
  chunked_request_ = head.framing == http::Framing::kChunked;
  out_.clear();
  first_write_ = true;
  http::append_request_head(out_, head);
  return send_body(body, end, nullptr);
}

base::Task<StreamError> H1ClientConnection::send_body(std::string_view body, bool end,
                                                      const http::Fields* trailers) {
  if (chunked_request_) {
    if (!body.empty()) {
      http::append_chunk_header(out_, body.size());
      out_.append(body);
      out_.append(http::kChunkEnd);
    }
    if (end) http::append_last_chunk(out_, trailers == nullptr ? http::Fields() : *trailers);
    body = {};
  } else if (!out_.empty() && body.size() <= kCopiedBodyBytesMax) {
    out_.append(body);
    body = {};
  }
  return write_out(body, end);
}

base::Task<StreamError> H1ClientConnection::send_again(const H1ClientConnection& first,
                                                       std::string_view body, bool end) {
  chunked_request_ = first.chunked_request_;
  first_write_ = true;
  out_ = first.sent_first_;
  const bool is_in_text = chunked_request_ || body.size() <= kCopiedBodyBytesMax;
  return write_out(is_in_text ? std::string_view() : body, end);
}

base::Task<StreamError> H1ClientConnection::write_out(std::string_view rest, bool end) {
  const ssize_t result = co_await stream_->write(out_, rest);
  if (std::exchange(first_write_, false)) std::swap(out_, sent_first_);
  out_.clear();
  if (result < 0) {
    keep_alive_ = false;
    co_return cancelled_ != StreamError::kNone ? cancelled_ : stream_error(result);
  }
  request_sent_ = end;
  co_return StreamError::kNone;
}

void H1ClientConnection::prepare_to_read() {
  if (!in_.has_memory()) in_ = buffers_.take();
  if (in_.free_bytes() == 0) in_.make_room();
}

void H1ClientConnection::received(ssize_t count) {
  if (count <= 0) return;
  in_.added(static_cast<size_t>(count));
  received_bytes_ += static_cast<uint64_t>(count);
}

base::Task<HeadResult> H1ClientConnection::read_head() {
  if (answered_) parser_.reset(method_);
  while (true) {
    if (!in_.empty()) {
      const http::ParseResult parsed = parser_.parse(in_.unread());
      if (parsed.state == http::ParseState::kComplete) {
        in_.consume_in_place(parsed.consumed);
        const http::ResponseHead& head = parser_.head();
        if (head.interim) {
          // One that announces a body could be read in two ways.
          spoiled_ = spoiled_ || !head.keep_alive;
        } else {
          head_read_ = true;
          keep_alive_ = head.keep_alive && !spoiled_;
          body_.start(head.framing, head.content_length);
        }
        co_return HeadResult{.head = &head};
      }
      if (parsed.state == http::ParseState::kError) {
        keep_alive_ = false;
        co_return HeadResult{.error = StreamError::kMalformed, .detail = parsed.refusal.reason};
      }
    }
    if (!in_.empty()) stream_->expect_more();
    prepare_to_read();
    const ssize_t count = co_await stream_->read(in_.free_begin(), in_.free_bytes());
    received(count);
    if (count <= 0) {
      keep_alive_ = false;
      co_return HeadResult{
          .error = cancelled_ != StreamError::kNone ? cancelled_ : stream_error(count),
          .detail = stream_->failure_reason()};
    }
    answered_ = true;
  }
}

BodyPiece H1ClientConnection::body_at_hand() {
  BodyPiece piece;
  while (body_.state() == http::BodyState::kMore && !in_.empty()) {
    const http::BodyStep step = body_.decode(in_.unread());
    in_.consume_in_place(step.consumed);
    // All chunks that are here make one piece: many small ones would each cost a write.
    piece.data = in_.join(piece.data, step.data);
  }
  if (body_.state() == http::BodyState::kDone) {
    // Trailers go with an end of their own.
    piece.end = piece.data.empty() || trailers().empty();
  } else if (body_.state() == http::BodyState::kError && piece.data.empty()) {
    keep_alive_ = false;
    piece.error = body_.refusal().status == 413 ? StreamError::kTooLarge : StreamError::kMalformed;
  }
  return piece;
}

base::Task<BodyPiece> H1ClientConnection::read_body() {
  while (true) {
    const BodyPiece piece = body_at_hand();
    if (!piece.data.empty() || piece.end || piece.error != StreamError::kNone) co_return piece;
    if (in_.empty()) in_.clear();
    stream_->expect_more();
    prepare_to_read();
    const ssize_t count = co_await stream_->read(in_.free_begin(), in_.free_bytes());
    received(count);
    if (count == 0) {
      keep_alive_ = false;
      const bool whole = body_.on_eof() == http::BodyState::kDone;
      co_return BodyPiece{.end = whole, .error = whole ? StreamError::kNone : StreamError::kClosed};
    }
    if (count < 0) {
      keep_alive_ = false;
      co_return BodyPiece{.error =
                              cancelled_ != StreamError::kNone ? cancelled_ : stream_error(count)};
    }
  }
}

}  // namespace understudy::net
