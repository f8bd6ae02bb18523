#include <zlib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "compare/lift.h"
#include "http/fields.h"

namespace understudy::compare {

namespace {

constexpr size_t kEncodingsMax = 2;  // a body encoded more often than that is nobody's answer

LiftResult not_comparable(std::string reason) {
  return {LiftFailure::kTooLarge, std::move(reason)};
}

std::string_view field(const Answer& answer, http::KnownField known) {
  return answer.headers == nullptr ? std::string_view() : answer.headers->value_or(known);
}

/// The stream of one zlib inflation; ends it in any case.
class Inflation {
 public:
  explicit Inflation(int window_bits) : members_(window_bits > 15) {
    ready_ = inflateInit2(&stream_, window_bits) == Z_OK;
  }
  ~Inflation() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  /// Z_OK, Z_STREAM_END or what went wrong.
  int run(std::string_view in, uint64_t bytes_max, std::string& out) {
    if (!ready_) return Z_MEM_ERROR;
    std::array<unsigned char, 1 << 15> piece;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    while (true) {
      stream_.next_out = piece.data();
      stream_.avail_out = static_cast<uInt>(piece.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      const size_t made = piece.size() - stream_.avail_out;
      if (out.size() + made > bytes_max) return Z_BUF_ERROR;
      out.append(reinterpret_cast<const char*>(piece.data()), made);
      if (code == Z_STREAM_END) {
        if (stream_.avail_in == 0) return Z_STREAM_END;
        if (!members_) return Z_DATA_ERROR;
        // Members of a gzip file may follow each other.
        if (inflateReset(&stream_) != Z_OK) return Z_DATA_ERROR;
        continue;
      }
      if (code != Z_OK) return code == Z_BUF_ERROR ? Z_DATA_ERROR : code;
      if (made == 0 && stream_.avail_in == 0) return Z_DATA_ERROR;  // cut off
    }
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool members_;  // gzip
};

LiftResult inflate_body(std::string_view encoding, std::string_view in, uint64_t bytes_max,
                        std::string& out) {
  constexpr int kGzip = 15 + 16;
  constexpr int kZlib = 15;
  constexpr int kRaw = -15;
  if (in.size() > UINT32_MAX) return not_comparable("4 GiB or more of compressed body");
  out.clear();
  const bool gzip = encoding != "deflate";
  int code = Inflation(gzip ? kGzip : kZlib).run(in, bytes_max, out);
  if (!gzip && code == Z_DATA_ERROR) {
    // "deflate" without zlib's wrapper: wrong by RFC 9110 and common all the same.
    out.clear();
    code = Inflation(kRaw).run(in, bytes_max, out);
  }
  if (code == Z_STREAM_END) return {};
  if (code == Z_BUF_ERROR) {
    return not_comparable(base::cat(encoding, " body larger than decoded_bytes_max ", bytes_max));
  }
  return {LiftFailure::kMalformed, base::cat("no valid ", encoding, " stream")};
}

/// Windows-1252 differs from ISO-8859-1 in 0x80 to 0x9F, which browsers read for both names.
constexpr std::array<uint16_t, 32> kWindows = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::string from_latin(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    base::append_utf8(out, byte >= 0x80 && byte < 0xA0 ? kWindows[byte - 0x80U] : byte);
  }
  return out;
}

/// Nothing when it is no valid UTF-16.
bool from_utf16(std::string_view text, bool little, std::string& out) {
  if (text.size() % 2 != 0) return false;
  const auto unit = [&](size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    return little ? static_cast<uint32_t>(first | second << 8)
                  : static_cast<uint32_t>(first << 8 | second);
  };
  for (size_t at = 0; at < text.size(); at += 2) {
    uint32_t code = unit(at);
    if (code >= 0xDC00 && code < 0xE000) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      if (at + 4 > text.size()) return false;
      const uint32_t low = unit(at + 2);
      if (low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    base::append_utf8(out, code);
  }
  return true;
}

std::string charset_of(std::string_view content_type) {
  if (content_type.find(';') == std::string_view::npos) return {};
  for (const std::string_view part : base::split(content_type, ';')) {
    const std::string word = base::to_lower(base::trim(part));
    if (!word.starts_with("charset=")) continue;
    std::string_view value = std::string_view(word).substr(8);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return {};
}

/// Makes the text UTF-8 without a byte order mark.
LiftResult decode_charset(std::string_view content_type, DecodedBody& out, std::string& buffer) {
  std::string_view& body = out.text;
  const std::string charset = charset_of(content_type);
  if (body.starts_with("\xEF\xBB\xBF")) {
    body.remove_prefix(3);
    out.marked = true;
    return {};
  }
  const bool little_mark = body.starts_with("\xFF\xFE");
  const bool big_mark = body.starts_with("\xFE\xFF");
  if (charset.starts_with("utf-16") || ((little_mark || big_mark) && charset.empty())) {
    const bool little = little_mark || (charset == "utf-16le" && !big_mark);
    std::string text;
    if (!from_utf16(body.substr(little_mark || big_mark ? 2 : 0), little, text)) {
      return {LiftFailure::kMalformed, "no valid UTF-16"};
    }
    buffer = std::move(text);
    body = buffer;
    return {};
  }
  if (charset == "iso-8859-1" || charset == "latin1" || charset == "windows-1252" ||
      charset == "cp1252") {
    std::string text = from_latin(body);
    buffer = std::move(text);
    body = buffer;
    return {};
  }
  if (charset.empty() || charset == "utf-8" || charset == "utf8" || charset == "us-ascii" ||
      charset == "ascii") {
    return {};
  }
  return not_comparable(base::cat("charset ", base::printable(charset, 40), " is not supported"));
}

}  // namespace

DecodedBody decode_body(const Answer& answer, bool to_text, uint64_t decoded_bytes_max,
                        std::string& buffer) {
  DecodedBody out{answer.body, {}};
  const std::string_view encodings = field(answer, http::KnownField::kContentEncoding);
  if (!encodings.empty() && !answer.body.empty()) {
    std::vector<std::string> applied;
    for (const std::string_view part : base::split(encodings, ',')) {
      std::string word = base::to_lower(base::trim(part));
      if (!word.empty() && word != "identity") applied.push_back(std::move(word));
    }
    if (applied.size() > kEncodingsMax) {
      out.result = not_comparable("encoded too many times");
      return out;
    }
    for (auto word = applied.rbegin(); word != applied.rend(); ++word) {
      if (*word != "gzip" && *word != "x-gzip" && *word != "deflate") {
        out.result = not_comparable(
            base::cat("content encoding ", base::printable(*word, 40), " is not supported"));
        return out;
      }
      std::string decoded;
      out.result = inflate_body(*word, out.text, decoded_bytes_max, decoded);
      if (!out.result.ok()) return out;
      buffer = std::move(decoded);
      out.text = buffer;
    }
  }
  if (to_text) {
    out.result = decode_charset(field(answer, http::KnownField::kContentType), out, buffer);
  }
  return out;
}

}  // namespace understudy::compare
