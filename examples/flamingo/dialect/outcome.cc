#include "dialect/outcome.h"

namespace flamingo {

int http_status(FaultKind kind) {
  switch (kind) {
    case FaultKind::kBadRequest:
      return 400;
    case FaultKind::kNotFound:
      return 404;
    case FaultKind::kTooLarge:
      return 413;
    case FaultKind::kThrottled:
    case FaultKind::kUnavailable:
      return 503;
    case FaultKind::kTimeout:
      return 504;
    case FaultKind::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace flamingo
