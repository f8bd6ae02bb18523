#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include "base/task.h"

namespace understudy::net {

/// Owns running tasks: what is spawned here ends by itself or is destroyed with the scope, never
/// left behind. Threads: one. Cost: one pooled frame per task beyond the task's own.
class TaskScope {
 public:
  TaskScope() = default;
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope() { cancel_all(); }

  /// Starts the task at once; it runs until its first suspension before this returns.
  void spawn(base::Task<void> task);
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Destroys what still runs, newest first. Must not be called from one of the tasks.
  void cancel_all();

 private:
  struct Link {
    Link* next = this;
    Link* previous = this;
  };
  struct Root {
    struct promise_type : Link {
      TaskScope* scope = nullptr;
      ~promise_type() {
        next->previous = previous;
        previous->next = next;
        if (scope != nullptr) --scope->size_;
      }
      Root get_return_object() {
        return {std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      std::suspend_always initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
      static void* operator new(size_t bytes) { return base::allocate_frame(bytes); }
      static void operator delete(void* frame, size_t bytes) noexcept {
        base::free_frame(frame, bytes);
      }
    };
    std::coroutine_handle<promise_type> handle;
  };
  static Root run(base::Task<void> task);

  Link tasks_;
  size_t size_ = 0;
};

}  // namespace understudy::net
