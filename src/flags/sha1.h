#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy::flags {

/// SHA-1 (FIPS 180-4) for bucketing, where flag models of other products demand it. Not for
/// secrets. Own code because it runs once per request: a block costs 60 to 150 ns, a call into a
/// general crypto library several times that.
/// Uses the processor's SHA instructions when it has them. Threads: any.
class Sha1 {
 public:
  static constexpr size_t kBlockBytes = 64;
  using Digest = std::array<uint8_t, 20>;

  enum class Engine {
    kBest,      // SHA instructions where there are some
    kPortable,  // plain C++
  };

  static Digest digest(std::string_view text, Engine engine = Engine::kBest);

  /// The first 64 bits of the digest of `prefix` followed by `text`.
  static uint64_t first_64_bits(std::string_view prefix, std::string_view text,
                                Engine engine = Engine::kBest);

  static bool has_instructions();
};

}  // namespace understudy::flags
