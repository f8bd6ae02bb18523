#pragma once

#include <coroutine>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/frame_pool.h"

namespace understudy::base {

template <class T>
class Task;

namespace task_detail {

/// Resumes whoever awaits this task; nobody does when the task ended inside await_suspend below.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    const std::coroutine_handle<> waiting = finished.promise().waiting;
    return waiting ? waiting : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> waiting;

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  // Exceptions end at the wrapper of the library that throws (habit 5), so one here is a defect.
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

  static void* operator new(size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, size_t bytes) noexcept { free_frame(frame, bytes); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
};

}  // namespace task_detail

/// A coroutine that starts when awaited and gives its result to the one who awaits it.
/// Ownership: the Task owns the frame; destroying a Task that is suspended destroys its locals, and
/// with them every awaitable it waits on, which must unhook itself in its destructor.
/// Threads: one; a task never moves between threads by itself.
/// Cost: one pooled frame; awaiting is two indirect calls.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { destroy(); }

  /// Runs until the first suspension, for the owner of a root task (see net::TaskScope).
  void start() { handle_.resume(); }
  bool done() const { return !handle_ || handle_.done(); }
  bool valid() const { return static_cast<bool>(handle_); }

  /// Who to resume at the end; for owners of root tasks.
  void set_waiting(std::coroutine_handle<> waiting) { handle_.promise().waiting = waiting; }

  bool await_ready() const noexcept { return false; }
  // A task that ends without suspending lets its awaiter go on in place. This keeps the stack flat
  // over any number of such tasks without relying on tail calls, which sanitizer builds do not
  // make.
  bool await_suspend(std::coroutine_handle<> waiting) noexcept {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().waiting = waiting;
    return true;
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) {
      ASSERT(handle_.promise().value.has_value());
      return std::move(*handle_.promise().value);
    }
  }

 private:
  void destroy() {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

  Handle handle_;
};

namespace task_detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
}  // namespace task_detail

}  // namespace understudy::base
