#include "core/sse_parser.h"

#include "base/text.h"

namespace understudy::sdk {

base::Status SseParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_newline_) {
      skip_newline_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (part.size() > event_bytes_max_ - line_.size()) {
      return base::error(base::ErrorKind::kLimit,
                         base::cat("a line of the stream is above ", event_bytes_max_, " bytes"));
    }
    line_.append(part);
    if (end == std::string_view::npos) return base::ok_status();
    skip_newline_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const base::Status status = take_line(line_);
    line_.clear();
    if (!status.ok()) return status;
  }
  return base::ok_status();
}

void SseParser::reset() {
  line_.clear();
  type_.clear();
  data_.clear();
  has_data_ = false;
  skip_newline_ = false;
}

base::Status SseParser::take_line(std::string_view line) {
  if (line.empty()) {
    base::Status status;
    if (has_data_) {
      status = handler_({type_.empty() ? std::string_view("message") : type_, data_});
    }
    type_.clear();
    data_.clear();
    has_data_ = false;
    return status;
  }
  const size_t colon = line.find(':');
  if (colon == 0) return base::ok_status();  // a comment: the server's heartbeat
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  if (field == "event") {
    type_ = value;
  } else if (field == "data") {
    if (value.size() + 1 > event_bytes_max_ - data_.size()) {
      return base::error(base::ErrorKind::kLimit,
                         base::cat("an event of the stream is above ", event_bytes_max_, " bytes"));
    }
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  }
  return base::ok_status();
}

}  // namespace understudy::sdk
