#include "net/tls_stream.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace understudy::net {

struct TlsStream::SocketBio {
  static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* buffer, int bytes_max) {
    TlsStream& self = stream(bio);
    BIO_clear_retry_flags(bio);
    if (self.received_in_call_bytes_ > kBytesPerCallMax) {
      self.reason_ = "the peer sends records without end that say nothing";
      self.receive_error_ = kTlsFailure;
      return -1;
    }
    while (self.can_receive_) {
      const ssize_t count = ::recv(self.descriptor_, buffer, static_cast<size_t>(bytes_max), 0);
      if (count > 0) {
        // As in Stream: a short read emptied the socket, and more bytes make a new edge.
        if (count < bytes_max && !self.peer_closed()) self.can_receive_ = false;
        self.received_in_call_bytes_ += static_cast<size_t>(count);
        return static_cast<int>(count);
      }
      if (count == 0) {
        self.at_end_ = true;
        return 0;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        self.receive_error_ = errno;
        return -1;
      }
      self.can_receive_ = false;
    }
    BIO_set_retry_read(bio);
    return -1;
  }

  /// Takes everything: OpenSSL 3.0 cannot read on past a request for new keys while a record of
  /// its own is half written. What the socket has no room for waits in `unsent_`.
  static int write(BIO* bio, const char* bytes, int count) {
    TlsStream& self = stream(bio);
    BIO_clear_retry_flags(bio);
    std::string_view rest(bytes, static_cast<size_t>(count));
    if (self.unsent_.empty()) rest.remove_prefix(self.send(rest));
    if (self.unsent_.size() + rest.size() > kUnsentBytesMax) self.fatal_ = ENOBUFS;
    // After a failure nothing more is sent, but what the peer said last can still be read.
    if (self.send_error_ == 0 && self.fatal_ == 0) self.unsent_.append(rest);
    return count;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return stream(bio).at_end_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD* make_method() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "understudy");
    CHECK(method != nullptr);
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  static BIO* make(TlsStream& stream) {
    static BIO_METHOD* const kMethod = make_method();
    BIO* bio = BIO_new(kMethod);
    CHECK(bio != nullptr);
    BIO_set_data(bio, &stream);
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsStream::TlsStream(EventLoop& loop, int descriptor, std::shared_ptr<const TlsContext> context,
                     TlsSession* session)
    : Stream(loop),
      descriptor_(descriptor),
      context_(std::move(context)),
      session_(session),
      ssl_(SSL_new(context_->native())) {
  CHECK(ssl_ != nullptr);
  set_short_reads_may_leave_more();
  SSL_set_app_data(ssl_, this);
  BIO* bio = SocketBio::make(*this);
  SSL_set_bio(ssl_, bio, bio);
  if (context_->role() == TlsContext::Role::kServer) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  const std::string& name = context_->server_name();
  if (!name.empty() && !parse_ip_address(name, 0).ok()) {
    SSL_set_tlsext_host_name(ssl_, name.c_str());
  }
  if (session_ != nullptr && session_->resumable() != nullptr) {
    SSL_set_session(ssl_, session_->resumable());
  }
}

base::Result<std::unique_ptr<TlsStream>> TlsStream::over(std::unique_ptr<TcpStream> tcp,
                                                         std::shared_ptr<const TlsContext> context,
                                                         TlsSession* session) {
  EventLoop& loop = tcp->loop();
  std::unique_ptr<TlsStream> stream(
      new TlsStream(loop, tcp->release(), std::move(context), session));
  // A new registration reports at once what is there already.
  TRY(loop.watch(stream->descriptor_, *stream));
  return stream;
}

TlsStream::~TlsStream() {
  if (!resets_ && !leaving_) say_goodbye();
  SSL_free(ssl_);
  ERR_clear_error();
  loop().unwatch(descriptor_, *this);
  close(descriptor_);
}

int TlsStream::on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* stream = static_cast<TlsStream*>(SSL_get_app_data(ssl));
  if (stream->session_ == nullptr) return 0;
  stream->session_->keep(session);
  return 1;  // the reference is ours now
}

bool TlsStream::resumed() const { return SSL_session_reused(ssl_) == 1; }

base::Task<int> TlsStream::handshake() {
  while (true) {
    if (failure() != 0) co_return -failure();
    begin_call();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
      agreed_ = true;
      co_return 0;
    }
    ssize_t waited = explain(result);
    if (waited != -EAGAIN) {
      if (session_ != nullptr) session_->keep(nullptr);  // it may have been the reason
      co_return static_cast<int>(waited);
    }
    nothing_left_to_read();
    waited = co_await readable();
    if (waited == -ETIMEDOUT) reason_ = "the handshake did not end in time";
    if (waited < 0) co_return static_cast<int>(waited);
  }
}

std::string TlsStream::describe_failure() const {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long verdict = SSL_get_verify_result(ssl_);
    std::string text =
        base::cat("certificate verify failed: ", X509_verify_cert_error_string(verdict));
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
      text += base::cat(", it is not for ", context_->server_name());
    }
    return text;
  }
  const char* text = ERR_reason_error_string(code);
  return text == nullptr ? base::cat("error ", code) : text;
}

void TlsStream::begin_call() {
  ERR_clear_error();  // what is left there would be taken for this call's
  received_in_call_bytes_ = 0;
}

