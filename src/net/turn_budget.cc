#include "net/turn_budget.h"

#include <algorithm>

#include "net/stream.h"

namespace understudy::net {
namespace {

/// Resumes in the next turn, after what the sockets woke.
class NextTurn : public Resumable {
 public:
  explicit NextTurn(EventLoop& loop) : loop_(loop) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { loop_.defer(*this, handle); }
  void await_resume() const {}

 private:
  EventLoop& loop_;
};

}  // namespace

bool TurnBudget::spent() {
  if (turn_ != loop_.turns()) {
    turn_ = loop_.turns();
    used_bytes_ = 0;
  }
  return used_bytes_ >= bytes_per_turn_max_;
}

bool TurnBudget::admits(Stream& stream) {
  if (stream.waits_for_turn_) return false;
  // Who comes later does not overtake those who wait, or they might wait for ever.
  if (!spent() && (waiting_.empty() || serving_now_)) return true;
  stream.waits_for_turn_ = true;
  waiting_.push_back(&stream);
  if (serving_.empty()) serving_.spawn(serve());
  return false;
}

void TurnBudget::forget(Stream& stream) {
  if (stream.waits_for_turn_) std::erase(waiting_, &stream);
}

base::Task<void> TurnBudget::serve() {
  while (!waiting_.empty()) {
    co_await NextTurn(loop_);
    serving_now_ = true;
    while (!waiting_.empty() && !spent()) {
      Stream& next = *waiting_.front();
      waiting_.pop_front();
      next.take_turn();
    }
    serving_now_ = false;
  }
}

}  // namespace understudy::net
