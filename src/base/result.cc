#include "base/result.h"

namespace understudy::base {

const char* name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kLimit:
      return "limit";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kClosed:
      return "closed";
    case ErrorKind::kProtocol:
      return "protocol";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

const char* name(Side side) {
  switch (side) {
    case Side::kNone:
      return "none";
    case Side::kClient:
      return "client";
    case Side::kControl:
      return "control";
    case Side::kCandidate:
      return "candidate";
  }
  return "none";
}

}  // namespace understudy::base