ssize_t TlsStream::explain(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
      if (agreed_) return 0;
      fatal_ = ECONNABORTED;
      break;
    case SSL_ERROR_SYSCALL:
      fatal_ = receive_error_ != 0 ? receive_error_ : ECONNABORTED;
      break;
    default: {
      const unsigned long code = ERR_peek_error();
      const bool cut_off = ERR_GET_LIB(code) == ERR_LIB_SSL &&
                           ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
      fatal_ = cut_off ? ECONNABORTED : kTlsFailure;
      if (!cut_off) reason_ = describe_failure();
      break;
    }
  }
  ERR_clear_error();
  if (!agreed_ && fatal_ != kTlsFailure) {
    reason_ = fatal_ == ECONNABORTED
                  ? "the peer closed the connection in the handshake"
                  : base::cat("the connection failed in the handshake: ", std::strerror(fatal_));
    fatal_ = kTlsFailure;
  }
  return -fatal_;
}

size_t TlsStream::send(std::string_view bytes) {
  size_t total = 0;
  while (can_send_ && send_error_ == 0 && total < bytes.size()) {
    const ssize_t sent =
        ::send(descriptor_, bytes.data() + total, bytes.size() - total, MSG_NOSIGNAL);
    if (sent >= 0) {
      total += static_cast<size_t>(sent);
      if (total < bytes.size()) can_send_ = false;
    } else if (errno == EAGAIN) {
      can_send_ = false;
    } else if (errno != EINTR) {
      send_error_ = errno;
    }
  }
  return total;
}

void TlsStream::flush() {
  if (unsent_.empty()) return;
  const size_t sent = send(unsent_);
  if (sent == unsent_.size() || send_error_ != 0) {
    std::string().swap(unsent_);
  } else {
    unsent_.erase(0, sent);
  }
}

ssize_t TlsStream::try_read(char* buffer, size_t bytes_max) {
  if (fatal_ != 0) return -fatal_;
  size_t total = 0;
  do {
    size_t count = 0;
    begin_call();
    const int result = SSL_read_ex(ssl_, buffer + total, bytes_max - total, &count);
    if (result != 1) {
      const ssize_t failure = explain(result);
      if (total == 0) return failure;
      break;  // seen again by the next read
    }
    total += count;
    // Whole records that are here already; a piece of one only shows when it is asked for.
  } while (total < bytes_max && SSL_has_pending(ssl_) == 1);
  const bool more_to_tell = fatal_ != 0 || (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
  if (!can_receive_ && !more_to_tell && SSL_has_pending(ssl_) == 0) nothing_left_to_read();
  return static_cast<ssize_t>(total);
}

ssize_t TlsStream::try_write(const iovec* parts, int count) {
  flush();
  if (!unsent_.empty()) return -EAGAIN;
  size_t skipped = std::exchange(owed_, 0);  // of parts[0]
  size_t total = skipped;
  while (true) {
    while (count > 0 && skipped >= parts[0].iov_len) {
      skipped -= parts[0].iov_len;
      ++parts;
      --count;
    }
    if (fatal_ != 0) return -fatal_;
    if (send_error_ != 0) return -send_error_;
    if (count == 0 || !unsent_.empty()) break;
    const char* bytes = static_cast<const char*>(parts[0].iov_base) + skipped;
    size_t length = std::min<size_t>(parts[0].iov_len - skipped, SSL3_RT_MAX_PLAIN_LENGTH);
    char together[SSL3_RT_MAX_PLAIN_LENGTH];
    if (count > 1 && length < sizeof together) {
      // A head and what follows it share a record.
      const size_t more = std::min(parts[1].iov_len, sizeof together - length);
      std::memcpy(together, bytes, length);
      std::memcpy(together + length, parts[1].iov_base, more);
      bytes = together;
      length += more;
    }
    size_t written = 0;
    begin_call();
    const int result = SSL_write_ex(ssl_, bytes, length, &written);
    if (result != 1) {
      const ssize_t failure = explain(result);
      return failure == 0 ? -EPIPE : failure;
    }
    total += written;
    skipped += written;
  }
  if (unsent_.empty()) return static_cast<ssize_t>(total);
  // A write is done when the kernel has it all: until then one byte counts as not taken.
  owed_ = 1;
  return total > 1 ? static_cast<ssize_t>(total - 1) : -EAGAIN;
}

void TlsStream::say_goodbye() {
  if (!agreed_ || fatal_ != 0) return;
  begin_call();
  const int result = SSL_shutdown(ssl_);
  if (result < 0) explain(result);
}

void TlsStream::shutdown_write() {
  leaving_ = true;
  say_goodbye();
  // The end of TCP must not overtake what still waits to be sent.
  if (unsent_.empty()) ::shutdown(descriptor_, SHUT_WR);
}

void TlsStream::reset_on_close() {
  resets_ = true;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void TlsStream::hasten_acknowledgement() {
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void TlsStream::on_events(uint32_t events) {
  const bool closed = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const bool readable = (events & EPOLLIN) != 0;
  const bool writable = (events & EPOLLOUT) != 0;
  if (readable || closed) can_receive_ = true;
  if (writable || closed) can_send_ = true;
  if (!unsent_.empty()) {
    flush();
    if (leaving_ && unsent_.empty()) ::shutdown(descriptor_, SHUT_WR);
  }
  became_ready(readable, writable, closed);
}

}  // namespace understudy::net
