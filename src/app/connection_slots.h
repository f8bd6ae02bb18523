#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace understudy::app {

/// The connections a server holds, bounded in number and per client address. One more than that
/// takes the place of another, so that clients that only hold connections keep nobody out: the
/// longest in its phase goes, first of those that wait for a request, then of those that send a
/// body, then of those that take their answer. One whose request is worked on is never taken away.
/// Threads: one. Cost: constant, but for an address at its bound: a walk past older connections.
class ConnectionSlots {
 public:
  struct Options {
    size_t connections_max = 0;
    size_t per_address_max = 0;
    int64_t log_every_ns = 10'000'000'000;
  };
  /// In the order in which they make room; kAtWork does not.
  enum class Phase { kAwaitsRequest, kSendsBody, kTakesAnswer, kAtWork };

  /// One place, held by one connection until it is destroyed.
  class Slot {
   public:
    Slot(ConnectionSlots& slots, std::string address);
    virtual ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    const std::string& address() const { return address_; }
    void enter(Phase phase);

   protected:
    /// Its place is given to another: the connection has to end. Must not destroy the slot at once.
    virtual void on_evicted() = 0;

   private:
    friend class ConnectionSlots;
    void give_up();

    ConnectionSlots& slots_;
    const std::string address_;
    Phase phase_ = Phase::kAwaitsRequest;
    bool held_ = true;
    std::list<Slot*>::iterator place_;
  };

  explicit ConnectionSlots(const Options& options) : options_(options) {}

  /// Whether one more connection of this address may be made; what that took is logged.
  bool make_room(std::string_view address, int64_t now_ns);

  size_t size() const { return size_; }
  uint64_t evicted() const { return evicted_; }
  uint64_t refused() const { return refused_; }

 private:
  static constexpr size_t kPhases = 4;

  Slot* oldest(std::string_view address_or_any) const;
  void log(std::string_view what, int64_t now_ns);

  const Options options_;
  std::list<Slot*> phases_[kPhases];  // the longest in it first
  std::unordered_map<std::string, size_t> per_address_;
  size_t size_ = 0;
  uint64_t evicted_ = 0;
  uint64_t refused_ = 0;
  uint64_t unlogged_ = 0;
  int64_t log_due_ns_ = 0;
};

}  // namespace understudy::app
