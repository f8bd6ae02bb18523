#pragma once

#include <cstdint>

namespace understudy::base {

/// Fast repeatable random numbers (xoshiro256**, Blackman and Vigna 2021, seeded by splitmix64).
/// The same seed gives the same numbers on every machine. Not for secrets. Threads: one.
class Rng {
 public:
  explicit Rng(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15;
      uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
      word = mixed ^ (mixed >> 31);
    }
  }

  uint64_t next_u64() {
    const uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

  /// Uniform in [0, bound); `bound` must not be 0. Lemire 2019, without the rejection step: the
  /// bias is below bound / 2^64.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<Wide>(next_u64()) * bound) >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  static uint64_t rotate(uint64_t word, int count) {
    return (word << count) | (word >> (64 - count));
  }

  uint64_t state_[4];
};

/// A seed from the operating system's entropy.
uint64_t random_seed();

}  // namespace understudy::base
