#include "flags/sha1.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>

#include "base/rng.h"
#include "base/text.h"

namespace understudy::flags {
namespace {

std::string hex_digest(std::string_view text, Sha1::Engine engine) {
  return base::hex(Sha1::digest(text, engine));
}

std::string openssl_digest(std::string_view text) {
  std::array<uint8_t, 20> digest;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base::hex(digest);
}

class Sha1Engines : public testing::TestWithParam<Sha1::Engine> {};

// FIPS 180-4 examples, from NIST's "Examples with Intermediate Values".
TEST_P(Sha1Engines, GivesThePublishedDigests) {
  EXPECT_EQ(hex_digest("abc", GetParam()), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_digest("", GetParam()), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", GetParam()),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex_digest(std::string(1'000'000, 'a'), GetParam()),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_P(Sha1Engines, AgreesWithOpenSslAtEveryLengthAroundTheBlockEnds) {
  base::Rng rng(20260101);
  for (size_t length = 0; length <= 200; ++length) {
    std::string text(length, '\0');
    for (char& letter : text) letter = static_cast<char>(rng.next_u64());
    ASSERT_EQ(hex_digest(text, GetParam()), openssl_digest(text)) << "length " << length;
  }
}

TEST_P(Sha1Engines, HashesAPrefixAndATextAsOneText) {
  base::Rng rng(7);
  for (int round = 0; round < 500; ++round) {
    std::string text(rng.below(150), '\0');
    for (char& letter : text) letter = static_cast<char>(rng.next_u64());
    const size_t cut = rng.below(text.size() + 1);
    const std::string_view whole = text;
    const uint64_t bits = Sha1::first_64_bits(whole.substr(0, cut), whole.substr(cut), GetParam());
    ASSERT_EQ(base::hex(bits), openssl_digest(text).substr(0, 16));
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Sha1Engines,
                         testing::Values(Sha1::Engine::kPortable, Sha1::Engine::kBest),
                         [](const auto& engine) {
                           return engine.param == Sha1::Engine::kPortable ? "Portable" : "Best";
                         });

}  // namespace
}  // namespace understudy::flags
