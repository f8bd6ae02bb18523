#include "store/duckdb/sql_table.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/text.h"
#include "store/duckdb/sql_plan.h"
#include "store/segment/segment_writer.h"

namespace understudy::store {
namespace {

using base::cat;

/// A file in memory that has no name.
class MemoryFile final : public SegmentFile {
 public:
  explicit MemoryFile(int descriptor) : descriptor_(descriptor) {}
  base::Status write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) {
        return base::error(
            base::ErrorKind::kIo,
            cat("the events in memory are not written for the statement: ", std::strerror(errno)));
      }
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
  }
  base::Result<std::string> finish(const SegmentClaim&) override {
    return base::error(base::ErrorKind::kInternal, "a file in memory has no name");
  }

 private:
  const int descriptor_;
};

}  // namespace

std::string sql_table(const std::string& dataset, const TableView& view) {
  std::string list = "make_timestamp_ns(ts) AS \"time\", rate AS sample_rate";
  std::set<std::string> taken = {"time", "sample_rate"};
  const auto add = [&](std::size_t physical, std::string name) {
    const std::string wanted = name;
    for (int i = 2; !taken.insert(base::to_lower(name)).second; ++i) name = cat(wanted, ":", i);
    list += cat(", c", physical, " AS ", sql_quoted(name, '"'));
  };
  for (const auto& [name, physical] : view.schema->columns) {
    if (name.find('\0') != std::string::npos) continue;  // no SQL text can name it
    const auto kinds =
        std::count_if(physical.begin(), physical.end(), [](int index) { return index != kAbsent; });
    for (const int index : physical) {
      if (index == kAbsent) continue;
      const auto at = static_cast<std::size_t>(index);
      const std::string_view type = event::name(view.schema->physical[at]);
      add(at, kinds == 1 ? name : cat(name, ":", type));
    }
  }
  const std::vector<bool> all(view.schema->physical.size(), true);
  return cat("CREATE TEMP VIEW ", sql_quoted(dataset, '"'), " AS SELECT ", list, " FROM (",
             sql_source(Select(), view, all), ")");
}

base::Result<Descriptor> move_tail_to_file(TableView& view, SegmentFolder& folder,
                                           const std::string& path) {
  if (view.blocks.empty()) return Descriptor();
  Descriptor descriptor(memfd_create("understudy-tail", MFD_CLOEXEC));
  if (!descriptor.open()) {
    return base::error(base::ErrorKind::kIo, cat("memfd_create: ", std::strerror(errno)));
  }
  const Schema& schema = *view.schema;
  auto layout = std::make_shared<SegmentLayout>();
  std::vector<SegmentColumn> columns;
  for (std::size_t i = 0; i < schema.physical.size(); ++i) {
    const bool there =
        std::any_of(view.blocks.begin(), view.blocks.end(),
                    [&](const BlockView& block) { return block.block->column(i) != nullptr; });
    if (!there) continue;
    const std::string name = cat("c", i);
    layout->emplace(static_cast<int>(i), name);
    columns.push_back({i, {.column = name, .type = schema.physical[i], .name = name}});
  }
  MemoryFile file(descriptor.get());
  Segment::Content content{.path = path,
                           .time_min_ns = view.blocks.front().time_min_ns,
                           .time_max_ns = view.blocks.front().time_max_ns};
  SegmentWriter writer(file, {.dataset = "tail"}, std::move(columns));
  for (const BlockView& block : view.blocks) {
    TRY(writer.add_rows(*block.block, block.rows));
    content.time_min_ns = std::min(content.time_min_ns, block.time_min_ns);
    content.time_max_ns = std::max(content.time_max_ns, block.time_max_ns);
  }
  TRY(writer.finish());
  content.layout = std::move(layout);
  view.segments.push_back(std::make_shared<const Segment>(folder, std::move(content)));
  view.blocks.clear();
  return descriptor;
}

}  // namespace understudy::store
