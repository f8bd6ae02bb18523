#include "net/resolver.h"

#include <netdb.h>
#include <pthread.h>

#include <cstring>
#include <memory>

#include "base/text.h"

namespace understudy::net {
namespace {

base::Result<Resolver::Addresses> look_up(const std::string& host, uint16_t port) {
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

}  // namespace

Resolver::Resolver() : thread_([this] { run(); }) {}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    questions_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

void Resolver::resolve(EventLoop& loop, std::string host, uint16_t port, Callback callback) {
  {
    const std::lock_guard lock(mutex_);
    if (questions_.size() < kPendingMax) {
      questions_.push_back({&loop, std::move(host), port, std::move(callback)});
      changed_.notify_one();
      return;
    }
  }
  loop.post([callback = std::move(callback)] {
    callback(base::error(base::ErrorKind::kLimit, "too many names are being resolved"));
  });
}

void Resolver::run() {
  pthread_setname_np(pthread_self(), "resolver");
  while (true) {
    Question question;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
      if (stopping_) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    auto answer = std::make_shared<base::Result<Addresses>>(look_up(question.host, question.port));
    const std::lock_guard lock(mutex_);
    if (stopping_) return;  // the loops may be gone
    question.loop->post(
        [callback = std::move(question.callback), answer] { callback(std::move(*answer)); });
  }
}

}  // namespace understudy::net
