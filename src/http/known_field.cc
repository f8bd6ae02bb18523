#include <array>
#include <cstring>

#include "http/fields.h"
#include "http/h1_bytes.h"

namespace understudy::http {
namespace {

constexpr std::array<std::string_view, kKnownFieldCount> kNames = {
    "",
    "accept",
    "accept-encoding",
    "age",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "last-modified",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "server",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
};
static_assert(kNames.back() == "x-forwarded-proto", "one name per KnownField, in its order");

constexpr std::string_view kOwnPrefix = "understudy-";

/// Those of several words: a name of one word has no hyphen to stand in for.
constexpr KnownFieldSet kReserved = {
    KnownField::kContentLength,     KnownField::kHttp2Settings,      KnownField::kKeepAlive,
    KnownField::kProxyAuthenticate, KnownField::kProxyAuthorization, KnownField::kProxyConnection,
    KnownField::kTransferEncoding,  KnownField::kXForwardedFor,      KnownField::kXForwardedHost,
    KnownField::kXForwardedProto,
};

constexpr std::size_t kNameBytesMin = 2;
constexpr std::size_t kNameBytesMax = 19;
constexpr std::size_t kSlots = 256;

/// Looks at four letters and the length. Folding with 0x20 is enough: a wrong guess is found out
/// by the comparison that follows.
constexpr std::size_t slot_of(const char* name, std::size_t size, unsigned seed) {
  const auto fold = [name](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(name[at])) | 0x20U;
  };
  const unsigned mixed = (fold(0) | (fold(size / 2) << 8) | (fold(size - 1) << 16)) * seed +
                         static_cast<unsigned>(size) * 0x9e3779b1U;
  return (mixed >> 24) % kSlots;
}

constexpr bool seed_works(unsigned seed) {
  std::array<bool, kSlots> taken{};
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    bool& slot = taken[slot_of(kNames[i].data(), kNames[i].size(), seed)];
    if (slot) return false;
    slot = true;
  }
  return true;
}

consteval unsigned find_seed() {
  unsigned seed = 0x01000193U;
  while (!seed_works(seed)) seed = seed * 1664525U + 1013904223U;
  return seed;
}
constexpr unsigned kSeed = find_seed();

/// A name and the bits in which a letter's case shows.
struct Slot {
  char name[24] = {};
  char case_bits[24] = {};
  std::uint8_t size = 0;
  KnownField known = KnownField::kOther;
};

consteval std::array<Slot, kSlots> make_slots() {
  std::array<Slot, kSlots> slots{};
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    const std::string_view name = kNames[i];
    Slot& slot = slots[slot_of(name.data(), name.size(), kSeed)];
    slot.size = static_cast<std::uint8_t>(name.size());
    slot.known = static_cast<KnownField>(i);
    for (std::size_t at = 0; at < name.size(); ++at) {
      slot.name[at] = name[at];
      slot.case_bits[at] = name[at] >= 'a' && name[at] <= 'z' ? 0x20 : 0;
    }
  }
  return slots;
}
constexpr std::array<Slot, kSlots> kSlotTable = make_slots();

/// Bits in which the text differs from the slot's name, letter case aside.
template <typename Word>
std::uint64_t difference(const char* text, const Slot& slot, std::size_t at) noexcept {
  Word word, name, case_bits;
  std::memcpy(&word, text + at, sizeof(Word));
  std::memcpy(&name, slot.name + at, sizeof(Word));
  std::memcpy(&case_bits, slot.case_bits + at, sizeof(Word));
  return static_cast<Word>((word ^ name) & ~case_bits);
}

/// Compares in overlapping words, which together cover every byte.
bool matches(const char* text, std::size_t size, const Slot& slot) noexcept {
  std::uint64_t differ;
  if (size >= 8) {
    differ =
        difference<std::uint64_t>(text, slot, 0) | difference<std::uint64_t>(text, slot, size - 8);
    if (size > 16) differ |= difference<std::uint64_t>(text, slot, 8);
  } else if (size >= 4) {
    differ =
        difference<std::uint32_t>(text, slot, 0) | difference<std::uint32_t>(text, slot, size - 4);
  } else {
    differ =
        difference<std::uint16_t>(text, slot, 0) | difference<std::uint16_t>(text, slot, size - 2);
  }
  return differ == 0;
}

}  // namespace

KnownField known_field(std::string_view name) noexcept {
  const std::size_t size = name.size();
  if (size < kNameBytesMin || size > kNameBytesMax) return KnownField::kOther;
  const Slot& slot = kSlotTable[slot_of(name.data(), size, kSeed)];
  if (slot.size != size || !matches(name.data(), size, slot)) return KnownField::kOther;
  return slot.known;
}

bool passes_for_reserved_field(std::string_view name) noexcept {
  if (name.find('_') == name.npos) return false;
  if (name.size() > kOwnPrefix.size() && name[kOwnPrefix.size() - 1] == '_' &&
      same_field_name(name.substr(0, kOwnPrefix.size() - 1),
                      kOwnPrefix.substr(0, kOwnPrefix.size() - 1))) {
    return true;
  }
  if (name.size() > kNameBytesMax) return false;
  std::array<char, kNameBytesMax> hyphened{};
  for (std::size_t i = 0; i < name.size(); ++i) hyphened[i] = name[i] == '_' ? '-' : name[i];
  return kReserved.contains(known_field({hyphened.data(), name.size()}));
}

std::string_view known_field_name(KnownField known) noexcept {
  return kNames[static_cast<std::size_t>(known)];
}

bool same_field_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (bytes::to_lower(a[i]) != bytes::to_lower(b[i])) return false;
  }
  return true;
}

}  // namespace understudy::http
