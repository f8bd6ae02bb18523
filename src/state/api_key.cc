#include "state/api_key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/text.h"

namespace understudy::state {
namespace {

using base::cat;

constexpr std::string_view kPrefix = "understudy_";
constexpr size_t kIdBytes = 6;
constexpr size_t kSecretBytes = 24;

std::string hex(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

template <size_t kBytes>
base::Result<std::string> random_hex() {
  std::array<uint8_t, kBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return base::error(base::ErrorKind::kInternal, "the system has no random bytes to give");
  }
  return hex(bytes);
}

std::string sha256(std::string_view text) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return hex(digest);
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
  });
}

}  // namespace

std::string_view name(Permission permission) {
  switch (permission) {
    case Permission::kRead:
      return "read";
    case Permission::kIngest:
      return "ingest";
    case Permission::kFlags:
      return "flags";
    case Permission::kOperate:
      return "operate";
    case Permission::kKeys:
      return "keys";
  }
  return "";
}

std::string Permissions::text() const {
  std::vector<std::string> names;
  for (const Permission permission : kPermissions) {
    if (has(permission)) names.emplace_back(name(permission));
  }
  return base::join(names, ",");
}

base::Result<Permissions> Permissions::parse(std::string_view text) {
  Permissions permissions;
  for (std::string_view word : base::split(text, ',')) {
    word = base::trim(word);
    const auto found = std::find_if(kPermissions.begin(), kPermissions.end(),
                                    [&](Permission one) { return name(one) == word; });
    if (found == kPermissions.end()) {
      return base::invalid(cat("\"", base::printable(word),
                               "\" is no permission; there are read, ingest, flags, operate and "
                               "keys"));
    }
    permissions.add(*found);
  }
  return permissions;
}

base::Result<NewApiKey> make_api_key(std::string name, Permissions permissions) {
  TRY_ASSIGN(const std::string id, random_hex<kIdBytes>());
  TRY_ASSIGN(const std::string secret, random_hex<kSecretBytes>());
  NewApiKey made;
  made.key.id = id;
  made.key.name = std::move(name);
  made.key.permissions = permissions;
  made.key.secret_sha256 = sha256(secret);
  made.text = cat(kPrefix, id, "_", secret);
  return made;
}

std::optional<PresentedKey> PresentedKey::parse(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const size_t id_end = 2 * kIdBytes;
  if (text.size() != id_end + 1 + 2 * kSecretBytes || text[id_end] != '_') return std::nullopt;
  const PresentedKey key{text.substr(0, id_end), text.substr(id_end + 1)};
  if (!is_hex(key.id) || !is_hex(key.secret)) return std::nullopt;
  return key;
}

bool secret_matches(const ApiKey& key, std::string_view secret) {
  const std::string hash = sha256(secret);
  return hash.size() == key.secret_sha256.size() &&
         CRYPTO_memcmp(hash.data(), key.secret_sha256.data(), hash.size()) == 0;
}

}  // namespace understudy::state
