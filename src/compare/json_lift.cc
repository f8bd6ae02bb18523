#include "compare/json_lift.h"

#include <simdjson.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/// One bit for each of sixteen letters that is no digit. May call a digit after a letter beyond
/// ASCII no digit; never the other way round.
inline uint32_t no_digits(const char* letters) {
#ifdef __SSE2__
  const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(letters));
  // Digits become the ten least of all signed bytes.
  const __m128i shifted = _mm_add_epi8(word, _mm_set1_epi8(128 - '0'));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpgt_epi8(shifted, _mm_set1_epi8(-128 + 9))));
#else
  uint32_t bits = 0;
  for (uint32_t half = 0; half < 2; ++half) {
    uint64_t word;
    std::memcpy(&word, letters + 8 * half, sizeof word);
    word ^= 0x3030303030303030ULL;
    const uint64_t flags = ((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL;
    bits |= static_cast<uint32_t>(((flags >> 7) * 0x0102040810204080ULL) >> 56) << 8 * half;
  }
  return bits;
#endif
}

/// classify_number() for the numbers bodies are made of: up to 16 letters, digits with at most one
/// point. kNull when it is not one of those. Sixteen letters must be readable at `letters`.
inline NodeKind quick_number(const char* letters, uint32_t size) {
  if (*letters == '-') {
    ++letters;
    --size;
  }
  if (size == 0 || size > 15) return NodeKind::kNull;
  const uint32_t others = no_digits(letters) & ((1U << size) - 1);
  const bool leading_zero = *letters == '0';
  if (others == 0) return leading_zero && size > 1 ? NodeKind::kNull : NodeKind::kInteger;
  const auto point = static_cast<uint32_t>(std::countr_zero(others));
  const bool fits = (others & (others - 1)) == 0 && letters[point] == '.' && point != 0 &&
                    point + 1 != size && (!leading_zero || point == 1);
  return fits ? NodeKind::kFloat : NodeKind::kNull;
}

/// Where the token at `from` ends: only white space is between it and `next`, the next structural
/// letter. The last one has itself for its next.
uint32_t token_end(std::string_view text, uint32_t from, uint32_t next) {
  size_t end = next > from ? next : text.size();
  while (is_space(text[end - 1])) --end;
  return static_cast<uint32_t>(end);
}

/// Where the string at `from` ends when white space follows it, or it is the last token; 0 when it
/// is not closed.
uint32_t string_end(std::string_view text, uint32_t from, uint32_t next) {
  const uint32_t end = token_end(text, from, next);
  return end >= from + 2 && text[end - 1] == '"' ? end : 0;
}

/// What a token other than a string is; kKey, which no token is, when it is nothing.
NodeKind token_kind(std::string_view token) {
  if (token == "true") return NodeKind::kTrue;
  if (token == "false") return NodeKind::kFalse;
  if (token == "null") return NodeKind::kNull;
  const NodeKind number = classify_number(token);
  return number == NodeKind::kNull ? NodeKind::kKey : number;
}

/// Why the letter at `from` begins no value, or no name of a member.
LiftResult wrong_token(std::string_view text, uint32_t from, uint32_t next) {
  switch (text[from]) {
    case '"': {
      const uint32_t end = string_end(text, from, next);
      return malformed("a string with a wrong escape",
                       end == 0 ? from : wrong_escape(text.data(), from + 1ULL, end - 1ULL));
    }
    case '}':
    case ']':
    case ',':
    case ':':
      return malformed("expected a value", next > from ? from : text.size());
    default:
      return malformed("no JSON value", from);
  }
}

/// The nodes written so far, and how to write the next.
struct NodeWriter {
  Node* nodes;
  uint64_t size = 0;

  /// A value without children. In two pieces of eight bytes: compilers do worse.
  [[gnu::always_inline]] void add(NodeKind kind, uint32_t offset, uint32_t length) {
    static_assert(std::endian::native == std::endian::little && sizeof(Node) == 16);
    const uint64_t place = offset | static_cast<uint64_t>(length) << 32;
    const uint64_t shape = (size + 1) | static_cast<uint64_t>(kind) << 32;
    char* const at = reinterpret_cast<char*>(nodes + size);
    std::memcpy(at, &place, sizeof place);
    std::memcpy(at + sizeof place, &shape, sizeof shape);
    ++size;
  }
};

/// Adds the string at `from`; false when it is not closed or has a wrong escape. `backslash` is the
/// first one in what has not been read.
[[gnu::always_inline]] inline bool add_string(const char* base, size_t text_size, NodeKind kind,
                                              uint32_t from, uint32_t next, size_t& backslash,
                                              NodeWriter& out) {
  if (next < from + 2 || base[next - 1] != '"') {
    next = string_end({base, text_size}, from, next);
    if (next == 0) return false;
  }
  out.add(kind, from + 1, next - from - 2);
  if (backslash < next) [[unlikely]] {
    const size_t first = std::max<size_t>(from + 1, backslash);
    if (wrong_escape(base, first, next - 1) != next - 1) return false;
    out.nodes[out.size - 1].meta = Node::pack(kind, 1);
    backslash = std::string_view(base, text_size).find('\\', next);
  }
  return true;
}

/// Adds the number or word at `from`; false when it is neither.
[[gnu::always_inline]] inline bool add_scalar(const char* base, size_t text_size, uint32_t from,
                                              uint32_t next, NodeWriter& out) {
  if (next <= from || static_cast<unsigned char>(base[next - 1]) <= ' ') {
    next = token_end({base, text_size}, from, next);
  }
  NodeKind kind = NodeKind::kNull;
  if (from + 17ULL <= text_size) kind = quick_number(base + from, next - from);
  if (kind == NodeKind::kNull) {
    kind = token_kind({base + from, next - from});
    if (kind == NodeKind::kKey) return false;
  }
  out.add(kind, from, next - from);
  return true;
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
        // After the last letter the same one is seen once more, so that a reader need not look
        // whether there is another; simdjson keeps room for more than that.
        parser_->structural_indexes[size()] = positions()[size() - 1];
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
  const uint32_t count = index_->size();
  out.reserve(static_cast<size_t>(count) + 1);
  const char* const base = text.data();
  const size_t text_size = text.size();
  const uint32_t* at = index_->positions();  // of the next structural letter
  const uint32_t* const last = at + count;   // behind them all, where the last one is repeated
  const uint32_t depth_max = std::min(limits.depth_max, ComparatorOptions::kJsonDepthLimit);
  uint32_t* const open = index_->open.data();          // containers around the current one
  uint32_t* const children = index_->children.data();  // of each of them, so far

  NodeWriter writer{out.writable()};
  uint32_t depth = 0;  // open containers
  uint32_t container = 0;
  uint32_t items = 0;                  // of the innermost container
  size_t backslash = text.find('\\');  // the first one in what has not been read
  std::string_view wrong;              // what is, once something is

  // One label for each thing that may stand next, so that each has branches of its own to predict.
  // Behind the last letter the same one is seen again. Only a bracket could go on where it ended,
  // so only brackets look whether they are real.
  if (lines) {
    writer.add(NodeKind::kArray, 0, 0);
    depth = 1;
    open[0] = 0;
    children[0] = 0;
  }
  const uint32_t depth_floor = depth;

item:
  ++items;
  switch (base[*at]) {
    case '{':
    case '[':
      goto open_container;
    case '"':
      if (!add_string(base, text_size, NodeKind::kString, at[0], at[1], backslash, writer)) {
        return wrong_token(text, at[0], at[1]);
      }
      break;
    default:
      if (!add_scalar(base, text_size, at[0], at[1], writer)) {
        return wrong_token(text, at[0], at[1]);
      }
  }
  ++at;
  if (depth == depth_floor) goto document_end;

after_item:
  if (base[*at] == ',') {
    ++at;
    goto item;
  }
  if (base[*at] == ']') goto close;
  wrong = "expected ',' or ']'";
  goto malformed_here;

member:
  if (base[*at] != '"') {
    wrong = "expected a member name";
    goto malformed_here;
  }
  if (base[at[1]] != ':') {
    ++at;
    wrong = "expected ':' after the member name";
    goto malformed_here;
  }
  if (!add_string(base, text_size, NodeKind::kKey, at[0], at[1], backslash, writer)) {
    return wrong_token(text, at[0], at[1]);
  }
  at += 2;
  ++items;
  switch (base[*at]) {
    case '{':
    case '[':
      goto open_container;
    case '"':
      if (!add_string(base, text_size, NodeKind::kString, at[0], at[1], backslash, writer)) {
        return wrong_token(text, at[0], at[1]);
      }
      break;
    default:
      if (!add_scalar(base, text_size, at[0], at[1], writer)) {
        return wrong_token(text, at[0], at[1]);
      }
  }
  ++at;

after_member:
  if (base[*at] == ',') {
    ++at;
    goto member;
  }
  if (base[*at] == '}') goto close;
  wrong = "expected ',' or '}'";
  goto malformed_here;

open_container : {
  if (at == last) {
    wrong = "expected a value";
    goto malformed_here;
  }
  if (depth == depth_max) {
    return too_large(base::cat("nested deeper than json_depth_max ", depth_max));
  }
  const bool object = base[*at] == '{';
  open[depth] = container;
  children[depth] = items;
  ++depth;
  container = static_cast<uint32_t>(writer.size);
  items = 0;
  writer.add(object ? NodeKind::kObject : NodeKind::kArray, *at, 0);
  ++at;
  if (base[*at] == (object ? '}' : ']')) goto close;
  if (object) goto member;
  goto item;
}

close : {
  if (at == last) {
    wrong = "a bracket is not closed";
    goto malformed_here;
  }
  Node& node = writer.nodes[container];
  node.length = *at + 1 - node.offset;
  node.next = static_cast<uint32_t>(writer.size);
  node.meta |= items << 4;
  ++at;
  --depth;
  container = open[depth];
  items = children[depth];
  if (depth == depth_floor) goto document_end;
  if (writer.nodes[container].kind() == NodeKind::kObject) goto after_member;
  goto after_item;
}

document_end:
  if (at < last) {
    if (!lines) {
      wrong = "more after the end of the value";
      goto malformed_here;
    }
    const std::string_view gap(base + at[-1], at[0] - at[-1]);
    if (gap.find('\n') == std::string_view::npos) {
      wrong = "two values on one line";
      goto malformed_here;
    }
    goto item;
  }
  if (writer.size > limits.nodes_max) {
    return too_large(base::cat("more than nodes_max ", limits.nodes_max, " values"));
  }
  if (lines) {
    Node& node = writer.nodes[0];
    node.length = static_cast<uint32_t>(text_size);
    node.next = static_cast<uint32_t>(writer.size);
    node.meta |= items << 4;
  }
  out.set_size(static_cast<uint32_t>(writer.size));
  return {};

malformed_here:
  return malformed(wrong, at == last ? text_size : *at);
}

}  // namespace understudy::compare
