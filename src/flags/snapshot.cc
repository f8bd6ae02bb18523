#include "flags/snapshot.h"

#include <algorithm>
#include <utility>

#include "flags/compiled.h"

namespace understudy::flags {
namespace {

std::string_view key_of(const CompiledFlag& flag) { return flag.flag.key; }
std::string_view key_of(const CompiledSegment& segment) { return segment.segment.key; }
int64_t version_of(const CompiledFlag& flag) { return flag.flag.version; }
int64_t version_of(const CompiledSegment& segment) { return segment.segment.version; }

template <class Compiled, class Map, class Source>
void insert_newest(Map& map, Source source) {
  const auto found = map.find(source.key);
  if (found != map.end()) {
    if (version_of(*found->second) >= source.version) return;
    map.erase(found);
  }
  auto compiled = std::make_shared<const Compiled>(std::move(source));
  const std::string_view key = key_of(*compiled);
  map.emplace(key, std::move(compiled));
}

template <class Compiled, class Map, class Source>
void replace(Map& map, Source source) {
  map.erase(source.key);
  auto compiled = std::make_shared<const Compiled>(std::move(source));
  const std::string_view key = key_of(*compiled);
  map.emplace(key, std::move(compiled));
}

template <class Source>
void sort_by_key(std::vector<const Source*>& all) {
  std::sort(all.begin(), all.end(),
            [](const Source* a, const Source* b) { return a->key < b->key; });
}

}  // namespace

const Flag& FlagHandle::flag() const { return compiled_->flag; }

FlagSnapshot::FlagSnapshot(std::unique_ptr<const Index> index, uint64_t version)
    : index_(std::move(index)), version_(version) {}
FlagSnapshot::~FlagSnapshot() = default;

std::shared_ptr<const FlagSnapshot> FlagSnapshot::make(std::vector<Flag> flags,
                                                       std::vector<Segment> segments,
                                                       uint64_t version) {
  auto index = std::make_unique<Index>();
  for (Flag& flag : flags) insert_newest<CompiledFlag>(index->flags, std::move(flag));
  for (Segment& segment : segments) {
    insert_newest<CompiledSegment>(index->segments, std::move(segment));
  }
  return std::shared_ptr<const FlagSnapshot>(new FlagSnapshot(std::move(index), version));
}

std::shared_ptr<const FlagSnapshot> FlagSnapshot::with(Flag flag) const {
  auto index = std::make_unique<Index>(*index_);
  replace<CompiledFlag>(index->flags, std::move(flag));
  return std::shared_ptr<const FlagSnapshot>(new FlagSnapshot(std::move(index), version_ + 1));
}

std::shared_ptr<const FlagSnapshot> FlagSnapshot::with(Segment segment) const {
  auto index = std::make_unique<Index>(*index_);
  replace<CompiledSegment>(index->segments, std::move(segment));
  return std::shared_ptr<const FlagSnapshot>(new FlagSnapshot(std::move(index), version_ + 1));
}

const CompiledFlag* SnapshotInside::flag(const FlagSnapshot& snapshot, std::string_view key) {
  const auto found = snapshot.index_->flags.find(key);
  if (found == snapshot.index_->flags.end() || found->second->flag.deleted) return nullptr;
  return found->second.get();
}

const CompiledSegment* SnapshotInside::segment(const FlagSnapshot& snapshot, std::string_view key) {
  const auto found = snapshot.index_->segments.find(key);
  if (found == snapshot.index_->segments.end() || found->second->segment.deleted) return nullptr;
  return found->second.get();
}

FlagHandle FlagSnapshot::find(std::string_view key) const {
  return SnapshotInside::handle(SnapshotInside::flag(*this, key));
}

const Flag* FlagSnapshot::find_flag(std::string_view key) const {
  const CompiledFlag* compiled = SnapshotInside::flag(*this, key);
  return compiled != nullptr ? &compiled->flag : nullptr;
}

const Segment* FlagSnapshot::find_segment(std::string_view key) const {
  const CompiledSegment* compiled = SnapshotInside::segment(*this, key);
  return compiled != nullptr ? &compiled->segment : nullptr;
}

std::vector<const Flag*> FlagSnapshot::flags() const {
  std::vector<const Flag*> all;
  all.reserve(index_->flags.size());
  for (const auto& [key, compiled] : index_->flags) all.push_back(&compiled->flag);
  sort_by_key(all);
  return all;
}

std::vector<const Segment*> FlagSnapshot::segments() const {
  std::vector<const Segment*> all;
  all.reserve(index_->segments.size());
  for (const auto& [key, compiled] : index_->segments) all.push_back(&compiled->segment);
  sort_by_key(all);
  return all;
}

}  // namespace understudy::flags
