#include "http/trace_context.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "http/h1_bytes.h"

namespace understudy::http {
namespace {

constexpr std::size_t kMembersMax = 32;         // W3C Trace Context 3.3.1.1
constexpr std::size_t kKeyBytesMax = 256;       // 3.3.1.3.1
constexpr std::size_t kValueBytesMax = 256;     // 3.3.1.3.2
constexpr std::size_t kStateBytesMax = 512;     // 3.3.1.5: what has to be propagated
constexpr std::size_t kLargeMemberBytes = 128;  // 3.3.1.5: removed first

/// The two lower-case digits of every byte.
constexpr std::array<std::array<char, 2>, 256> kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return pairs;
}();

/// Lower-case hex only, as the specification demands.
bool parse_lower_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char high = text[2 * i];
    const char low = text[2 * i + 1];
    if (high >= 'A' && high <= 'F') return false;
    if (low >= 'A' && low <= 'F') return false;
    const int high_value = bytes::hex_value(high);
    const int low_value = bytes::hex_value(low);
    if (high_value < 0 || low_value < 0) return false;
    out[i] = static_cast<std::uint8_t>(high_value * 16 + low_value);
  }
  return true;
}

char* put_hex(char* at, std::span<const std::uint8_t> id) noexcept {
  for (std::uint8_t byte : id) {
    std::memcpy(at, kHexPairs[byte].data(), 2);
    at += 2;
  }
  return at;
}

bool all_zero(std::span<const std::uint8_t> id) noexcept {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t kBytes>
void fill_random(std::array<std::uint8_t, kBytes>& id, base::Rng& rng) noexcept {
  static_assert(kBytes % 8 == 0);
  do {
    for (std::size_t at = 0; at < kBytes; at += 8) {
      const std::uint64_t word = rng.next_u64();
      std::memcpy(id.data() + at, &word, 8);
    }
  } while (all_zero(id));
}

bool valid_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > kKeyBytesMax) return false;
  const auto alphanumeric = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
  };
  if (!alphanumeric(key.front())) return false;
  return std::all_of(key.begin(), key.end(), [&](char byte) {
    return alphanumeric(byte) || std::string_view("_-*/@").find(byte) != std::string_view::npos;
  });
}

bool valid_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > kValueBytesMax) return false;
  return std::all_of(value.begin(), value.end(),
                     [](char byte) { return byte >= 0x20 && byte <= 0x7e && byte != '='; });
}

/// Removes members until the rest fits: large ones first, from the right, then any from the right.
void shorten(std::vector<std::string_view>& members) {
  constexpr std::size_t bytes_max = kStateBytesMax + 1;  // each member counts with a comma
  std::size_t bytes = 0;
  for (std::string_view member : members) bytes += member.size() + 1;
  for (std::size_t i = members.size(); i-- > 0 && bytes > bytes_max;) {
    if (members[i].size() <= kLargeMemberBytes) continue;
    bytes -= members[i].size() + 1;
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (bytes > bytes_max) {
    bytes -= members.back().size() + 1;
    members.pop_back();
  }
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view value) noexcept {
  if (value.size() < TraceParent::kTextBytes) return std::nullopt;
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  std::uint8_t version = 0;
  if (!parse_lower_hex(value.substr(0, 2), {&version, 1}) || version == 0xff) return std::nullopt;
  if (value.size() > TraceParent::kTextBytes && (version == 0 || value[55] != '-')) {
    return std::nullopt;
  }
  TraceParent parent;
  if (!parse_lower_hex(value.substr(3, 32), parent.trace_id) || all_zero(parent.trace_id) ||
      !parse_lower_hex(value.substr(36, 16), parent.parent_id) || all_zero(parent.parent_id) ||
      !parse_lower_hex(value.substr(53, 2), {&parent.flags, 1})) {
    return std::nullopt;
  }
  parent.flags &= TraceParent::kSampled | TraceParent::kRandomTraceId;
  return parent;
}

void format_traceparent(const TraceParent& parent, std::array<char, TraceParent::kTextBytes>& out) {
  char* at = out.data();
  *at++ = '0';
  *at++ = '0';
  *at++ = '-';
  at = put_hex(at, parent.trace_id);
  *at++ = '-';
  at = put_hex(at, parent.parent_id);
  *at++ = '-';
  const std::uint8_t flags = parent.flags & (TraceParent::kSampled | TraceParent::kRandomTraceId);
  put_hex(at, {&flags, 1});
}

std::string format_traceparent(const TraceParent& parent) {
  std::array<char, TraceParent::kTextBytes> text;
  format_traceparent(parent, text);
  return {text.data(), text.size()};
}

std::string trace_id_hex(const TraceId& id) {
  std::string text(id.size() * 2, '0');
  put_hex(text.data(), id);
  return text;
}

std::string span_id_hex(const SpanId& id) {
  std::string text(id.size() * 2, '0');
  put_hex(text.data(), id);
  return text;
}

void continue_trace(const Fields& fields, TraceContext& out) {
  const Field* field = fields.find(KnownField::kTraceparent);
  if (field == nullptr) return;
  const auto repeated = std::count_if(field, fields.end(), [](const Field& f) {
                          return f.known == KnownField::kTraceparent;
                        }) > 1;
  const std::optional<TraceParent> parent = parse_traceparent(field->value);
  if (!parent.has_value() || repeated) return;
  out.parent = *parent;
  out.present = true;
  out.remote = true;
  if (fields.has(KnownField::kTracestate)) {
    out.tracestate = combine_tracestate(fields).value_or(std::string());
  }
}

void continue_or_begin_trace(const Fields& fields, base::Rng& rng, TraceContext& out) {
  continue_trace(fields, out);
  if (out.present) return;
  fill_random(out.parent.trace_id, rng);
  fill_random(out.parent.parent_id, rng);
  out.parent.flags = TraceParent::kSampled | TraceParent::kRandomTraceId;
  out.present = true;
}

TraceParent child_of(const TraceParent& parent, base::Rng& rng) noexcept {
  TraceParent child = parent;
  fill_random(child.parent_id, rng);
  return child;
}

std::optional<std::string> combine_tracestate(const Fields& fields) {
  std::vector<std::string_view> members;
  std::vector<std::string_view> keys;
  bool valid = true;
  for (const Field& field : fields) {
    if (field.known != KnownField::kTracestate) continue;
    bytes::for_each_list_member(field.value, [&](std::string_view member) {
      const std::size_t equals = member.find('=');
      const std::string_view key = member.substr(0, equals);
      valid = members.size() < kMembersMax && equals != member.npos && valid_key(key) &&
              valid_value(member.substr(equals + 1)) &&
              std::find(keys.begin(), keys.end(), key) == keys.end();
      members.push_back(member);
      keys.push_back(key);
      return valid;
    });
    if (!valid) return std::nullopt;
  }
  shorten(members);
  std::string combined;
  for (std::string_view member : members) {
    if (!combined.empty()) combined += ',';
    combined.append(member);
  }
  return combined;
}

}  // namespace understudy::http
