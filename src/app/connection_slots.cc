#include "app/connection_slots.h"

#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace understudy::app {

using base::cat;

ConnectionSlots::Slot::Slot(ConnectionSlots& slots, std::string address)
    : slots_(slots), address_(std::move(address)) {
  auto& phase = slots_.phases_[static_cast<size_t>(phase_)];
  place_ = phase.insert(phase.end(), this);
  ++slots_.size_;
  ++slots_.per_address_[address_];
}

ConnectionSlots::Slot::~Slot() { give_up(); }

void ConnectionSlots::Slot::enter(Phase phase) {
  if (!held_) return;
  auto& to = slots_.phases_[static_cast<size_t>(phase)];
  to.splice(to.end(), slots_.phases_[static_cast<size_t>(phase_)], place_);
  phase_ = phase;
}

void ConnectionSlots::Slot::give_up() {
  if (!std::exchange(held_, false)) return;
  slots_.phases_[static_cast<size_t>(phase_)].erase(place_);
  --slots_.size_;
  const auto count = slots_.per_address_.find(address_);
  if (--count->second == 0) slots_.per_address_.erase(count);
}

ConnectionSlots::Slot* ConnectionSlots::oldest(std::string_view address_or_any) const {
  for (size_t phase = 0; phase < static_cast<size_t>(Phase::kAtWork); ++phase) {
    for (Slot* slot : phases_[phase]) {
      if (address_or_any.empty() || slot->address_ == address_or_any) return slot;
    }
  }
  return nullptr;
}

bool ConnectionSlots::make_room(std::string_view address, int64_t now_ns) {
  const auto count = per_address_.find(std::string(address));
  const bool address_full =
      count != per_address_.end() && count->second >= options_.per_address_max;
  if (!address_full && size_ < options_.connections_max) return true;
  const std::string full =
      address_full ? cat(address, " has ", options_.per_address_max, " connections open")
                   : cat(options_.connections_max, " connections are open");
  Slot* slot = oldest(address_full ? address : std::string_view());
  if (slot == nullptr) {
    ++refused_;
    log(cat(full, ", all with a request that is worked on: refused one more of ", address), now_ns);
    return false;
  }
  ++evicted_;
  log(cat(full, ": closed the longest idle one, of ", slot->address_, ", for one more of ",
          address),
      now_ns);
  slot->give_up();
  slot->on_evicted();
  return true;
}

void ConnectionSlots::log(std::string_view what, int64_t now_ns) {
  if (now_ns < log_due_ns_) {
    ++unlogged_;
    return;
  }
  log_due_ns_ = now_ns + options_.log_every_ns;
  const uint64_t more = std::exchange(unlogged_, 0);
  base::log_warn(
      "admin: ", what,
      more == 0 ? std::string() : cat(" (and ", more, " more since the last such line)"));
}

}  // namespace understudy::app
