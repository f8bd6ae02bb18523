#include "compare/json_lift.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/text.h"
#include "compare/comparator_options.h"

namespace understudy::compare {

namespace {

bool is_space(char letter) {
  return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
}

bool is_digit(char letter) { return static_cast<unsigned char>(letter - '0') < 10; }

bool is_hex(char letter) {
  return is_digit(letter) || (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
}

/// The first byte of `text` from `from` on that starts a wrong escape before `end`, or `end`.
size_t wrong_escape(const char* text, size_t from, size_t end) {
  while (from < end) {
    const void* found = std::memchr(text + from, '\\', end - from);
    if (found == nullptr) return end;
    const size_t at = static_cast<size_t>(static_cast<const char*>(found) - text);
    if (at + 1 >= end) return at;
    switch (text[at + 1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        from = at + 2;
        break;
      case 'u':
        if (at + 6 > end) return at;
        for (size_t i = at + 2; i < at + 6; ++i) {
          if (!is_hex(text[i])) return at;
        }
        from = at + 6;
        break;
      default:
        return at;
    }
  }
  return end;
}

LiftResult malformed(std::string_view what, size_t at) {
  return {LiftFailure::kMalformed, base::cat(what, " at byte ", at)};
}

LiftResult too_large(std::string reason) { return {LiftFailure::kTooLarge, std::move(reason)}; }

/// Whether eight letters are all digits, in one step.
bool all_digits_8(uint64_t word) {
  return ((word & 0xF0F0F0F0F0F0F0F0ULL) |
          (((word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL) >> 4)) == 0x3333333333333333ULL;
}

/// One bit for each of eight letters that is no digit. May call a digit after a letter beyond
/// ASCII no digit; never the other way round.
uint32_t no_digits(const char* letters) {
  uint64_t word;
  std::memcpy(&word, letters, sizeof word);
  word ^= 0x3030303030303030ULL;
  const uint64_t flags = ((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL;
  return static_cast<uint32_t>(((flags >> 7) * 0x0102040810204080ULL) >> 56);
}

/// classify_number() for the numbers bodies are made of: up to 16 letters, digits with at most one
/// point. kNull when it is not one of those. Sixteen letters must be readable at `letters`.
inline NodeKind quick_number(const char* letters, uint32_t size) {
  if (*letters == '-') {
    ++letters;
    --size;
  }
  if (size == 0 || size > 15) return NodeKind::kNull;
  const uint32_t others = (no_digits(letters) | no_digits(letters + 8) << 8) & ((1U << size) - 1);
  const bool leading_zero = *letters == '0';
  if (others == 0) return leading_zero && size > 1 ? NodeKind::kNull : NodeKind::kInteger;
  const auto point = static_cast<uint32_t>(std::countr_zero(others));
  const bool fits = (others & (others - 1)) == 0 && letters[point] == '.' && point != 0 &&
                    point + 1 != size && (!leading_zero || point == 1);
  return fits ? NodeKind::kFloat : NodeKind::kNull;
}

}  // namespace

NodeKind classify_number(std::string_view token) {
  const char* at = token.data();
  const char* const end = at + token.size();
  if (at != end && *at == '-') ++at;
  if (at == end) return NodeKind::kNull;
  if (*at == '0') {
    ++at;
  } else if (is_digit(*at)) {
    while (end - at >= 8) {
      uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if (!all_digits_8(word)) break;
      at += 8;
    }
    while (at != end && is_digit(*at)) ++at;
  } else {
    if (token == "NaN" || token == "Infinity" || token == "-Infinity") return NodeKind::kNan;
    return NodeKind::kNull;
  }
  if (at == end) return NodeKind::kInteger;
  if (*at == '.') {
    ++at;
    const char* const fraction = at;
    while (end - at >= 8) {
      uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if (!all_digits_8(word)) break;
      at += 8;
    }
    while (at != end && is_digit(*at)) ++at;
    if (at == fraction) return NodeKind::kNull;
    if (at == end) return NodeKind::kFloat;
  }
  if (*at != 'e' && *at != 'E') return NodeKind::kNull;
  ++at;
  if (at != end && (*at == '+' || *at == '-')) ++at;
  const char* const exponent = at;
  while (at != end && is_digit(*at)) ++at;
  return at == end && at != exponent ? NodeKind::kFloat : NodeKind::kNull;
}

/// simdjson's first stage: where brackets, colons, commas and the first bytes of values are. The
/// only code that knows simdjson.
class JsonLift::Index {
 public:
  /// Null on success, else what is wrong with the text.
  const char* build(std::string_view text) {
    if (parser_ == nullptr || capacity_ < text.size()) {
      const size_t capacity = std::max<size_t>(text.size() + text.size() / 4, 4096);
      parser_.reset();
      capacity_ = 0;
      if (simdjson::get_active_implementation()->create_dom_parser_implementation(
              capacity, 1, parser_) != simdjson::SUCCESS) {
        return "no memory for its index";
      }
      capacity_ = capacity;
    }
    switch (parser_->stage1(reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                            simdjson::stage1_mode::regular)) {
      case simdjson::SUCCESS:
        return nullptr;
      case simdjson::EMPTY:
        return "empty";
      case simdjson::UTF8_ERROR:
        return "not UTF-8";
      case simdjson::UNCLOSED_STRING:
        return "a string does not end";
      case simdjson::UNESCAPED_CHARS:
        return "a control character inside a string";
      default:
        return "no JSON";
    }
  }

  const uint32_t* positions() const { return parser_->structural_indexes.get(); }
  uint32_t size() const { return parser_->n_structural_indexes; }
  size_t memory_bytes() const { return capacity_ * 5; }
  void release() {
    parser_.reset();
    capacity_ = 0;
  }

  std::array<uint32_t, ComparatorOptions::kJsonDepthLimit + 1> open{};      // containers
  std::array<uint32_t, ComparatorOptions::kJsonDepthLimit + 1> children{};  // of each, so far

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
  size_t capacity_ = 0;
};

JsonLift::JsonLift() : index_(std::make_unique<Index>()) {}
JsonLift::~JsonLift() = default;
JsonLift::JsonLift(JsonLift&&) noexcept = default;
JsonLift& JsonLift::operator=(JsonLift&&) noexcept = default;

LiftResult JsonLift::lift(std::string_view text, const JsonLimits& limits, Document& out) {
  return read(text, limits, false, out);
}

LiftResult JsonLift::lift_lines(std::string_view text, const JsonLimits& limits, Document& out) {
  return read(text, limits, true, out);
}

size_t JsonLift::memory_bytes() const { return index_->memory_bytes(); }
void JsonLift::release() { index_->release(); }

LiftResult JsonLift::read(std::string_view text, const JsonLimits& limits, bool lines,
                          Document& out) {
  out.clear();
  out.text = text;
  if (text.size() >= UINT32_MAX) return too_large("4 GiB or more of JSON");
  if (const char* problem = index_->build(text)) {
    if (lines && std::string_view(problem) == "empty") {
      out.close(out.open(NodeKind::kArray, 0), 0, text.size());
      return {};
    }
    return {LiftFailure::kMalformed, problem};
  }

  // Every opening bracket and every scalar is one node, so the index bounds their number.
  const uint32_t* const positions = index_->positions();
  const uint32_t count = index_->size();
  out.reserve(static_cast<size_t>(count) + 1);
  Node* const nodes = out.writable();
  const char* const base = text.data();
  const uint32_t depth_max = std::min(limits.depth_max, ComparatorOptions::kJsonDepthLimit);
  uint32_t* const open = index_->open.data();          // containers around the current one
  uint32_t* const children = index_->children.data();  // of each of them, so far

  uint32_t size = 0;   // nodes written
  uint32_t at = 0;     // next structural position
  uint32_t depth = 0;  // open containers
  uint32_t container = 0;
  uint32_t items = 0;  // of the innermost container
  bool in_object = false;
  size_t backslash = text.find('\\');
  size_t wrong = 0;

  const auto letter_at = [&](uint32_t structural) {
    return structural < count ? base[positions[structural]] : '\0';
  };
  const auto place_at = [&](uint32_t structural) {
    return structural < count ? positions[structural] : text.size();
  };
  // Where the token at a structural position ends: only white space is between it and the next.
  const auto token_end = [&](uint32_t structural) {
    size_t end = place_at(structural + 1);
    if (static_cast<unsigned char>(base[end - 1]) <= ' ') {
      while (is_space(base[end - 1])) --end;
    }
    return static_cast<uint32_t>(end);
  };
  // A string from its opening quote; false when it has a wrong escape or no end.
  const auto string_node = [&](NodeKind kind) {
    const uint32_t position = positions[at];
    const uint32_t end = token_end(at);
    wrong = position;
    if (end < position + 2 || base[end - 1] != '"') return false;
    uint32_t escapes = 0;
    if (backslash < end) [[unlikely]] {
      wrong = wrong_escape(base, std::max<size_t>(position + 1, backslash), end - 1);
      if (wrong != end - 1) return false;
      backslash = text.find('\\', end);
      escapes = 1;
    }
    nodes[size] = Node{position + 1, end - position - 2, size + 1, Node::pack(kind, escapes)};
    ++size;
    ++at;
    return true;
  };
  const auto open_container = [&](NodeKind kind) {
    open[depth] = container;
    children[depth] = items;
    ++depth;
    container = size;
    items = 0;
    in_object = kind == NodeKind::kObject;
    nodes[size] = Node{positions[at], 0, 0, Node::pack(kind, 0)};
    ++size;
    ++at;
  };

  // One label for each thing that may stand next, so that each has branches of its own to predict.
  if (lines) {
    nodes[size++] = Node{0, 0, 0, Node::pack(NodeKind::kArray, 0)};
    depth = 1;
    open[0] = 0;
    children[0] = 0;
  }
  const uint32_t depth_floor = depth;

value:
  ++items;
  switch (letter_at(at)) {
    case '"':
      if (!string_node(NodeKind::kString)) return malformed("a string with a wrong escape", wrong);
      goto after_value;
    case '{':
      if (depth == depth_max) goto too_deep;
      open_container(NodeKind::kObject);
      if (letter_at(at) == '}') goto close;
      goto member;
    case '[':
      if (depth == depth_max) goto too_deep;
      open_container(NodeKind::kArray);
      if (letter_at(at) == ']') goto close;
      goto value;
    case '}':
    case ']':
    case ',':
    case ':':
    case '\0':
      return malformed("expected a value", place_at(at));
    default: {
      const uint32_t position = positions[at];
      const uint32_t end = token_end(at);
      const std::string_view token(base + position, end - position);
      NodeKind kind = position + 17 <= text.size() ? quick_number(base + position, end - position)
                                                   : NodeKind::kNull;
      if (kind == NodeKind::kNull) kind = classify_number(token);
      if (kind == NodeKind::kNull) {
        if (token == "true") {
          kind = NodeKind::kTrue;
        } else if (token == "false") {
          kind = NodeKind::kFalse;
        } else if (token != "null") {
          return malformed("no JSON value", position);
        }
      }
      nodes[size] = Node{position, end - position, size + 1, Node::pack(kind, 0)};
      ++size;
      ++at;
    }
  }

after_value:
  if (depth == depth_floor) goto document_end;
  if (in_object) {
    if (letter_at(at) == ',') {
      ++at;
      goto member;
    }
    if (letter_at(at) == '}') goto close;
    return malformed("expected ',' or '}'", place_at(at));
  }
  if (letter_at(at) == ',') {
    ++at;
    goto value;
  }
  if (letter_at(at) == ']') goto close;
  return malformed("expected ',' or ']'", place_at(at));

member:
  if (letter_at(at) != '"') return malformed("expected a member name", place_at(at));
  if (letter_at(at + 1) != ':') {
    return malformed("expected ':' after the member name", place_at(at + 1));
  }
  if (!string_node(NodeKind::kKey)) return malformed("a name with a wrong escape", wrong);
  ++at;
  goto value;

close : {
  Node& node = nodes[container];
  node.length = positions[at] + 1 - node.offset;
  node.next = size;
  node.meta |= items << 4;
  ++at;
  --depth;
  container = open[depth];
  items = children[depth];
  in_object = nodes[container].kind() == NodeKind::kObject;
  goto after_value;
}

document_end:
  if (at < count) {
    if (!lines) return malformed("more after the end of the value", positions[at]);
    const std::string_view gap(base + positions[at - 1], positions[at] - positions[at - 1]);
    if (gap.find('\n') == std::string_view::npos) {
      return malformed("two values on one line", positions[at]);
    }
    goto value;
  }
  if (size > limits.nodes_max) {
    return too_large(base::cat("more than nodes_max ", limits.nodes_max, " values"));
  }
  if (lines) {
    nodes[0].length = static_cast<uint32_t>(text.size());
    nodes[0].next = size;
    nodes[0].meta |= items << 4;
  }
  out.set_size(size);
  return {};

too_deep:
  return too_large(base::cat("nested deeper than json_depth_max ", depth_max));
}

}  // namespace understudy::compare
