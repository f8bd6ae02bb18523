#include "net/resolver.h"

#include <netdb.h>
#include <pthread.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/text.h"

namespace understudy::net {

struct Resolver::State {
  LookUp look_up;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Question> questions;
  size_t threads = 0;
  size_t threads_idle = 0;
  bool stopping = false;
};

base::Result<Resolver::Addresses> Resolver::system_look_up(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int failure = getaddrinfo(host.c_str(), base::cat(port).c_str(), &hints, &list);
  if (failure != 0) {
    return base::error(base::ErrorKind::kUnavailable, base::cat(host, ": ", gai_strerror(failure)));
  }
  Resolver::Addresses addresses;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, item->ai_addr, item->ai_addrlen);
    address.length = item->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(list);
  return addresses;
}

Resolver::Resolver(LookUp look_up) : state_(std::make_shared<State>()) {
  state_->look_up = std::move(look_up);
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->questions.clear();
  }
  state_->changed.notify_all();
}

void Resolver::resolve(EventLoop& loop, std::string host, uint16_t port, Callback callback) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->questions.size() < kPendingMax) {
      state_->questions.push_back({&loop, std::move(host), port, std::move(callback)});
      if (state_->threads_idle >= state_->questions.size()) {
        state_->changed.notify_one();
      } else if (state_->threads < kThreadsMax) {
        ++state_->threads;
        // Detached, because a look-up cannot be cancelled and may last for half a minute. It
        // touches nothing but the state, and no loop once `stopping` is set.
        std::thread([state = state_] { run(state); }).detach();
      }
      return;
    }
  }
  loop.post([callback = std::move(callback)] {
    callback(base::error(base::ErrorKind::kLimit, "too many names are being resolved"));
  });
}

void Resolver::run(const std::shared_ptr<State>& state) {
  pthread_setname_np(pthread_self(), "resolver");
  std::unique_lock lock(state->mutex);
  while (true) {
    ++state->threads_idle;
    state->changed.wait(lock, [&] { return state->stopping || !state->questions.empty(); });
    --state->threads_idle;
    if (state->stopping) return;
    Question question = std::move(state->questions.front());
    state->questions.pop_front();
    lock.unlock();
    auto answer =
        std::make_shared<base::Result<Addresses>>(state->look_up(question.host, question.port));
    lock.lock();
    if (state->stopping) return;  // the loops may be gone
    question.loop->post(
        [callback = std::move(question.callback), answer] { callback(std::move(*answer)); });
  }
}

}  // namespace understudy::net
