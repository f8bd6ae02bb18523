#pragma once

#include <string_view>

namespace understudy::http {
class Fields;
}

namespace understudy::compare {

/// One side's answer as the comparison sees it. Views only: headers and body belong to the caller
/// and must live as long as the call.
struct Answer {
  int status = 0;
  const http::Fields* headers = nullptr;  // null: as if there were none
  std::string_view body;                  // as received: still content-encoded
  bool complete = true;                   // false: cut off, so the body is not comparable
};

/// How a body is lifted before it is compared. A route may fix it; kAuto goes by Content-Type and,
/// where that says nothing, by the first byte.
enum class BodyKind {
  kAuto,   // by Content-Type, else JSON or text by looking
  kTable,  // JSON or CSV read as rows and columns; a body that is no table is compared as a tree
  kJson,   // JSON tree, whatever the header says
  kText,   // lines
  kBytes,  // opaque
};

}  // namespace understudy::compare
