#pragma once

// What the codec makes of a stream of bytes, as text: for golden tables and for fuzzing, which
// compares the transcripts of one stream cut in different ways. Header only: not in the product.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/h1_body.h"
#include "http/h1_request_parser.h"
#include "http/h1_response_parser.h"
#include "http/h1_writer.h"
#include "http/hop_by_hop.h"

namespace understudy::http::testing {

/// Bytes made visible: \r \n \t \\ and \xHH.
inline std::string escape(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '\r') {
      text += "\\r";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (byte == '\t') {
      text += "\\t";
    } else if (byte == '\\') {
      text += "\\\\";
    } else if (code < 0x20 || code >= 0x7f) {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", code);
      text += hex;
    } else {
      text += byte;
    }
  }
  return text;
}

/// Long texts cut in the middle, so that a table stays readable.
inline std::string shorten(const std::string& text) {
  constexpr std::size_t kShown = 160;
  if (text.size() <= kShown) return text;
  return text.substr(0, kShown / 2) + "...(" + std::to_string(text.size()) + ")..." +
         text.substr(text.size() - kShown / 2);
}

/// A read buffer that is a new allocation of exactly its size after each change: a parser that
/// keeps a pointer or reads past the end is caught by the address sanitizer.
class MovingBuffer {
 public:
  void append(std::string_view piece) { assign(view(), piece); }
  void drop_front(std::size_t bytes) { assign(view().substr(bytes), {}); }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  void assign(std::string_view first, std::string_view second) {
    auto bytes = std::make_unique<char[]>(first.size() + second.size());
    if (!first.empty()) std::memcpy(bytes.get(), first.data(), first.size());
    if (!second.empty()) std::memcpy(bytes.get() + first.size(), second.data(), second.size());
    size_ = first.size() + second.size();
    bytes_ = std::move(bytes);
  }
  std::unique_ptr<char[]> bytes_ = std::make_unique<char[]>(0);
  std::size_t size_ = 0;
};

/// Reads messages one after another as a connection would, and writes down what it saw. The two
/// protocols differ in the head parser only.
template <typename HeadReader>
class Conversation {
 public:
  Conversation(const Limits& limits, HeadReader reader)
      : body_(limits), reader_(std::move(reader)) {}

  /// False once the conversation is over.
  bool feed(std::string_view piece) {
    buffer_.append(piece);
    while (!over_) {
      if (!(in_body_ ? step_body() : step_head())) break;
    }
    return !over_;
  }

  std::string finish() {
    if (!over_) {
      if (in_body_) {
        if (body_.on_eof() == BodyState::kDone) {
          end_message();
        } else {
          note("cut off in the body after " + std::to_string(content_.size()) +
               " bytes: " + body_.refusal().reason);
        }
      } else if (!buffer_.view().empty()) {
        note("cut off in the head");
      }
    }
    return transcript_;
  }

 private:
  bool step_head() {
    const ParseResult result = reader_.parse(buffer_.view());
    if (result.state == ParseState::kNeedMore) return false;
    if (result.state == ParseState::kError) {
      over_ = true;
      note("refused " + std::to_string(result.refusal.status) + " " + result.refusal.reason);
      return false;
    }
    transcript_ += reader_.describe();
    body_.start(reader_.framing(), reader_.content_length());
    reader_.next();
    buffer_.drop_front(result.consumed);
    content_.clear();
    in_body_ = true;
    return true;
  }

  bool step_body() {
    if (body_.state() == BodyState::kMore) {
      if (buffer_.view().empty()) return false;
      const BodyStep step = body_.decode(buffer_.view());
      content_.append(step.data);
      if (step.state == BodyState::kMore && step.consumed == 0) __builtin_trap();  // no progress
      if (step.state != BodyState::kError) buffer_.drop_front(step.consumed);
    }
    if (body_.state() == BodyState::kMore) return true;
    if (body_.state() == BodyState::kError) {
      over_ = true;
      note("body refused " + std::to_string(body_.refusal().status) + " " + body_.refusal().reason);
      return false;
    }
    end_message();
    return true;
  }

  void end_message() {
    if (!content_.empty()) note("body \"" + shorten(escape(content_)) + "\"");
    for (const Field& field : body_.trailers()) {
      note("trailer " + escape(field.name) + ": " + escape(field.value));
    }
    if (body_.trailers_dropped() > 0) {
      note("trailers dropped: " + std::to_string(body_.trailers_dropped()));
    }
    in_body_ = false;
    if (!reader_.goes_on()) over_ = true;
  }

  void note(const std::string& line) { transcript_ += line + "\n"; }

  MovingBuffer buffer_;
  H1BodyDecoder body_;
  HeadReader reader_;
  std::string content_;
  std::string transcript_;
  bool in_body_ = false;
  bool over_ = false;
};

