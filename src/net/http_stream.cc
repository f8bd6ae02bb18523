#include "net/http_stream.h"

#include <cerrno>

namespace understudy::net {

std::string_view name(StreamError error) {
  switch (error) {
    case StreamError::kNone:
      return "none";
    case StreamError::kResolve:
      return "resolve";
    case StreamError::kRefused:
      return "connect_refused";
    case StreamError::kUnreachable:
      return "unreachable";
    case StreamError::kConnectTimeout:
      return "connect_timeout";
    case StreamError::kTimeout:
      return "timeout";
    case StreamError::kReset:
      return "reset";
    case StreamError::kClosed:
      return "closed_early";
    case StreamError::kMalformed:
      return "malformed";
    case StreamError::kTooLarge:
      return "too_large";
    case StreamError::kPoolFull:
      return "connections_max";
    case StreamError::kCancelled:
      return "cancelled";
    case StreamError::kTls:
      return "tls";
    case StreamError::kUnhealthy:
      return "unhealthy";
    case StreamError::kIo:
      return "io";
  }
  return "io";
}

StreamError stream_error(ssize_t result) {
  if (result > 0) return StreamError::kNone;
  switch (-result) {
    case 0:
      return StreamError::kClosed;
    case ECONNREFUSED:
      return StreamError::kRefused;
    case ECONNABORTED:
      return StreamError::kClosed;
    case ETIMEDOUT:
      return StreamError::kTimeout;
    case ECONNRESET:
    case EPIPE:
      return StreamError::kReset;
    case ECANCELED:
      return StreamError::kCancelled;
    case Stream::kTlsFailure:
      return StreamError::kTls;
    case EMSGSIZE:
      return StreamError::kTooLarge;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return StreamError::kUnreachable;
    default:
      return StreamError::kIo;
  }
}

}  // namespace understudy::net
