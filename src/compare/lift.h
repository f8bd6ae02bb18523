#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compare/answer.h"
#include "compare/comparator_options.h"
#include "compare/document.h"
#include "compare/json_lift.h"

namespace understudy::compare {

class Table;

/// What a body is read as.
enum class Format : uint8_t { kJson, kJsonLines, kCsv, kTsv, kForm, kText, kBytes };

/// One side's body after its content encoding and character set were undone.
struct DecodedBody {
  std::string_view text;
  LiftResult result;
  bool marked = false;  // UTF-8 with a byte order mark, which was left out
};

/// Undoes Content-Encoding (identity, gzip, x-gzip, deflate, and lists of them) and the charset of
/// Content-Type (UTF-8, US-ASCII, ISO-8859-1, Windows-1252, UTF-16). `buffer` holds the result
/// when the bytes had to change. A bomb ends at `decoded_bytes_max`.
DecodedBody decode_body(const Answer& answer, bool to_text, uint64_t decoded_bytes_max,
                        std::string& buffer);

/// The format both bodies are read as: what the route says, else control's Content-Type, else
/// candidate's, else the first byte of control's body.
Format choose_format(BodyKind kind, const Answer& control, const Answer& candidate,
                     std::string_view control_body);

/// What of the line breaks of two texts belongs to their lines, because it is not the same on both
/// sides: a line then ends in its white space, which is compared, explained and trimmed as such.
struct LineBreaks {
  bool keep_returns = false;  // some lines end in CRLF and some in LF
  bool keep_last = false;     // only one side ends in a line break

  static LineBreaks of(std::string_view control, std::string_view candidate);
};

/// Turns a decoded body into nodes; `breaks` is for texts only. `arena` holds text that had to be
/// decoded; like `text` it must outlive `out`.
LiftResult lift_body(Format format, std::string_view text, LineBreaks breaks,
                     const ComparatorOptions& options, JsonLift& json, std::string& arena,
                     Document& out);

/// A table in memory as the document of {"columns": [...], "rows": [[...]]}.
LiftResult lift_table(const Table& table, const ComparatorOptions& options, std::string& arena,
                      Document& out);

}  // namespace understudy::compare
