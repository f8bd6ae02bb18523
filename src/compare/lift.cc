#include "compare/lift.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <variant>

#include "base/text.h"
#include "compare/table.h"
#include "compare/text_form.h"
#include "http/fields.h"

namespace understudy::compare {

namespace {

/// What a Content-Type says; kBytes with `known` false when it says nothing.
struct TypeSays {
  Format format = Format::kBytes;
  bool known = false;
};

TypeSays format_of(const Answer& answer) {
  if (answer.headers == nullptr) return {};
  std::string_view type = answer.headers->value_or(http::KnownField::kContentType);
  type = base::trim(type.substr(0, type.find(';')));
  const auto is = [type](std::string_view name) { return base::equals_ignore_case(type, name); };
  const auto ends = [type](std::string_view name) {
    return type.size() >= name.size() &&
           base::equals_ignore_case(type.substr(type.size() - name.size()), name);
  };
  if (type.empty()) return {};
  if (is("application/json") || ends("+json") || is("text/json")) return {Format::kJson, true};
  if (is("application/x-ndjson") || is("application/jsonl") || is("application/ndjson") ||
      is("application/json-seq") || is("application/jsonlines")) {
    return {Format::kJsonLines, true};
  }
  if (is("text/csv") || is("application/csv")) return {Format::kCsv, true};
  if (is("text/tab-separated-values")) return {Format::kTsv, true};
  if (is("application/x-www-form-urlencoded")) return {Format::kForm, true};
  if (base::equals_ignore_case(type.substr(0, 5), "text/") || is("application/xml") ||
      ends("+xml") || is("application/javascript") || is("application/yaml")) {
    return {Format::kText, true};
  }
  if (is("application/octet-stream")) return {};
  return {Format::kBytes, true};
}

char first_letter(std::string_view text) {
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

bool looks_like_json(std::string_view text) {
  const char letter = first_letter(text);
  return letter == '{' || letter == '[';
}

/// One or several values, each on its own line.
bool looks_like_lines(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos || text[from] != '{') return false;
  const size_t end = text.find('\n', from);
  if (end == std::string_view::npos) return false;
  const std::string_view line = base::trim(text.substr(from, end - from));
  return line.ends_with('}') && first_letter(text.substr(end)) == '{';
}

/// Rows and cells of delimiter-separated text (RFC 4180): quotes, doubled quotes, line breaks in
/// quotes, LF or CRLF. The first row names the columns.
class CsvReader {
 public:
  CsvReader(std::string_view text, char separator, const ComparatorOptions& options,
            std::string& arena, Document& out)
      : text_(text), separator_(separator), options_(options), arena_(arena), out_(out) {}

  LiftResult run() {
    // Cells with doubled quotes are written without them behind a copy of the text, so that all
    // nodes point into one buffer.
    if (text_.find("\"\"") != std::string_view::npos) {
      arena_.assign(text_);
      arena_.reserve(text_.size() * 2);
      unquoting_ = true;
    }
    constexpr std::string_view kNames = "columnsrows";  // the keys, kept where nodes can point
    const size_t keys = text_.size();
    if (!unquoting_) arena_.assign(text_);
    arena_.append(kNames);
    const uint32_t root = out_.open(NodeKind::kObject, 0);
    out_.add_leaf(NodeKind::kKey, keys, 7);
    const uint32_t columns = out_.open(NodeKind::kArray, 0);
    uint32_t count = 0;
    LiftResult result;
    const size_t header_from = at_;
    if (at_ < text_.size()) count = read_row(true, result);
    if (!result.ok()) return result;
    finish(columns, count, header_from);
    out_.add_leaf(NodeKind::kKey, keys + 7, 4);
    const uint32_t rows = out_.open(NodeKind::kArray, 0);
    const size_t rows_from = at_;
    uint32_t row_count = 0;
    // Of one column an empty line is a row with nothing in it. Of more it is no row, but only at
    // the end does it say nothing.
    const size_t last = text_.find_last_not_of("\r\n");
    while (at_ < text_.size() && (count == 1 || at_ <= last)) {
      const size_t from = at_;
      const uint32_t row = out_.open(NodeKind::kArray, from);
      const uint32_t cells = read_row(false, result);
      if (!result.ok()) return result;
      finish(row, cells, from);
      ++row_count;
      if (out_.size() > options_.nodes_max) {
        return {LiftFailure::kTooLarge,
                base::cat("more than nodes_max ", options_.nodes_max, " values")};
      }
    }
    finish(rows, row_count, rows_from);
    out_.close(root, 2, text_.size());
    out_.text = arena_;
    return {};
  }

