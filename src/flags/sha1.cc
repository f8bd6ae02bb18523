#include "flags/sha1.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace understudy::flags {
namespace {

using State = std::array<uint32_t, 5>;

constexpr State kStart = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

uint32_t load_big_endian(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
}

void store_big_endian(uint8_t* bytes, uint64_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(bytes, &value, sizeof value);
}

/// FIPS 180-4, 6.1.2, with the message schedule in a ring of 16 words.
void compress_portable(State& state, const uint8_t* block) {
  uint32_t w[16];
  for (size_t i = 0; i < 16; ++i) w[i] = load_big_endian(block + 4 * i);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

  const auto word = [&w](size_t t) {
    if (t < 16) return w[t];
    w[t & 15] = std::rotl(w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15] ^ w[t & 15], 1);
    return w[t & 15];
  };
  const auto step = [&](uint32_t f, uint32_t k, size_t t) {
    const uint32_t next = std::rotl(a, 5) + f + e + k + word(t);
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  };
#pragma GCC unroll 20
  for (size_t t = 0; t < 20; ++t) step(d ^ (b & (c ^ d)), 0x5A827999, t);
#pragma GCC unroll 20
  for (size_t t = 20; t < 40; ++t) step(b ^ c ^ d, 0x6ED9EBA1, t);
#pragma GCC unroll 20
  for (size_t t = 40; t < 60; ++t) step((b & c) | (d & (b | c)), 0x8F1BBCDC, t);
#pragma GCC unroll 20
  for (size_t t = 60; t < 80; ++t) step(b ^ c ^ d, 0xCA62C1D6, t);

  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

#if defined(__x86_64__)
bool cpu_has_sha() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  const bool has_sse41 = (c & bit_SSE4_1) != 0 && (c & bit_SSSE3) != 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return has_sse41 && (b & bit_SHA) != 0;
}

/// The same with the SHA extensions: 20 groups of four rounds. Intel, "New Instructions Supporting
/// the Secure Hash Algorithm on Intel Architecture Processors", 2013.
__attribute__((target("sha,sse4.1,ssse3"))) void compress_instructions(State& state,
                                                                       const uint8_t* block) {
  const __m128i reverse = _mm_set_epi64x(0x0001020304050607, 0x08090A0B0C0D0E0F);
  __m128i abcd =
      _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data())), 0x1B);
  __m128i e = _mm_set_epi32(static_cast<int>(state[4]), 0, 0, 0);
  const __m128i abcd_start = abcd;
  const __m128i e_start = e;

  __m128i words[4];
  for (int i = 0; i < 4; ++i) {
    words[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i)),
                                reverse);
  }

  // Four rounds: the next e comes from abcd before them. The round constant is an immediate.
#define UNDERSTUDY_SHA1_GROUP(group)                                                              \
  {                                                                                               \
    __m128i& current = words[(group)&3];                                                          \
    if ((group) >= 4) {                                                                           \
      current =                                                                                   \
          _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(current, words[((group) + 1) & 3]), \
                                           words[((group) + 2) & 3]),                             \
                             words[((group) + 3) & 3]);                                           \
    }                                                                                             \
    const __m128i e_and_words =                                                                   \
        (group) == 0 ? _mm_add_epi32(e, current) : _mm_sha1nexte_epu32(e, current);               \
    e = abcd;                                                                                     \
    abcd = _mm_sha1rnds4_epu32(abcd, e_and_words, (group) / 5);                                   \
  }
  UNDERSTUDY_SHA1_GROUP(0)
  UNDERSTUDY_SHA1_GROUP(1)
  UNDERSTUDY_SHA1_GROUP(2)
  UNDERSTUDY_SHA1_GROUP(3)
  UNDERSTUDY_SHA1_GROUP(4)
  UNDERSTUDY_SHA1_GROUP(5)
  UNDERSTUDY_SHA1_GROUP(6)
  UNDERSTUDY_SHA1_GROUP(7)
  UNDERSTUDY_SHA1_GROUP(8)
  UNDERSTUDY_SHA1_GROUP(9)
  UNDERSTUDY_SHA1_GROUP(10)
  UNDERSTUDY_SHA1_GROUP(11)
  UNDERSTUDY_SHA1_GROUP(12)
  UNDERSTUDY_SHA1_GROUP(13)
  UNDERSTUDY_SHA1_GROUP(14)
  UNDERSTUDY_SHA1_GROUP(15)
  UNDERSTUDY_SHA1_GROUP(16)
  UNDERSTUDY_SHA1_GROUP(17)
  UNDERSTUDY_SHA1_GROUP(18)
  UNDERSTUDY_SHA1_GROUP(19)
#undef UNDERSTUDY_SHA1_GROUP

  e = _mm_sha1nexte_epu32(e, e_start);
  abcd = _mm_add_epi32(abcd, abcd_start);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_shuffle_epi32(abcd, 0x1B));
  state[4] = static_cast<uint32_t>(_mm_extract_epi32(e, 3));
}
#endif

const bool kHasInstructions =
#if defined(__x86_64__)
    cpu_has_sha();
#else
    false;
#endif

inline void compress(State& state, const uint8_t* block, Sha1::Engine engine) {
#if defined(__x86_64__)
  if (kHasInstructions && engine == Sha1::Engine::kBest) {
    compress_instructions(state, block);
    return;
  }
#else
  (void)engine;
#endif
  compress_portable(state, block);
}

/// Hashes the two texts one after the other, through one block on the stack.
State hash(std::string_view prefix, std::string_view text, Sha1::Engine engine) {
  constexpr size_t kLengthAt = Sha1::kBlockBytes - sizeof(uint64_t);
  State state = kStart;
  uint8_t block[Sha1::kBlockBytes];
  size_t filled = 0;
  for (std::string_view part : {prefix, text}) {
    while (!part.empty()) {
      const size_t taken = std::min(part.size(), sizeof block - filled);
      std::memcpy(block + filled, part.data(), taken);
      part.remove_prefix(taken);
      filled += taken;
      if (filled == sizeof block) {
        compress(state, block, engine);
        filled = 0;
      }
    }
  }
  block[filled++] = 0x80;
  if (filled > kLengthAt) {
    std::memset(block + filled, 0, sizeof block - filled);
    compress(state, block, engine);
    filled = 0;
  }
  std::memset(block + filled, 0, kLengthAt - filled);
  store_big_endian(block + kLengthAt, uint64_t{prefix.size() + text.size()} * 8);
  compress(state, block, engine);
  return state;
}

}  // namespace

bool Sha1::has_instructions() { return kHasInstructions; }

Sha1::Digest Sha1::digest(std::string_view text, Engine engine) {
  const State state = hash({}, text, engine);
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

uint64_t Sha1::first_64_bits(std::string_view prefix, std::string_view text, Engine engine) {
  const State state = hash(prefix, text, engine);
  return (uint64_t{state[0]} << 32) | state[1];
}

}  // namespace understudy::flags
