#include "event/column.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "base/text.h"
#include "event/columns.h"
#include "event/event.h"

namespace understudy::event {
namespace {

/// Names by id and ids by name. Ids below kBuiltInCount are the built-in table, known without any
/// initialisation order; the rest appear as clients send them and are never removed.
class ColumnTable {
 public:
  static ColumnTable& instance() {
    static ColumnTable* const table = new ColumnTable();  // outlives every thread that reads names
    return *table;
  }

  base::Result<Column> intern(std::string_view name) {
    if (const auto known = find(name)) return *known;
    if (name.empty()) return base::invalid("a column name is empty");
    if (name.size() > kColumnNameBytesMax) {
      return base::invalid(base::cat("a column name of ", name.size(), " bytes is over ",
                                     kColumnNameBytesMax, ": ", base::printable(name, 40)));
    }
    if (!is_utf8(name)) {
      return base::invalid(base::cat("a column name is not UTF-8: ", base::printable(name, 40)));
    }
    const std::unique_lock lock(mutex_);
    if (const auto found = ids_.find(name); found != ids_.end()) return Column(found->second);
    if (count_ >= kColumnsInternedMax) {
      return base::error(base::ErrorKind::kLimit,
                         base::cat("already ", kColumnsInternedMax, " column names"));
    }
    const auto id = static_cast<std::uint32_t>(count_);
    names_[id].store(new std::string(name), std::memory_order_release);
    ids_.emplace(*names_[id].load(std::memory_order_relaxed), id);
    ++count_;
    return Column(id);
  }

  std::optional<Column> find(std::string_view name) {
    const std::shared_lock lock(mutex_);
    const auto found = ids_.find(name);
    if (found == ids_.end()) return std::nullopt;
    return Column(found->second);
  }

  std::string_view name(std::uint32_t id) const {
    if (id >= kColumnsInternedMax) return {};
    const std::string* name = names_[id].load(std::memory_order_acquire);
    return name == nullptr ? std::string_view() : *name;
  }

 private:
  ColumnTable() {
    for (const ColumnInfo& info : built_in_columns()) {
      names_[count_].store(new std::string(info.name), std::memory_order_release);
      ids_.emplace(info.name, static_cast<std::uint32_t>(count_));
      ++count_;
    }
  }

  std::shared_mutex mutex_;
  std::size_t count_ = 0;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::array<std::atomic<const std::string*>, kColumnsInternedMax> names_{};
};

}  // namespace

base::Result<Column> Column::intern(std::string_view name) {
  return ColumnTable::instance().intern(name);
}

std::optional<Column> Column::find(std::string_view name) {
  return ColumnTable::instance().find(name);
}

std::string_view Column::name() const {
  if (id_ < columns::kBuiltInCount) return built_in_columns()[id_].name;
  return ColumnTable::instance().name(id_);
}

}  // namespace understudy::event