 private:
  /// Ends a container whose text goes from `from` to here.
  void finish(uint32_t container, uint32_t children, size_t from) {
    out_.close(container, children, at_);
    Node& node = out_.writable()[container];
    node.offset = static_cast<uint32_t>(from);
    node.length = static_cast<uint32_t>(line_end_ - std::min(from, line_end_));
  }

  uint32_t read_row(bool names, LiftResult& result) {
    uint32_t cells = 0;
    while (true) {
      read_cell(names, result);
      ++cells;
      if (!result.ok()) return cells;
      line_end_ = at_;
      if (at_ >= text_.size()) return cells;
      const char letter = text_[at_++];
      if (letter == separator_) continue;
      if (letter == '\r') {
        if (at_ < text_.size() && text_[at_] == '\n') ++at_;
      }
      return cells;
    }
  }

  void read_cell(bool name, LiftResult& result) {
    if (at_ < text_.size() && text_[at_] == '"') {
      read_quoted(result);
      return;
    }
    const size_t from = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
           text_[at_] != '\r') {
      ++at_;
    }
    const std::string_view cell = text_.substr(from, at_ - from);
    NodeKind kind = NodeKind::kString;
    if (!name) {
      if (cell.empty()) {
        kind = NodeKind::kNull;
      } else if (const NodeKind number = classify_number(cell); number != NodeKind::kNull) {
        kind = number;
      } else if (cell == "true" || cell == "false") {
        kind = cell == "true" ? NodeKind::kTrue : NodeKind::kFalse;
      }
    }
    out_.add_leaf(kind, from, cell.size());
  }

  void read_quoted(LiftResult& result) {
    const size_t quote = at_++;
    const size_t from = at_;
    bool doubled = false;
    while (true) {
      const size_t end = text_.find('"', at_);
      if (end == std::string_view::npos) {
        result = {LiftFailure::kMalformed,
                  base::cat("the quote at byte ", quote, " is not closed")};
        return;
      }
      at_ = end + 1;
      if (at_ < text_.size() && text_[at_] == '"') {
        doubled = true;
        ++at_;
        continue;
      }
      break;
    }
    if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
        text_[at_] != '\r') {
      result = {LiftFailure::kMalformed, base::cat("text after the closing quote at byte ", at_)};
      return;
    }
    const std::string_view cell = text_.substr(from, at_ - 1 - from);
    if (!doubled) {
      out_.add_leaf(NodeKind::kString, from, cell.size());
      return;
    }
    const size_t start = arena_.size();
    for (size_t i = 0; i < cell.size(); ++i) {
      arena_ += cell[i];
      if (cell[i] == '"') ++i;
    }
    out_.add_leaf(NodeKind::kString, start, arena_.size() - start);
  }

  std::string_view text_;
  char separator_;
  const ComparatorOptions& options_;
  std::string& arena_;
  Document& out_;
  size_t at_ = 0;
  size_t line_end_ = 0;
  bool unquoting_ = false;
};

