#include "store/log/log_format.h"

#include <bit>
#include <cstring>

#include "base/text.h"
#include "store/log/crc32c.h"

namespace understudy::store {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::string_view kMagic("UNDSTLOG", 8);
constexpr std::size_t kFileCrcAt = kFileHeaderBytes - 4;
constexpr std::string_view kNamePrefix = "log-";
constexpr std::string_view kNameSuffix = ".ulog";
constexpr std::size_t kNameDigits = 20;

template <class T>
void put(char* out, T value) {
  std::memcpy(out, &value, sizeof(T));
}

template <class T>
T get(const char* in) {
  T value;
  std::memcpy(&value, in, sizeof(T));
  return value;
}

std::optional<FileHeader> decode_copy(std::string_view copy) {
  if (copy.size() < kFileHeaderBytes || !copy.starts_with(kMagic)) return std::nullopt;
  const char* bytes = copy.data();
  if (crc32c(0, copy.substr(0, kFileCrcAt)) != get<std::uint32_t>(bytes + kFileCrcAt) ||
      get<std::uint32_t>(bytes + 8) != kLogVersion) {
    return std::nullopt;
  }
  return FileHeader{.salt = get<std::uint64_t>(bytes + 16),
                    .first_seq = get<std::uint64_t>(bytes + 24),
                    .created_unix_ns = get<std::int64_t>(bytes + 32)};
}

}  // namespace

std::string encode_file_header(const FileHeader& header) {
  std::string copy(kFileHeaderBytes, '\0');
  std::memcpy(copy.data(), kMagic.data(), kMagic.size());
  put(copy.data() + 8, kLogVersion);
  put(copy.data() + 16, header.salt);
  put(copy.data() + 24, header.first_seq);
  put(copy.data() + 32, header.created_unix_ns);
  put(copy.data() + kFileCrcAt, crc32c(0, std::string_view(copy).substr(0, kFileCrcAt)));
  return copy + copy;
}

std::optional<FileHeader> decode_file_header(std::string_view file) {
  if (const auto header = decode_copy(file)) return header;
  if (file.size() < kRecordsStart) return std::nullopt;
  return decode_copy(file.substr(kFileHeaderBytes));
}

std::uint32_t checksum_seed(std::uint64_t salt) {
  char bytes[sizeof(salt)];
  put(bytes, salt);
  return crc32c(0, std::string_view(bytes, sizeof(bytes)));
}

void encode_record_header(const RecordHeader& header, std::uint32_t seed,
                          char out[kRecordHeaderBytes]) {
  put(out + 4, header.payload_bytes);
  put(out + 8, header.payload_crc);
  put(out + 12, static_cast<std::uint32_t>(header.type));
  put(out + 16, header.first_seq);
  put(out + 24, header.events);
  put(out, crc32c(seed, std::string_view(out + 4, kRecordHeaderBytes - 4)));
}

std::optional<RecordHeader> decode_record_header(std::string_view bytes, std::uint32_t seed) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const char* in = bytes.data();
  const auto type = get<std::uint32_t>(in + 12);
  if (type != static_cast<std::uint32_t>(RecordType::kColumns) &&
      type != static_cast<std::uint32_t>(RecordType::kBatch)) {
    return std::nullopt;
  }
  if (crc32c(seed, bytes.substr(4, kRecordHeaderBytes - 4)) != get<std::uint32_t>(in)) {
    return std::nullopt;
  }
  const RecordHeader header{.payload_bytes = get<std::uint32_t>(in + 4),
                            .payload_crc = get<std::uint32_t>(in + 8),
                            .type = static_cast<RecordType>(type),
                            .first_seq = get<std::uint64_t>(in + 16),
                            .events = get<std::uint32_t>(in + 24)};
  if (header.payload_bytes > kRecordBytesMax) return std::nullopt;
  return header;
}

std::string log_file_name(std::uint64_t first_seq) {
  const std::string digits = base::cat(first_seq);
  return base::cat(kNamePrefix, std::string(kNameDigits - digits.size(), '0'), digits, kNameSuffix);
}

std::optional<std::uint64_t> parse_log_file_name(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kNameDigits + kNameSuffix.size() ||
      !name.starts_with(kNamePrefix) || !name.ends_with(kNameSuffix)) {
    return std::nullopt;
  }
  return base::parse_uint64(name.substr(kNamePrefix.size(), kNameDigits));
}

}  // namespace understudy::store
