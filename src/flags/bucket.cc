#include "flags/bucket.h"

#include <cstdint>

#include "flags/sha1.h"

namespace understudy::flags {

double bucket_of(std::string_view prefix, std::string_view value) {
  constexpr uint64_t kAllOnes = 0xFFFFFFFFFFFFFFF;
  return static_cast<double>(Sha1::first_64_bits(prefix, value) >> 4) /
         static_cast<double>(kAllOnes);
}

}  // namespace understudy::flags