LiftResult lift_text(std::string_view text, LineBreaks breaks, const ComparatorOptions& options,
                     Document& out) {
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    return {LiftFailure::kMalformed, "no UTF-8 text"};
  }
  const uint32_t root = out.open(NodeKind::kArray, 0);
  uint32_t lines = 0;
  for (size_t at = 0; at < text.size(); ++lines) {
    size_t end = std::min(text.find('\n', at), text.size());
    const size_t next = end + 1;
    if (breaks.keep_last && next == text.size()) {
      end = next;
    } else if (!breaks.keep_returns && end > at && end < text.size() && text[end - 1] == '\r') {
      --end;
    }
    out.add_leaf(NodeKind::kString, at, end - at);
    at = next;
    if (out.size() > options.nodes_max) {
      return {LiftFailure::kTooLarge,
              base::cat("more than nodes_max ", options.nodes_max, " lines")};
    }
  }
  out.close(root, lines, text.size());
  return {};
}

int hex_value(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

LiftResult lift_form(std::string_view text, const ComparatorOptions& options, std::string& arena,
                     Document& out) {
  arena.clear();
  arena.reserve(text.size());
  const uint32_t root = out.open(NodeKind::kObject, 0);
  uint32_t members = 0;
  const auto decode = [&](std::string_view part, NodeKind kind) {
    const size_t start = arena.size();
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] == '+') {
        arena += ' ';
      } else if (part[i] == '%' && i + 2 < part.size() && hex_value(part[i + 1]) >= 0 &&
                 hex_value(part[i + 2]) >= 0) {
        arena += static_cast<char>(hex_value(part[i + 1]) * 16 + hex_value(part[i + 2]));
        i += 2;
      } else {
        arena += part[i];
      }
    }
    out.add_leaf(kind, start, arena.size() - start);
  };
  for (const std::string_view pair : base::split(text, '&')) {
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    decode(pair.substr(0, equals), NodeKind::kKey);
    decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), NodeKind::kString);
    ++members;
    if (out.size() > options.nodes_max) {
      return {LiftFailure::kTooLarge,
              base::cat("more than nodes_max ", options.nodes_max, " fields")};
    }
  }
  out.close(root, members, 0);
  out.writable()[root].length = 0;  // its text is not its bytes
  out.text = arena;
  return {};
}

}  // namespace

Format choose_format(BodyKind kind, const Answer& control, const Answer& candidate,
                     std::string_view control_body) {
  TypeSays says = format_of(control);
  if (!says.known) says = format_of(candidate);
  switch (kind) {
    case BodyKind::kBytes:
      return Format::kBytes;
    case BodyKind::kText:
      return Format::kText;
    case BodyKind::kJson:
      return says.known && says.format == Format::kJsonLines ? Format::kJsonLines : Format::kJson;
    case BodyKind::kTable:
      if (says.known && (says.format == Format::kJson || says.format == Format::kJsonLines ||
                         says.format == Format::kCsv || says.format == Format::kTsv)) {
        return says.format;
      }
      if (looks_like_lines(control_body)) return Format::kJsonLines;
      return looks_like_json(control_body) ? Format::kJson : Format::kCsv;
    case BodyKind::kAuto:
      break;
  }
  if (says.known) return says.format;
  if (looks_like_lines(control_body)) return Format::kJsonLines;
  if (looks_like_json(control_body)) return Format::kJson;
  return is_utf8(control_body) && control_body.find('\0') == std::string_view::npos
             ? Format::kText
             : Format::kBytes;
}

LineBreaks LineBreaks::of(std::string_view control, std::string_view candidate) {
  bool returns = false;
  bool bare = false;
  for (const std::string_view text : {control, candidate}) {
    for (size_t at = text.find('\n'); at != std::string_view::npos && !(returns && bare);
         at = text.find('\n', at + 1)) {
      (at != 0 && text[at - 1] == '\r' ? returns : bare) = true;
    }
  }
  return {returns && bare, control.ends_with('\n') != candidate.ends_with('\n')};
}

