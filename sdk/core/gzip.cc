#include "core/gzip.h"

#include <zlib.h>

namespace understudy::sdk {

base::Result<std::string> gzip(std::string_view text) {
  constexpr int kGzipWindowBits = 15 + 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return base::error(base::ErrorKind::kInternal, "zlib cannot start");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return base::error(base::ErrorKind::kInternal, "zlib failed");
  return out;
}

}  // namespace understudy::sdk
