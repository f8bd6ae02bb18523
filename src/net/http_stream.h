#pragma once

#include <cstdint>
#include <string_view>

#include "base/task.h"
#include "http/message.h"
#include "net/stream.h"

namespace understudy::net {

/// How one HTTP message exchange with a peer failed. The names appear in events (see `name`).
enum class StreamError : uint8_t {
  kNone,
  kResolve,         // the host name has no address
  kRefused,         // connect refused
  kUnreachable,     // connect failed otherwise
  kConnectTimeout,  // no handshake within the time for it
  kTimeout,         // the deadline of the exchange passed
  kReset,           // the peer reset the connection
  kClosed,          // the peer closed before the message was whole
  kMalformed,       // the peer broke the protocol
  kTooLarge,        // a size limit of ours
  kPoolFull,        // a limit of ours on connections
  kCancelled,       // our own side gave up
  kTls,             // no agreement on TLS, or its protection was broken
  kUnhealthy,       // not tried: its health checks fail
  kIo,              // the operating system failed the call
};
/// "refused", "closed_early", ...: the value of `control.error.type`.
std::string_view name(StreamError error);
/// From minus an errno value, or 0 for an end of stream where none may be.
StreamError stream_error(ssize_t result);

/// A piece of a body. The view is valid until the next call on its stream.
struct BodyPiece {
  std::string_view data;
  bool end = false;  // nothing follows; trailers are known
  StreamError error = StreamError::kNone;
};

/// A connection that has left HTTP. The view is valid as long as the connection is.
struct RawStream {
  Stream* stream = nullptr;
  std::string_view unread;  // what had been read of it beyond the last head
};

/// One request and its answer as the serving side sees them: an HTTP/1 connection between two
/// requests, or an HTTP/2 stream. The request's head is known when the object is handed out.
/// Calls come in the order of the messages; reading the body and writing the answer may overlap.
/// Lifetime: head() is valid until the answer has ended. Threads: the loop's.
class ServerStream {
 public:
  virtual ~ServerStream() = default;

  virtual const http::RequestHead& head() const = 0;
  /// Next piece of the request's body. Sends 100 (Continue) first if the client waits for it.
  virtual base::Task<BodyPiece> read_body() = 0;
  /// What has arrived of the body and can be had without waiting; at most one piece.
  virtual BodyPiece body_at_hand() = 0;
  virtual const http::Fields& trailers() const = 0;

  /// An informational answer (103 and such); the final one follows. Also a 101, after which
  /// take_over() does.
  virtual base::Task<StreamError> send_interim(const http::ResponseHead& head) = 0;
  /// The answer's head with the first, perhaps only piece of its body. Framing and keep_alive of
  /// `head` are adjusted to what this client understands.
  virtual base::Task<StreamError> send_head(http::ResponseHead& head, std::string_view body,
                                            bool end) = 0;
  virtual base::Task<StreamError> send_body(std::string_view body, bool end,
                                            const http::Fields* trailers) = 0;
  /// The answer cannot be completed: the client must be able to tell that it is not whole.
  virtual void abort() = 0;

  /// The connection is the caller's from here on, to be spoken with directly. No stream where one
  /// request does not have the connection for itself.
  virtual RawStream take_over() { return {}; }

  /// Told when the client goes away; null removes.
  virtual void watch_close(CloseWatcher* watcher) = 0;
  virtual bool client_gone() const = 0;
};

struct HeadResult {
  StreamError error = StreamError::kNone;
  const http::ResponseHead* head = nullptr;  // valid until the next read_body() or read_head()
  const char* detail = "";                   // what was malformed; valid as long as the stream
};

/// One request and its answer as the calling side sees them.
/// Lifetime: heads handed in are only read during the call. Threads: the loop's.
class ClientStream {
 public:
  virtual ~ClientStream() = default;

  virtual base::Task<StreamError> send_head(const http::RequestHead& head, std::string_view body,
                                            bool end) = 0;
  virtual base::Task<StreamError> send_body(std::string_view body, bool end,
                                            const http::Fields* trailers) = 0;
  /// The next head: informational ones come first, each by its own call.
  virtual base::Task<HeadResult> read_head() = 0;
  virtual base::Task<BodyPiece> read_body() = 0;
  virtual BodyPiece body_at_hand() = 0;
  virtual const http::Fields& trailers() const = 0;
  /// Whether any byte of the answer has arrived.
  virtual bool answered() const = 0;

  /// Everything that waits or comes fails with this error.
  virtual void cancel(StreamError error) = 0;
  /// Steady nanoseconds; what waits then fails with kTimeout.
  virtual void set_deadline(int64_t deadline_ns) = 0;
};

}  // namespace understudy::net