/// The lines of a written head, each marked.
inline std::string marked_lines(std::string_view wire) {
  std::string text;
  while (!wire.empty()) {
    const std::size_t end = std::min(wire.find("\r\n"), wire.size());
    if (end > 0) text += "> " + shorten(escape(wire.substr(0, end))) + "\n";
    wire.remove_prefix(std::min(end + 2, wire.size()));
  }
  return text;
}

/// What is forwarded must be read by the next parser as the one message it was made from.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "forwarded head: %s\n", what);
  std::abort();
}

/// Shows a request as it would be forwarded.
class RequestReader {
 public:
  explicit RequestReader(const Limits& limits)
      : parser_(std::make_unique<H1RequestHeadParser>(limits)) {}

  ParseResult parse(std::string_view buffer) { return parser_->parse(buffer); }
  Framing framing() const { return parser_->head().framing; }
  std::uint64_t content_length() const { return parser_->head().content_length; }
  void next() { parser_->reset(); }
  bool goes_on() const { return keep_alive_; }

  std::string describe() {
    const RequestHead& head = parser_->head();
    keep_alive_ = head.keep_alive;
    std::string text = "request";
    if (!head.keep_alive) text += " close";
    if (head.expect_continue) text += " expects-100";
    if (head.upgrade_requested) text += " upgrade";
    if (!head.scheme.empty()) text += " scheme=" + escape(head.scheme);
    text += "\n";
    RequestHead forwarded;
    ForwardScratch scratch;
    ForwardOptions options{.forward_upgrade = true};
    if (head.authority.empty()) options.authority = "default.example";
    forward_request(head, options, scratch, forwarded);
    std::string wire;
    append_request_head(wire, forwarded);
    H1RequestHeadParser next_hop;
    const ParseResult again = next_hop.parse(wire);
    require(again.state == ParseState::kComplete && again.consumed == wire.size(), "is one head");
    require(next_hop.head().target == head.target, "same target");
    require(next_hop.head().authority == forwarded.authority, "same authority");
    require(next_hop.head().framing == head.framing, "same framing");
    require(next_hop.head().content_length == head.content_length, "same length");
    return text + marked_lines(wire);
  }

 private:
  std::unique_ptr<H1RequestHeadParser> parser_;
  bool keep_alive_ = true;
};

/// Shows a response as it would be passed on to an HTTP/1.1 client.
class ResponseReader {
 public:
  ResponseReader(const Limits& limits, MethodId request)
      : parser_(std::make_unique<H1ResponseHeadParser>(limits, request)), request_(request) {}

  ParseResult parse(std::string_view buffer) { return parser_->parse(buffer); }
  Framing framing() const { return parser_->head().framing; }
  std::uint64_t content_length() const { return parser_->head().content_length; }
  void next() { parser_->reset(request_); }
  bool goes_on() const { return keep_alive_ || interim_; }

  std::string describe() {
    const ResponseHead& head = parser_->head();
    keep_alive_ = head.keep_alive;
    interim_ = head.interim;
    std::string text = "response";
    if (head.interim) text += " interim";
    if (!head.keep_alive) text += " close";
    if (head.framing == Framing::kUntilClose) text += " until-close";
    text += "\n";
    ResponseHead forwarded;
    ForwardScratch scratch;
    forward_response(head, {}, scratch, forwarded);
    std::string wire;
    append_response_head(wire, forwarded);
    H1ResponseHeadParser next_hop({}, request_);
    const ParseResult again = next_hop.parse(wire);
    require(again.state == ParseState::kComplete && again.consumed == wire.size(), "is one head");
    require(next_hop.head().status == head.status, "same status");
    require(next_hop.head().framing == head.framing, "same framing");
    require(next_hop.head().content_length == head.content_length, "same length");
    return text + marked_lines(wire);
  }

 private:
  std::unique_ptr<H1ResponseHeadParser> parser_;
  MethodId request_;
  bool keep_alive_ = true;
  bool interim_ = false;
};

/// Feeds a stream in pieces of the sizes `next_size` gives and returns the transcript.
template <typename HeadReader>
std::string transcript(std::string_view stream, const Limits& limits, HeadReader reader,
                       const std::function<std::size_t()>& next_size) {
  Conversation<HeadReader> conversation(limits, std::move(reader));
  while (!stream.empty()) {
    const std::size_t size = std::clamp<std::size_t>(next_size(), 1, stream.size());
    if (!conversation.feed(stream.substr(0, size))) break;
    stream.remove_prefix(size);
  }
  return conversation.finish();
}

inline std::string request_transcript(std::string_view stream, const Limits& limits,
                                      const std::function<std::size_t()>& next_size) {
  return transcript(stream, limits, RequestReader(limits), next_size);
}

inline std::string response_transcript(std::string_view stream, const Limits& limits,
                                       MethodId request,
                                       const std::function<std::size_t()>& next_size) {
  return transcript(stream, limits, ResponseReader(limits, request), next_size);
}

}  // namespace understudy::http::testing
