#include "store/duckdb/segment_recovery.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "store/segment/segment_metadata.h"

namespace understudy::store {
namespace {

struct Found {
  const SegmentFolder::Entry* entry = nullptr;
  SegmentName name;
};

/// The claim of a segment's name, also of one that was set aside.
std::optional<SegmentName> claim_of(std::string_view name) {
  if (name.ends_with(kDamagedSuffix)) name.remove_suffix(kDamagedSuffix.size());
  return parse_segment_file_name(name);
}

class Recovery {
 public:
  Recovery(SegmentFolder& folder, Datasets& datasets) : folder_(folder), datasets_(datasets) {}

  RecoveredSegments run(const std::vector<SegmentFolder::DatasetFiles>& files) {
    for (const SegmentFolder::DatasetFiles& dataset : files) recover(dataset);
    return result_;
  }

 private:
  void recover(const SegmentFolder::DatasetFiles& files) {
    std::optional<GoneMarker> gone;
    std::vector<Found> found;
    std::vector<SegmentClaim> damaged;
    for (const SegmentFolder::Entry& entry : files.files) {
      if (const auto marker = parse_gone_file_name(entry.name)) {
        // The last by name is the newest; those before it were to be removed.
        if (gone) remove(base::cat(parent_of(entry.path), "/", gone_file_name(*gone)));
        gone = marker;
      } else if (const auto name = parse_segment_file_name(entry.name)) {
        found.push_back({&entry, *name});
      } else if (const auto aside = claim_of(entry.name)) {
        damaged.push_back(aside->claim);
      }
    }
    if (found.empty() && damaged.empty() && !gone) return;
    Dataset* const dataset = datasets_.find_or_make(files.dataset);
    if (dataset == nullptr) {
      base::log_error("store: ", files.dataset, " is one dataset too many: it is not read");
      return;
    }
    if (gone) dataset->set_gone(*gone);
    for (const SegmentClaim& claim : damaged) dataset->note_damaged(claim);
    // Wide claims first, so that what lies within one is seen after it.
    std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
      return a.name.claim.to - a.name.claim.from > b.name.claim.to - b.name.claim.from;
    });
    all_ = found;
    std::vector<Found> kept;
    for (const Found& file : found) {
      if (gone && file.name.claim.to <= gone->to) {
        leftover(*file.entry);
      } else if (keep(file, kept, *dataset)) {
        kept.push_back(file);
      }
    }
  }

  bool keep(const Found& file, const std::vector<Found>& kept, Dataset& dataset) {
    for (const Found& other : kept) {
      if (!other.name.claim.overlaps(file.name.claim)) continue;
      if (other.name.claim.contains(file.name.claim)) {
        leftover(*file.entry);
      } else {
        set_aside(file, dataset, base::cat("its events are partly those of ", other.entry->name));
      }
      return false;
    }
    const auto metadata = read_segment_metadata(file.entry->path);
    if (!metadata.ok() && metadata.error().kind != base::ErrorKind::kProtocol) {
      // Not the file's fault, perhaps: it stays for the next start.
      base::log_error("store: ", metadata.error().context, ": its events cannot be queried");
      dataset.note_damaged(file.name.claim);
      ++result_.damaged;
      return false;
    }
    if (!metadata.ok()) {
      set_aside(file, dataset, metadata.error().context);
      return false;
    }
    if (metadata->dataset != dataset.name()) {
      set_aside(file, dataset,
                base::cat("it is of dataset ", base::printable(metadata->dataset, 40)));
      return false;
    }
    if (overlaps_another(file) && !checksum_holds(file)) {
      set_aside(file, dataset, "its checksum does not hold");
      return false;
    }
    dataset.add_found(folder_, *file.entry, file.name, *metadata);
    ++result_.segments;
    return true;
  }

  /// Whether files would be removed because of this one.
  bool overlaps_another(const Found& file) const {
    return std::any_of(all_.begin(), all_.end(), [&](const Found& other) {
      return other.entry != file.entry && other.name.claim.overlaps(file.name.claim);
    });
  }
  bool checksum_holds(const Found& file) {
    const auto crc = folder_.checksum(file.entry->path);
    return crc.ok() && *crc == file.name.crc;
  }

  static std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

  void leftover(const SegmentFolder::Entry& entry) {
    base::log_info("store: removed ", entry.path, ", whose events are elsewhere or gone");
    remove(entry.path);
    ++result_.leftovers;
  }
  void remove(const std::string& path) {
    if (auto status = folder_.remove(path); !status.ok()) {
      base::log_warn("store: ", status.error().context);
    }
  }
  void set_aside(const Found& file, Dataset& dataset, std::string_view reason) {
    const SegmentFolder::Entry& entry = *file.entry;
    dataset.note_damaged(file.name.claim);
    base::log_error("store: ", entry.path, " is set aside, its events cannot be queried: ", reason);
    if (auto status = folder_.set_aside(entry.path, kDamagedSuffix); !status.ok()) {
      base::log_error("store: ", status.error().context);
    }
    ++result_.damaged;
  }

  SegmentFolder& folder_;
  Datasets& datasets_;
  std::vector<Found> all_;
  RecoveredSegments result_;
};

}  // namespace

std::uint64_t end_of_claims(const std::vector<SegmentFolder::DatasetFiles>& files) {
  std::uint64_t end = 0;
  for (const SegmentFolder::DatasetFiles& dataset : files) {
    for (const SegmentFolder::Entry& entry : dataset.files) {
      if (const auto marker = parse_gone_file_name(entry.name)) end = std::max(end, marker->to);
      if (const auto name = claim_of(entry.name)) end = std::max(end, name->claim.to);
    }
  }
  return end;
}

RecoveredSegments recover_segments(SegmentFolder& folder,
                                   const std::vector<SegmentFolder::DatasetFiles>& files,
                                   Datasets& datasets) {
  return Recovery(folder, datasets).run(files);
}

}  // namespace understudy::store
