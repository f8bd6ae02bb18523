#include "api/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace understudy::api {
namespace {

constexpr int kGzipOnly = 15 + 16;  // the largest window, and no other format
constexpr size_t kChunkBytes = 64 * 1024;

base::Error broken() {
  return base::error(base::ErrorKind::kProtocol, "the body is not whole gzip");
}

/// zlib's state, freed whatever happens.
class Inflater {
 public:
  Inflater() : ready_(inflateInit2(&stream_, kGzipOnly) == Z_OK) {}
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_;
};

}  // namespace

base::Result<std::string> gunzip(std::string_view body, size_t bytes_max) {
  if (body.size() > std::numeric_limits<uInt>::max()) return broken();
  Inflater inflater;
  if (!inflater.ready()) return base::error(base::ErrorKind::kInternal, "zlib has no memory");
  z_stream& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());

  std::string text;
  for (;;) {
    const size_t before = text.size();
    // One byte more than allowed is asked for, to see whether there is more.
    const size_t room = std::min(kChunkBytes, bytes_max + 1 - before);
    text.resize(before + room);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + before);
    stream.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream, Z_NO_FLUSH);
    text.resize(before + room - stream.avail_out);
    if (text.size() > bytes_max) {
      return base::error(base::ErrorKind::kLimit, base::cat("the body is larger than ", bytes_max,
                                                            " bytes when decompressed"));
    }
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) return text;
      if (inflateReset(&stream) != Z_OK) return broken();
    } else if (code != Z_OK) {
      return broken();  // Z_BUF_ERROR: the input ended too early
    }
  }
}

}  // namespace understudy::api
