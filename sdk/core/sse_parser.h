#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::sdk {

/// One event of a server-sent event stream.
struct ServerEvent {
  std::string_view type;  // "message" when the stream names none
  std::string_view data;  // lines joined with \n
};

/// Reads server-sent events (WHATWG HTML, section 9.2) at any byte boundary: bytes in, events out,
/// no I/O. Comments, ids and retry times are accepted and ignored.
/// Failure: a line or an event beyond `event_bytes_max` is an Error; the stream is then to be
/// dropped. Threads: one. Cost: linear; the data of one event is held.
class SseParser {
 public:
  using Handler = std::function<base::Status(const ServerEvent&)>;

  SseParser(size_t event_bytes_max, Handler handler)
      : event_bytes_max_(event_bytes_max), handler_(std::move(handler)) {}

  /// The first Error of the handler or the stream.
  base::Status feed(std::string_view bytes);
  /// Forgets what it holds: the next bytes are those of another stream.
  void reset();

 private:
  base::Status take_line(std::string_view line);

  const size_t event_bytes_max_;
  const Handler handler_;
  std::string line_;
  std::string type_;
  std::string data_;
  bool has_data_ = false;
  bool skip_newline_ = false;  // the last byte was CR: an LF belongs to it
};

}  // namespace understudy::sdk
