#include "store/tail/tail_block.h"

#include <algorithm>

namespace understudy::store {

TailBlock::TailBlock(std::size_t rows_max)
    : rows_max_(rows_max), fixed_((rows_max + kPageRows - 1) / kPageRows) {}

TailBlock::~TailBlock() {
  for (const auto& page : fixed_) delete page.load(std::memory_order_relaxed);
  for (const auto& slot : groups_) {
    Group* const group = slot.load(std::memory_order_relaxed);
    if (group == nullptr) continue;
    for (const auto& column : *group) delete column.load(std::memory_order_relaxed);
    delete group;
  }
}

void TailBlock::begin_row(std::uint64_t seq, std::int64_t time_ns, std::uint32_t rate) {
  std::atomic<FixedPage*>& slot = fixed_[rows_ / kPageRows];
  FixedPage* page = slot.load(std::memory_order_relaxed);
  if (page == nullptr) {
    page = new FixedPage;
    bytes_ += sizeof(FixedPage);
    slot.store(page, std::memory_order_release);
  }
  const std::size_t at = rows_ % kPageRows;
  page->seq[at] = static_cast<std::int64_t>(seq);
  page->time[at] = time_ns;
  page->rate[at] = rate;
  weighted_ = weighted_ || rate != 1;
  if (rows_ == 0) {
    first_seq_ = seq;
    time_min_ns_ = time_max_ns_ = time_ns;
  } else {
    in_order_of_time_ = in_order_of_time_ && time_ns >= time_last_ns_;
    time_min_ns_ = std::min(time_min_ns_, time_ns);
    time_max_ns_ = std::max(time_max_ns_, time_ns);
  }
  time_last_ns_ = time_ns;
  end_seq_ = seq + 1;
}

TailColumn& TailBlock::column_for(std::size_t physical, event::Type type) {
  std::atomic<Group*>& slot = groups_[physical / kColumnsPerGroup];
  Group* group = slot.load(std::memory_order_relaxed);
  if (group == nullptr) {
    group = new Group{};
    bytes_ += sizeof(Group);
    slot.store(group, std::memory_order_release);
  }
  std::atomic<TailColumn*>& place = (*group)[physical % kColumnsPerGroup];
  TailColumn* column = place.load(std::memory_order_relaxed);
  if (column == nullptr) {
    column = new TailColumn(type, rows_max_);
    bytes_ += column->bytes();
    place.store(column, std::memory_order_release);
  }
  return *column;
}

void TailBlock::set(std::size_t physical, const event::ValueView& value) {
  TailColumn& column = column_for(physical, value.type());
  const std::size_t before = column.bytes();
  column.set(rows_, value);
  bytes_ += column.bytes() - before;
}

void TailBlock::unset(std::size_t physical) {
  if (const TailColumn* found = column(physical)) const_cast<TailColumn*>(found)->unset(rows_);
}

const TailColumn* TailBlock::column(std::size_t physical) const {
  const Group* const group = groups_[physical / kColumnsPerGroup].load(std::memory_order_acquire);
  if (group == nullptr) return nullptr;
  return (*group)[physical % kColumnsPerGroup].load(std::memory_order_acquire);
}

}  // namespace understudy::store
