// A response stream read at once, byte by byte and in pieces chosen by the input has one outcome.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "http/testing/h1_transcript.h"

using namespace understudy::http;

namespace {

/// Small, so that a fuzzer reaches every limit.
constexpr Limits kLimits = {.request_line_bytes_max = 96,
                            .method_bytes_max = 16,
                            .head_bytes_max = 512,
                            .field_count_max = 12,
                            .chunk_extension_bytes_max = 32,
                            .trailer_bytes_max = 128,
                            .trailer_count_max = 4,
                            .body_bytes_max = 1024};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 4096) return 0;
  const std::size_t piece = 2 + data[0] % 61U;
  const MethodId request = data[0] % 4 == 0   ? MethodId::kHead
                           : data[0] % 4 == 1 ? MethodId::kConnect
                                              : MethodId::kGet;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string once =
      testing::response_transcript(stream, kLimits, request, [&] { return size; });
  for (std::size_t step : {std::size_t{1}, piece}) {
    const std::string cut =
        testing::response_transcript(stream, kLimits, request, [&] { return step; });
    if (cut != once) {
      std::fprintf(stderr, "at once:\n%s\nin pieces of %zu:\n%s\n", once.c_str(), step,
                   cut.c_str());
      std::abort();
    }
  }
  return 0;
}
