#pragma once

#include <cstdint>
#include <string_view>

namespace understudy::store {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): crc32c(0, "123456789") is 0xE3069283.
/// `crc` continues an earlier result: crc32c(crc32c(0, a), b) == crc32c(0, a + b).
/// Cost: about 8 GB/s with SSE 4.2, 1 GB/s without.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

/// The same without the processor's instruction, for other machines and for the test.
std::uint32_t crc32c_portable(std::uint32_t crc, std::string_view bytes);

}  // namespace understudy::store
