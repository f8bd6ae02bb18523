#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The bytes of a log file; docs/formats/event_log.md is the same in words.
namespace understudy::store {

inline constexpr std::uint32_t kLogVersion = 1;
/// A header is written twice, one after the other.
inline constexpr std::size_t kFileHeaderBytes = 64;
inline constexpr std::size_t kRecordsStart = 2 * kFileHeaderBytes;
inline constexpr std::size_t kRecordHeaderBytes = 28;
/// Longest payload of one record.
inline constexpr std::size_t kRecordBytesMax = 32u << 20;

struct FileHeader {
  std::uint64_t salt = 0;       // random; no payload can contain a record that checks out
  std::uint64_t first_seq = 0;  // of the first event in the file
  std::int64_t created_unix_ns = 0;
};

enum class RecordType : std::uint32_t {
  kColumns = 1,  // names of column numbers
  kBatch = 2,    // events (event/batch.h)
};

struct RecordHeader {
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_crc = 0;
  RecordType type = RecordType::kBatch;
  std::uint64_t first_seq = 0;  // of the first event; for columns, of the next one
  std::uint32_t events = 0;
};

/// Both copies, kRecordsStart bytes.
std::string encode_file_header(const FileHeader& header);
/// From whichever copy is whole; nullopt when neither is.
std::optional<FileHeader> decode_file_header(std::string_view file);

/// What checksums of a file start from.
std::uint32_t checksum_seed(std::uint64_t salt);

void encode_record_header(const RecordHeader& header, std::uint32_t seed,
                          char out[kRecordHeaderBytes]);
/// nullopt when the bytes are too few, or not a header of this file.
std::optional<RecordHeader> decode_record_header(std::string_view bytes, std::uint32_t seed);

/// "log-00000000000000000017.ulog"
std::string log_file_name(std::uint64_t first_seq);
std::optional<std::uint64_t> parse_log_file_name(std::string_view name);

}  // namespace understudy::store
