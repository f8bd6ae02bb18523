#include "net/listener.h"

#include <linux/filter.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace understudy::net {
namespace {

/// Has the kernel drop what would begin a connection. A client whose first packet is dropped sends
/// it again after a second and is refused then, or meets whoever listens there by that time; one
/// that gets into the queue between the last accept and the close is reset with its request.
void drop_beginnings(int descriptor) {
  constexpr uint32_t kFlagsOffset = 13;  // in the TCP header
  constexpr uint32_t kSyn = 0x02;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsOffset),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  // Where this is not to be had a moment without it remains.
  setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop,
                                                       const SocketAddress& address,
                                                       const ListenerOptions& options,
                                                       OnConnection on_connection) {
  const auto failed = [&](const char* call) {
    const int reason = errno;
    return base::error(
        reason == EADDRINUSE ? base::ErrorKind::kConflict : base::ErrorKind::kIo,
        base::cat("cannot listen on ", address.text(), ": ", call, ": ", std::strerror(reason)));
  };
  const int descriptor =
      socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return failed("socket");
  std::unique_ptr<Listener> listener(
      new Listener(loop, descriptor, options.backlog, std::move(on_connection)));
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.port_use == ListenerOptions::PortUse::kShared &&
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return failed("SO_REUSEPORT");
  }
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) {
    return failed("bind");
  }
  if (listen(descriptor, options.backlog) != 0) return failed("listen");
  listener->address_.length = sizeof listener->address_.storage;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&listener->address_.storage),
              &listener->address_.length);
  if (options.start == ListenerOptions::Start::kAtOnce) {
    TRY(listener->begin());
  }
  return listener;
}

Listener::Listener(EventLoop& loop, int descriptor, int backlog, OnConnection on_connection)
    : Timer(loop.timers()),
      loop_(loop),
      descriptor_(descriptor),
      backlog_(backlog),
      on_connection_(std::move(on_connection)) {}

Listener::~Listener() { close_descriptor(); }

void Listener::close_descriptor() {
  if (descriptor_ < 0) return;
  loop_.unwatch(descriptor_, *this);
  close(std::exchange(descriptor_, -1));
}

void Listener::retire() {
  drop_beginnings(descriptor_);
  // One more than the backlog is what the kernel lets wait.
  for (int i = 0; i <= backlog_ && accept_one();) ++i;
  set_deadline(kNever);
  close_descriptor();
}

base::Status Listener::begin() { return loop_.watch_level(descriptor_, *this); }

void Listener::on_events(uint32_t) {
  for (int i = 0; i < kAcceptsPerTurnMax && accept_one(); ++i) {
  }
}

bool Listener::accept_one() {
  SocketAddress peer;
  peer.length = sizeof peer.storage;
  const int accepted = accept4(descriptor_, reinterpret_cast<sockaddr*>(&peer.storage),
                               &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      ++pauses_;
      if (loop_.now_ns() >= log_due_ns_) {
        base::log_warn("accepting on ", address_.text(), " pauses: ", std::strerror(errno));
        log_due_ns_ = loop_.now_ns() + kLogEveryNs;
      }
      loop_.unwatch(descriptor_, *this);
      set_deadline(loop_.now_ns() + kPauseNs);
      return false;
    }
    // A connection that ended while it waited says nothing about those behind it.
    return errno == ECONNABORTED || errno == EINTR;
  }
  auto stream = TcpStream::adopt(loop_, accepted);
  if (stream.ok()) on_connection_(std::move(*stream), peer);
  return true;
}

void Listener::on_deadline() {
  if (!loop_.watch_level(descriptor_, *this).ok()) set_deadline(loop_.now_ns() + kPauseNs);
}

}  // namespace understudy::net