LiftResult lift_body(Format format, std::string_view text, LineBreaks breaks,
                     const ComparatorOptions& options, JsonLift& json, std::string& arena,
                     Document& out) {
  out.clear();
  out.text = text;
  if (text.size() >= UINT32_MAX / 2) return {LiftFailure::kTooLarge, "2 GiB or more of body"};
  const JsonLimits limits{options.json_depth_max, options.nodes_max};
  switch (format) {
    case Format::kJson:
      return json.lift(text, limits, out);
    case Format::kJsonLines:
      return json.lift_lines(text, limits, out);
    case Format::kCsv:
    case Format::kTsv:
      return CsvReader(text, format == Format::kCsv ? ',' : '\t', options, arena, out).run();
    case Format::kForm:
      return lift_form(text, options, arena, out);
    case Format::kText:
      return lift_text(text, breaks, options, out);
    case Format::kBytes:
      out.add_leaf(NodeKind::kBytes, 0, text.size());
      return {};
  }
  return {};
}

LiftResult lift_table(const Table& table, const ComparatorOptions& options, std::string& arena,
                      Document& out) {
  out.clear();
  const uint64_t values =
      static_cast<uint64_t>(table.row_count()) * (table.column_count() + 1) + table.column_count();
  if (values + 5 > options.nodes_max) {
    return {LiftFailure::kTooLarge,
            base::cat("more than nodes_max ", options.nodes_max, " values")};
  }
  arena = "columnsrowstruefalse";
  const auto leaf = [&](NodeKind kind, std::string_view text) {
    out.add_leaf(kind, arena.size(), text.size());
    arena += text;
  };
  const auto number = [&](double value) {
    if (!std::isfinite(value)) {
      leaf(NodeKind::kNan, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
      return;
    }
    std::array<char, 40> buffer;
    char* end = std::to_chars(buffer.data(), buffer.data() + 32, value).ptr;
    if (std::find_if(buffer.data(), end,
                     [](char letter) { return letter == '.' || letter == 'e'; }) == end) {
      *end++ = '.';  // a double stays a float, whatever its value
      *end++ = '0';
    }
    leaf(NodeKind::kFloat,
         std::string_view(buffer.data(), static_cast<size_t>(end - buffer.data())));
  };
  // Containers are built, not read: they have no text of their own.
  const auto close = [&](uint32_t container, size_t children) {
    out.close(container, static_cast<uint32_t>(children), 0);
    out.writable()[container].length = 0;
  };
  const uint32_t root = out.open(NodeKind::kObject, 0);
  out.add_leaf(NodeKind::kKey, 0, 7);
  const uint32_t columns = out.open(NodeKind::kArray, 0);
  for (const std::string& column : table.columns()) leaf(NodeKind::kString, column);
  close(columns, table.column_count());
  out.add_leaf(NodeKind::kKey, 7, 4);
  const uint32_t rows = out.open(NodeKind::kArray, 0);
  for (size_t r = 0; r < table.row_count(); ++r) {
    const uint32_t row = out.open(NodeKind::kArray, 0);
    for (size_t c = 0; c < table.column_count(); ++c) {
      const Table::Cell& cell = table.at(r, c);
      if (std::holds_alternative<std::monostate>(cell)) {
        out.add_leaf(NodeKind::kNull, 0, 0);
      } else if (const bool* flag = std::get_if<bool>(&cell)) {
        out.add_leaf(*flag ? NodeKind::kTrue : NodeKind::kFalse, *flag ? 11 : 15, *flag ? 4 : 5);
      } else if (const int64_t* integer = std::get_if<int64_t>(&cell)) {
        leaf(NodeKind::kInteger, base::cat(*integer));
      } else if (const double* real = std::get_if<double>(&cell)) {
        number(*real);
      } else {
        leaf(NodeKind::kString, std::get<std::string>(cell));
      }
      if (arena.size() >= UINT32_MAX / 2) return {LiftFailure::kTooLarge, "2 GiB or more of table"};
    }
    close(row, table.column_count());
  }
  close(rows, table.row_count());
  close(root, 2);
  out.text = arena;
  return {};
}

}  // namespace understudy::compare
