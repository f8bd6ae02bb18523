#include "net/task_scope.h"

#include <utility>

namespace understudy::net {

TaskScope::Root TaskScope::run(base::Task<void> task) { co_await task; }

void TaskScope::spawn(base::Task<void> task) {
  const Root root = run(std::move(task));
  auto& promise = root.handle.promise();
  promise.scope = this;
  promise.next = &tasks_;
  promise.previous = tasks_.previous;
  tasks_.previous->next = &promise;
  tasks_.previous = &promise;
  ++size_;
  root.handle.resume();
}

void TaskScope::cancel_all() {
  while (tasks_.previous != &tasks_) {
    auto& promise = static_cast<Root::promise_type&>(*tasks_.previous);
    std::coroutine_handle<Root::promise_type>::from_promise(promise).destroy();
  }
}

}  // namespace understudy::net
