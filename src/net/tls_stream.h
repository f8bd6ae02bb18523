#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "net/stream.h"
#include "net/tcp_stream.h"
#include "net/tls_context.h"

struct ssl_st;
struct bio_st;
struct bio_method_st;

namespace understudy::net {

/// TLS over a connected TCP socket, client or server as its context says. Await handshake() first.
/// An end of stream is one that the peer declared (close_notify): a connection that merely ends is
/// -ECONNABORTED, so that nobody takes a part for the whole. What TLS itself finds wrong is
/// -kTlsFailure, and failure_reason() says what.
/// Ownership: owns the socket. Threads: the loop's.
/// Cost: a record (16 KiB) per system call; between messages OpenSSL holds no buffers.
class TlsStream final : public Stream, private Pollable {
 public:
  /// Takes the socket over, also when it fails (it is closed then). `session`, which may be null,
  /// is resumed if possible, and kept up to date.
  static base::Result<std::unique_ptr<TlsStream>> over(std::unique_ptr<TcpStream> tcp,
                                                       std::shared_ptr<const TlsContext> context,
                                                       TlsSession* session = nullptr);
  ~TlsStream() override;

  /// 0 when both ends agree, and a client has found the certificate good; or minus an errno value:
  /// ETIMEDOUT, ECANCELED, kTlsFailure.
  base::Task<int> handshake();
  const char* failure_reason() const override { return reason_.c_str(); }
  /// Whether the handshake was a short one.
  bool resumed() const;

  void shutdown_write() override;
  void reset_on_close() override;

 protected:
  void hasten_acknowledgement() override;
  ssize_t try_read(char* buffer, size_t bytes_max) override;
  ssize_t try_write(const iovec* parts, int count) override;

 private:
  friend class TlsContext;
  static int on_new_session(ssl_st* ssl, ssl_session_st* session);

  /// What may arrive during one call of OpenSSL's without giving it anything to return: more than
  /// a handshake can be long, and little enough not to keep the loop from the others.
  static constexpr size_t kBytesPerCallMax = 128 * 1024;
  /// A peer that asks for replies and takes none is given up beyond this.
  static constexpr size_t kUnsentBytesMax = 64 * 1024;

  /// What OpenSSL reads and writes through: the socket's calls, but none that is known to fail.
  struct SocketBio;

  TlsStream(EventLoop& loop, int descriptor, std::shared_ptr<const TlsContext> context,
            TlsSession* session);
  void on_events(uint32_t events) override;
  /// Before each call of OpenSSL's that may fail.
  void begin_call();
  /// Why it failed: minus an errno value, or 0 when the peer closed.
  ssize_t explain(int result);
  std::string describe_failure() const;
  /// How much the socket took.
  size_t send(std::string_view bytes);
  void flush();
  void say_goodbye();

  const int descriptor_;
  const std::shared_ptr<const TlsContext> context_;
  TlsSession* const session_;
  ssl_st* ssl_ = nullptr;
  std::string reason_;
  std::string unsent_;  // records the socket had no room for: at most one, and replies to the peer
  size_t owed_ = 0;     // bytes that are written but for the caller still to be written: 0 or 1
  size_t received_in_call_bytes_ = 0;
  int fatal_ = 0;          // the errno value of what ended the stream
  int receive_error_ = 0;  // what the socket's calls failed with, likewise
  int send_error_ = 0;
  bool can_receive_ = false;
  bool can_send_ = true;
  bool at_end_ = false;   // the peer's TCP connection has ended
  bool agreed_ = false;   // the handshake is done
  bool leaving_ = false;  // our close_notify is on its way; TCP's end follows
  bool resets_ = false;
};

}  // namespace understudy::net
