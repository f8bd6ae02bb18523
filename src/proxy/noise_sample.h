#pragma once

#include <cstdint>

namespace understudy::proxy {

/// Whether an evaluation is among the `share` (0 to 1) for which control is called twice. Goes by
/// the random part of its id, so the choice can be repeated from the record and has nothing to do
/// with the user, the route or the mode's bucket.
inline bool takes_noise_sample(uint64_t id_low, double share) {
  constexpr int kBitsOfADouble = 53;
  return static_cast<double>(id_low >> (64 - kBitsOfADouble)) * 0x1p-53 < share;
}

}  // namespace understudy::proxy
