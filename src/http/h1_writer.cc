#include "http/h1_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <initializer_list>

namespace understudy::http {
namespace {

// Longest text of the writers' own in one head, apart from what they are given: the version,
// field names, framing, Connection and line ends.
constexpr std::size_t kOwnBytesMax = 160;

constexpr std::string_view kLineEnd = "\r\n";

/// Appends into memory known to be large enough.
class Cursor {
 public:
  explicit Cursor(char* at) : at_(at) {}

  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(char byte) { *at_++ = byte; }
  void put_number(std::uint64_t number, int base = 10) {
    at_ = std::to_chars(at_, at_ + 20, number, base).ptr;
  }
  char* at() const { return at_; }

 private:
  char* at_;
};

/// Whether `next` follows `field` in one buffer with nothing but `gap` between them.
bool adjoins(std::string_view before, std::string_view after, std::string_view gap) {
  return before.data() + before.size() + gap.size() == after.data() &&
         std::memcmp(before.data() + before.size(), gap.data(), gap.size()) == 0;
}

/// Writes the fields that are not in `skip`. Lines that stand in their source exactly as they are
/// written, one after another, are copied as one block: a head that is forwarded with few changes
/// costs a few copies and not four for each field.
void put_fields(Cursor& cursor, const Fields& fields, KnownFieldSet skip) {
  const char* run_begin = nullptr;  // source lines not yet copied; the last line end is not in it
  const char* run_end = nullptr;
  const auto flush = [&] {
    if (run_begin == nullptr) return;
    cursor.put(std::string_view(run_begin, static_cast<std::size_t>(run_end - run_begin)));
    cursor.put(kLineEnd);
    run_begin = nullptr;
  };
  for (const Field& field : fields) {
    if (skip.contains(field.known)) continue;
    if (!adjoins(field.name, field.value, ": ")) {
      flush();
      cursor.put(field.name);
      cursor.put(": ");
      cursor.put(field.value);
      cursor.put(kLineEnd);
      continue;
    }
    const char* const line_end = field.value.data() + field.value.size();
    if (run_begin == nullptr || !adjoins({run_begin, static_cast<std::size_t>(run_end - run_begin)},
                                         field.name, kLineEnd)) {
      flush();
      run_begin = field.name.data();
    }
    run_end = line_end;
  }
  flush();
}

std::size_t fields_bytes(const Fields& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

void put_framing(Cursor& cursor, Framing framing, std::uint64_t content_length) {
  switch (framing) {
    case Framing::kLength:
      cursor.put("Content-Length: ");
      cursor.put_number(content_length);
      cursor.put(kLineEnd);
      break;
    case Framing::kChunked:
      cursor.put("Transfer-Encoding: chunked\r\n");
      break;
    case Framing::kNone:
    case Framing::kUntilClose:
      break;
  }
}

void put_connection(Cursor& cursor, std::initializer_list<std::string_view> options) {
  std::string_view before = "Connection: ";
  for (std::string_view option : options) {
    if (option.empty()) continue;
    cursor.put(before);
    cursor.put(option);
    before = ", ";
  }
  if (before == ", ") cursor.put(kLineEnd);
}

// A head up to this size is written here first: making room at the end of a string fills it with
// zeros, which costs more than the copy.
constexpr std::size_t kStackBytesMax = 1024;

/// Runs `write` on `bytes_max` bytes and appends what it filled.
template <typename Write>
void append_with(std::string& out, std::size_t bytes_max, Write write) {
  if (bytes_max <= kStackBytesMax) [[likely]] {
    char memory[kStackBytesMax];
    Cursor cursor(memory);
    write(cursor);
    out.append(memory, static_cast<std::size_t>(cursor.at() - memory));
    return;
  }
  const std::size_t before = out.size();
  out.resize(before + bytes_max);
  Cursor cursor(out.data() + before);
  write(cursor);
  out.resize(static_cast<std::size_t>(cursor.at() - out.data()));
}

}  // namespace

std::size_t request_head_bytes_max(const RequestHead& head) noexcept {
  return head.method.size() + head.target.size() + head.authority.size() +
         fields_bytes(head.fields) + kOwnBytesMax;
}

char* write_request_head(char* out, const RequestHead& head) noexcept {
  Cursor cursor(out);
  cursor.put(head.method);
  cursor.put(' ');
  cursor.put(head.target);
  cursor.put(" HTTP/1.1\r\nHost: ");
  cursor.put(head.authority);
  cursor.put(kLineEnd);
  put_fields(cursor, head.fields,
             {KnownField::kHost, KnownField::kConnection, KnownField::kContentLength,
              KnownField::kTransferEncoding});
  put_framing(cursor, head.framing, head.content_length);
  // RFC 9110 10.1.4: TE has to be named in Connection.
  put_connection(cursor, {head.upgrade_requested ? "upgrade"
                          : head.keep_alive      ? ""
                                                 : "close",
                          head.fields.has(KnownField::kTe) ? "TE" : ""});
  cursor.put(kLineEnd);
  return cursor.at();
}

void append_request_head(std::string& out, const RequestHead& head) {
  append_with(out, request_head_bytes_max(head),
              [&](Cursor& cursor) { cursor = Cursor(write_request_head(cursor.at(), head)); });
}

std::size_t response_head_bytes_max(const ResponseHead& head) noexcept {
  return head.reason.size() + fields_bytes(head.fields) + kOwnBytesMax;
}

char* write_response_head(char* out, const ResponseHead& head, Version client) noexcept {
  Cursor cursor(out);
  cursor.put("HTTP/1.1 ");
  const auto status = static_cast<unsigned>(head.status);
  cursor.put(static_cast<char>('0' + status / 100 % 10));
  cursor.put(static_cast<char>('0' + status / 10 % 10));
  cursor.put(static_cast<char>('0' + status % 10));
  cursor.put(' ');
  cursor.put(head.reason);
  cursor.put(kLineEnd);
  KnownFieldSet skip = {KnownField::kConnection, KnownField::kTransferEncoding};
  // Only an answer to HEAD and a 304 have a length and no body; a client could wait for the body of
  // any other.
  if (head.framing != Framing::kNone || head.status < 200 || head.status == 204) {
    skip.insert(KnownField::kContentLength);
  }
  put_fields(cursor, head.fields, skip);
  put_framing(cursor, head.framing, head.content_length);
  if (head.status == 101) {
    cursor.put("Connection: upgrade\r\n");
  } else if (head.interim) {
    // An informational answer says nothing about the connection.
  } else if (!head.keep_alive) {
    cursor.put("Connection: close\r\n");
  } else if (client == Version::kHttp10) {
    cursor.put("Connection: keep-alive\r\n");
  }
  cursor.put(kLineEnd);
  return cursor.at();
}

void append_response_head(std::string& out, const ResponseHead& head, Version client) {
  append_with(out, response_head_bytes_max(head), [&](Cursor& cursor) {
    cursor = Cursor(write_response_head(cursor.at(), head, client));
  });
}

std::size_t write_chunk_header(char* out, std::uint64_t bytes) noexcept {
  Cursor cursor(out);
  cursor.put_number(bytes, 16);
  cursor.put(kLineEnd);
  return static_cast<std::size_t>(cursor.at() - out);
}

void append_chunk_header(std::string& out, std::uint64_t bytes) {
  std::array<char, kChunkHeaderBytesMax> header;
  out.append(header.data(), write_chunk_header(header.data(), bytes));
}

void append_last_chunk(std::string& out, const Fields& trailers) {
  append_with(out, fields_bytes(trailers) + kOwnBytesMax, [&](Cursor& cursor) {
    cursor.put("0\r\n");
    put_fields(cursor, trailers, {});
    cursor.put(kLineEnd);
  });
}

void append_simple_response(std::string& out, const SimpleResponse& response) {
  ResponseHead head;
  head.status = response.status;
  head.reason = reason_phrase(response.status);
  head.framing = Framing::kLength;
  head.content_length = response.body.size();
  head.keep_alive = response.keep_alive;
  head.fields.add("Content-Type", "application/json");
  if (!response.date.empty()) head.fields.add("Date", response.date);
  append_response_head(out, head);
  if (!response.head_request) out.append(response.body);
}

std::string_view reason_phrase(int status) noexcept {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr std::array<Phrase, 46> kPhrases = {{
      {100, "Continue"},
      {101, "Switching Protocols"},
      {103, "Early Hints"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {203, "Non-Authoritative Information"},
      {204, "No Content"},
      {205, "Reset Content"},
      {206, "Partial Content"},
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {425, "Too Early"},
      {426, "Upgrade Required"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  }};
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Unknown";
}

}  // namespace understudy::http
