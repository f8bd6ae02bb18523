#include "store/log/log_scan.h"

#include <algorithm>
#include <optional>

#include "event/varint.h"
#include "store/log/crc32c.h"

namespace understudy::store {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : bytes_(bytes) {}

  FileScan run() {
    const auto header = decode_file_header(bytes_);
    if (!header) {
      scan_.tail_bytes = bytes_.size();
      return std::move(scan_);
    }
    scan_.readable = true;
    scan_.header = *header;
    scan_.next_seq = header->first_seq;
    scan_.valid_end = kRecordsStart;
    seed_ = checksum_seed(header->salt);
    std::size_t at = kRecordsStart;
    while (at < bytes_.size()) {
      if (const auto record = record_at(at)) {
        take(*record, at);
        at = scan_.valid_end;
      } else {
        at = skip_damage(at);
      }
    }
    if (scan_.valid_end < bytes_.size()) {
      scan_.tail_bytes = bytes_.size() - scan_.valid_end;
      scan_.tail_events = events_in_damage_;
    }
    return std::move(scan_);
  }

 private:
  std::optional<RecordHeader> header_at(std::size_t at) const {
    const auto header = decode_record_header(bytes_.substr(at), seed_);
    if (!header || header->first_seq < scan_.next_seq) return std::nullopt;
    return header;
  }

  std::optional<ScannedRecord> record_at(std::size_t at) const {
    const auto header = header_at(at);
    if (!header) return std::nullopt;
    const std::size_t payload_at = at + kRecordHeaderBytes;
    if (header->payload_bytes > bytes_.size() - payload_at) return std::nullopt;
    const std::string_view payload = bytes_.substr(payload_at, header->payload_bytes);
    if (crc32c(seed_, payload) != header->payload_crc) return std::nullopt;
    return ScannedRecord{*header, payload};
  }

  void take(const ScannedRecord& record, std::size_t at) {
    if (at > scan_.valid_end) {
      scan_.damaged.push_back({scan_.valid_end, at - scan_.valid_end, events_in_damage_});
    }
    events_in_damage_ = 0;
    scan_.valid_end = at + kRecordHeaderBytes + record.payload.size();
    scan_.next_seq = record.header.first_seq + record.header.events;
    if (record.header.type == RecordType::kColumns) {
      for (const ColumnName& column : parse_column_names(record.payload)) {
        scan_.columns.define(column.number, column.name);
      }
    }
    scan_.records.push_back(record);
  }

  /// Where to look for the next record after one at `at` failed: behind its payload if its header
  /// is whole, else the next place a header checks out.
  std::size_t skip_damage(std::size_t at) {
    if (const auto header = header_at(at)) {
      events_in_damage_ += header->events;
      return std::min(bytes_.size(), at + kRecordHeaderBytes + header->payload_bytes);
    }
    for (++at; at < bytes_.size(); ++at) {
      if (header_at(at)) return at;
    }
    return bytes_.size();
  }

  const std::string_view bytes_;
  std::uint32_t seed_ = 0;
  std::uint64_t events_in_damage_ = 0;
  FileScan scan_;
};

}  // namespace

FileScan scan_log_file(std::string_view bytes) { return Scanner(bytes).run(); }

void append_column_name(std::string& payload, const ColumnName& name) {
  event::append_varint(payload, name.number);
  event::append_varint(payload, name.name.size());
  payload += name.name;
}

std::vector<ColumnName> parse_column_names(std::string_view payload) {
  std::vector<ColumnName> names;
  const char* at = payload.data();
  const char* const end = at + payload.size();
  while (at != end) {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    if (!event::read_varint(at, end, number) || !event::read_varint(at, end, size) ||
        number >= event::kColumnsInternedMax || size > static_cast<std::uint64_t>(end - at)) {
      return {};
    }
    names.push_back({static_cast<std::uint32_t>(number), std::string_view(at, size)});
    at += size;
  }
  return names;
}

}  // namespace understudy::store
