// Passes bytes between each client and a connection of its own to a service, and reads none of
// them: what the system calls alone cost on this machine, and so the least that any proxy on
// edge-triggered epoll can take of it. Stands beside the proxies in the table, never in use.
//
//   bare_relay LISTEN_PORT SERVICE_PORT
//
// Only for small messages on a loopback interface: a write that is not taken whole is lost.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

sockaddr_in loopback(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void watch(int epoll, int descriptor, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

void send_at_once(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: bare_relay LISTEN_PORT SERVICE_PORT\n", stderr);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const sockaddr_in own = loopback(arguments[1]);
  const sockaddr_in service = loopback(arguments[2]);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  const int epoll = epoll_create1(0);
  watch(epoll, listener, EPOLLIN);

  std::unordered_map<int, int> peers;
  std::array<epoll_event, 256> events;
  static std::array<char, 65536> bytes;
  const auto accept_one = [&](int client) {
    const int upstream = socket(AF_INET, SOCK_STREAM, 0);
    const auto* address = reinterpret_cast<const sockaddr*>(&service);
    if (connect(upstream, address, sizeof service) != 0) fail("connect");
    for (const int descriptor : {client, upstream}) {
      send_at_once(descriptor);
      watch(epoll, descriptor, EPOLLIN | EPOLLET);
    }
    peers[client] = upstream;
    peers[upstream] = client;
  };
  while (true) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int descriptor = events[static_cast<size_t>(i)].data.fd;
      if (descriptor == listener) {
        int client = 0;
        while ((client = accept4(listener, nullptr, nullptr, 0)) >= 0) accept_one(client);
        continue;
      }
      const auto peer = peers.find(descriptor);
      if (peer == peers.end()) continue;  // closed a moment ago, with its peer
      const ssize_t got = recv(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got > 0) {
        send(peer->second, bytes.data(), static_cast<size_t>(got), MSG_NOSIGNAL | MSG_DONTWAIT);
      } else if (got == 0) {
        const int other = peer->second;
        peers.erase(descriptor);
        peers.erase(other);
        close(descriptor);
        close(other);
      }
    }
  }
}
