#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::state {

/// What a key lets its holder do. None includes another.
enum class Permission : uint8_t {
  kRead,     // see migrations, events, flags as resources, markers; run queries
  kIngest,   // send events
  kFlags,    // receive flags and evaluate them, as a client library does
  kOperate,  // change modes, flags and markers; reload the configuration
  kKeys,     // make, list and revoke keys
};
inline constexpr std::array<Permission, 5> kPermissions = {Permission::kRead, Permission::kIngest,
                                                           Permission::kFlags, Permission::kOperate,
                                                           Permission::kKeys};
std::string_view name(Permission permission);  // "read", "ingest", ...

/// A set of permissions. Value type.
class Permissions {
 public:
  constexpr Permissions() = default;
  constexpr void add(Permission permission) {
    bits_ = static_cast<uint8_t>(bits_ | bit(permission));
  }
  constexpr bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  bool operator==(const Permissions&) const = default;

  /// "read,operate", in the order of kPermissions.
  std::string text() const;
  /// Failure: kInvalid with the permissions there are.
  static base::Result<Permissions> parse(std::string_view text);

 private:
  static constexpr uint8_t bit(Permission permission) {
    return static_cast<uint8_t>(1U << static_cast<unsigned>(permission));
  }
  uint8_t bits_ = 0;
};

/// A key for the API as it is kept: who holds the secret cannot be found out from it.
struct ApiKey {
  std::string id;    // public, 12 hexadecimal digits
  std::string name;  // for people: "ci", "flamingo-prod"
  Permissions permissions;
  std::string secret_sha256;  // hexadecimal; the secret is random, so a plain hash is enough
  int64_t created_ns = 0;     // unix
  std::string created_by;
  std::optional<int64_t> revoked_ns;
  std::string revoked_by;

  bool revoked() const { return revoked_ns.has_value(); }
};

/// A key as its holder gets it, once.
struct NewApiKey {
  ApiKey key;
  std::string text;  // "understudy_<id>_<secret>"
};

/// Makes a key with a secret of 192 random bits from the operating system. Not stored yet.
/// Failure: kInternal when the system has no randomness to give.
base::Result<NewApiKey> make_api_key(std::string name, Permissions permissions);

/// The two parts of a key's text; nothing when it has not the shape of one of ours.
struct PresentedKey {
  std::string_view id;
  std::string_view secret;
  static std::optional<PresentedKey> parse(std::string_view text);
};

/// Whether the secret belongs to the key, in time that does not depend on where they differ.
bool secret_matches(const ApiKey& key, std::string_view secret);

}  // namespace understudy::state
