#include "store/sql_process/frame_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace understudy::store {
namespace {

constexpr std::chrono::milliseconds kCancellationLook(20);
constexpr std::size_t kHeadBytes = 5;  // kind, length
constexpr std::size_t kReadBytes = 1U << 20;

base::Error closed() { return base::error(base::ErrorKind::kClosed, "the other process is gone"); }

base::Error failed(const char* call) {
  return base::error(base::ErrorKind::kIo, base::cat(call, ": ", std::strerror(errno)));
}

/// Room for one descriptor beside a message.
union Control {
  cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

base::Status FrameChannel::wait(short events, Deadline deadline,
                                const Cancellation& cancellation) const {
  for (;;) {
    if (cancellation.cancelled()) {
      return base::error(base::ErrorKind::kCancelled, "nobody waits for the answer any more");
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return base::error(base::ErrorKind::kTimeout, "the time is over");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
    pollfd waiting = {.fd = socket_.get(), .events = events, .revents = 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::min(left, kCancellationLook).count()) + 1);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return failed("poll");
  }
}

base::Status FrameChannel::send(std::uint8_t kind, std::string_view bytes, int descriptor,
                                Deadline deadline, const Cancellation& cancellation) {
  std::string frame(kHeadBytes, static_cast<char>(kind));
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(frame.data() + 1, &length, sizeof length);
  frame += bytes;
  for (std::size_t sent = 0; sent < frame.size();) {
    iovec piece = {.iov_base = frame.data() + sent, .iov_len = frame.size() - sent};
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    Control control = {};
    if (descriptor >= 0 && sent == 0) {
      message.msg_control = &control;
      message.msg_controllen = sizeof control.bytes;
      control.head.cmsg_level = SOL_SOCKET;
      control.head.cmsg_type = SCM_RIGHTS;
      control.head.cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(&control.head), &descriptor, sizeof descriptor);
    }
    const ssize_t done = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done >= 0) {
      sent += static_cast<std::size_t>(done);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY(wait(POLLOUT, deadline, cancellation));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return closed();
    } else if (errno != EINTR) {
      return failed("sendmsg");
    }
  }
  return {};
}

base::Status FrameChannel::read(char* to, std::size_t bytes, Deadline deadline,
                                const Cancellation& cancellation, Descriptor& descriptor) {
  while (bytes > 0) {
    TRY(wait(POLLIN, deadline, cancellation));
    iovec piece = {.iov_base = to, .iov_len = bytes};
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    Control control = {};
    message.msg_control = &control;
    message.msg_controllen = sizeof control.bytes;
    const ssize_t done = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (done == 0 || (done < 0 && errno == ECONNRESET)) return closed();
    if (done < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) continue;
      return failed("recvmsg");
    }
    const cmsghdr* const head = CMSG_FIRSTHDR(&message);
    if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(head), sizeof number);
      descriptor = Descriptor(number);
    }
    to += done;
    bytes -= static_cast<std::size_t>(done);
  }
  return {};
}

base::Result<FrameChannel::Frame> FrameChannel::receive(std::size_t bytes_max, Deadline deadline,
                                                        const Cancellation& cancellation) {
  Frame frame;
  std::array<char, kHeadBytes> head = {};
  TRY(read(head.data(), head.size(), deadline, cancellation, frame.descriptor));
  frame.kind = static_cast<std::uint8_t>(head[0]);
  std::uint32_t length = 0;
  std::memcpy(&length, head.data() + 1, sizeof length);
  if (length > bytes_max) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("a message has ", length, " bytes, more than ", bytes_max));
  }
  // Memory is taken as bytes arrive, not as they are announced.
  while (frame.bytes.size() < length) {
    const std::size_t have = frame.bytes.size();
    frame.bytes.resize(std::min<std::size_t>(length, have + kReadBytes));
    TRY(read(frame.bytes.data() + have, frame.bytes.size() - have, deadline, cancellation,
             frame.descriptor));
  }
  return frame;
}

}  // namespace understudy::store
