#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/text.h"

namespace understudy::app::testing {

/// A blocking client for what libcurl does not send.
class RawClient {
 public:
  explicit RawClient(const std::string& address) {
    descriptor_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in target{};
    target.sin_family = AF_INET;
    const size_t colon = address.rfind(':');
    target.sin_port =
        htons(static_cast<uint16_t>(base::parse_uint64(address.substr(colon + 1)).value_or(0)));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(descriptor_, reinterpret_cast<sockaddr*>(&target), sizeof target), 0);
  }
  ~RawClient() { close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // it was refused before its end
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }
  /// Reads until `text` has come; everything read so far, also when it never came.
  std::string read_until(std::string_view text) {
    while (seen_.find(text) == std::string::npos) {
      char chunk[4096];
      const ssize_t count = recv(descriptor_, chunk, sizeof chunk, 0);
      if (count <= 0) break;
      seen_.append(chunk, static_cast<size_t>(count));
    }
    return seen_;
  }

 private:
  int descriptor_ = -1;
  std::string seen_;
};

}  // namespace understudy::app::testing
