#include "compare/path.h"

#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace understudy::compare {

namespace {

bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' ||
         static_cast<unsigned char>(letter) >= 0x80;
}

int hex_value(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

/// Reads one pattern from left to right.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  base::Result<PathPattern::Root> root() {
    if (take("$")) return PathPattern::Root::kBody;
    if (take("@")) return PathPattern::Root::kRelative;
    if (take("status")) return PathPattern::Root::kStatus;
    if (take("headers")) return PathPattern::Root::kHeaders;
    return wrong("expected '$', 'status' or 'headers'");
  }

  bool done() const { return at_ == text_.size(); }

  base::Result<PathPattern::Step> step() {
    PathPattern::Step step;
    if (take("..")) {
      step.at_any_depth = true;
      if (peek() != '[') return member(std::move(step));
    } else if (take(".")) {
      return member(std::move(step));
    }
    if (!take("[")) return wrong("expected '.' or '['");
    return bracket(std::move(step));
  }

  base::Error wrong(std::string_view what) const {
    return base::invalid(
        base::cat("path ", base::printable(text_), ": ", what, " at character ", at_ + 1));
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  base::Result<PathPattern::Step> member(PathPattern::Step step) {
    if (take("*")) return step;
    const size_t from = at_;
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
    if (at_ == from) return wrong("expected a name or '*'");
    step.kind = PathPattern::Kind::kName;
    step.name = text_.substr(from, at_ - from);
    return step;
  }

  base::Result<PathPattern::Step> bracket(PathPattern::Step step) {
    if (take("*")) {
      // every child
    } else if (peek() == '\'' || peek() == '"') {
      step.kind = PathPattern::Kind::kName;
      TRY_ASSIGN(step.name, quoted());
    } else {
      const size_t from = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      const auto index = base::parse_uint64(text_.substr(from, at_ - from));
      if (at_ == from) return wrong("expected an index, '*' or a quoted name");
      if (!index || *index >= UINT32_MAX) return wrong("an index too large");
      step.kind = PathPattern::Kind::kIndex;
      step.index = static_cast<uint32_t>(*index);
    }
    if (!take("]")) return wrong("expected ']'");
    return step;
  }

  base::Result<std::string> quoted() {
    const char quote = text_[at_++];
    std::string name;
    while (true) {
      if (at_ == text_.size()) return wrong("expected the closing quote");
      const char letter = text_[at_];
      if (letter == quote) {
        ++at_;
        return name;
      }
      if (letter != '\\') {
        name.push_back(letter);
        ++at_;
        continue;
      }
      TRY(escape(name));
    }
  }

  base::Status escape(std::string& name) {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind == '\\' || kind == '\'' || kind == '"' || kind == '/') {
      name.push_back(kind);
    } else if (kind == 'n' || kind == 't' || kind == 'r') {
      name.push_back(kind == 'n' ? '\n' : kind == 't' ? '\t' : '\r');
    } else if (kind == 'u' && at_ + 6 <= text_.size()) {
      uint32_t code = 0;
      for (size_t i = at_ + 2; i < at_ + 6; ++i) {
        const int digit = hex_value(text_[i]);
        if (digit < 0) return wrong("expected four hexadecimal digits");
        code = code << 4 | static_cast<uint32_t>(digit);
      }
      if (code >= 0xD800 && code < 0xE000) return wrong("half of a surrogate pair");
      base::append_utf8(name, code);
      at_ += 4;
    } else {
      return wrong("an unknown escape");
    }
    at_ += 2;
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

void append_member(std::string& path, std::string_view member) {
  bool plain = !member.empty();
  for (const char letter : member) plain = plain && is_plain(letter);
  if (plain) {
    path += '.';
    path += member;
    return;
  }
  path += "['";
  for (const char letter : member) {
    if (letter == '\\' || letter == '\'') {
      path += '\\';
      path += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) {
      constexpr char kDigits[] = "0123456789abcdef";
      path += "\\u00";
      path += kDigits[static_cast<unsigned char>(letter) >> 4];
      path += kDigits[static_cast<unsigned char>(letter) & 15];
    } else {
      path += letter;
    }
  }
  path += "']";
}

base::Result<PathPattern> PathPattern::parse(std::string_view text) {
  PathReader reader(text);
  if (text.size() > kPathBytesMax) {
    return base::invalid(base::cat("a path longer than ", kPathBytesMax, " bytes"));
  }
  PathPattern pattern;
  TRY_ASSIGN(pattern.root_, reader.root());
  while (!reader.done()) {
    if (pattern.root_ == Root::kStatus) return reader.wrong("nothing is below 'status'");
    if (pattern.steps_.size() == kPathStepsMax) {
      return reader.wrong(base::cat("more than ", kPathStepsMax, " steps"));
    }
    TRY_ASSIGN(Step step, reader.step());
    pattern.steps_.push_back(std::move(step));
  }
  if (pattern.root_ == Root::kHeaders) {
    if (pattern.steps_.size() != 1 || pattern.steps_[0].kind == Kind::kIndex) {
      return reader.wrong("expected one field name after 'headers'");
    }
    pattern.steps_[0].name = base::to_lower(pattern.steps_[0].name);
    pattern.steps_[0].at_any_depth = false;
  }
  return pattern;
}

std::string PathPattern::text() const {
  std::string out;
  switch (root_) {
    case Root::kBody:
      out = "$";
      break;
    case Root::kStatus:
      out = "status";
      break;
    case Root::kHeaders:
      out = "headers";
      break;
    case Root::kRelative:
      out = "@";
      break;
  }
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Kind::kAny:
        out += step.at_any_depth ? "..[*]" : "[*]";
        break;
      case Kind::kIndex:
        if (step.at_any_depth) out += "..";
        out += base::cat("[", step.index, "]");
        break;
      case Kind::kName: {
        std::string member;
        append_member(member, step.name);
        if (step.at_any_depth) out += member[0] == '.' ? "." : "..";
        out += member;
        break;
      }
    }
  }
  return out;
}

base::Result<PathPattern> PathPattern::below(const PathPattern& parent) const {
  if (root_ != Root::kRelative) return *this;
  if (parent.steps_.size() + steps_.size() > kPathStepsMax) {
    return base::invalid(base::cat("more than ", kPathStepsMax, " steps below ", parent.text()));
  }
  PathPattern whole = parent;
  whole.steps_.insert(whole.steps_.end(), steps_.begin(), steps_.end());
  if (whole.root_ != Root::kBody && !steps_.empty()) {
    return base::invalid(base::cat("nothing is below ", parent.text()));
  }
  return whole;
}

}  // namespace understudy::compare
