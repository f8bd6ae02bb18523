#pragma once

#include <coroutine>

#include "net/event_loop.h"

namespace understudy::net {

/// Lets one coroutine wait until another says that something changed. A notify() without a waiter
/// is kept until the next wait. Threads: the loop's.
class Signal {
 public:
  explicit Signal(EventLoop& loop) : loop_(loop) {}

  void notify() {
    if (waiter_ != nullptr) {
      Awaiter* waiter = waiter_;
      waiter_ = nullptr;
      loop_.schedule(*waiter, waiter->waiting());
    } else {
      notified_ = true;
    }
  }

  class Awaiter : public Resumable {
   public:
    explicit Awaiter(Signal& signal) : signal_(signal) {}
    ~Awaiter() {
      if (signal_.waiter_ == this) signal_.waiter_ = nullptr;
    }
    bool await_ready() {
      const bool ready = signal_.notified_;
      signal_.notified_ = false;
      return ready;
    }
    void await_suspend(std::coroutine_handle<> handle) {
      handle_ = handle;
      signal_.waiter_ = this;
    }
    void await_resume() const {}
    std::coroutine_handle<> waiting() const { return handle_; }

   private:
    Signal& signal_;
  };

  Awaiter wait() { return Awaiter(*this); }

 private:
  EventLoop& loop_;
  Awaiter* waiter_ = nullptr;
  bool notified_ = false;
};

}  // namespace understudy::net
