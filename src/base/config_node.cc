#include "base/config_node.h"

#include <array>
#include <cmath>

#include "base/text.h"

namespace understudy::base {
namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

constexpr std::array kDurationUnits = {Unit{"ns", 1},     Unit{"us", 1e3}, Unit{"ms", 1e6},
                                       Unit{"s", 1e9},    Unit{"m", 60e9}, Unit{"h", 3600e9},
                                       Unit{"d", 86400e9}};
constexpr std::array kByteUnits = {
    Unit{"", 1},     Unit{"B", 1},        Unit{"kB", 1e3},        Unit{"MB", 1e6},
    Unit{"GB", 1e9}, Unit{"KiB", 1024.0}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0}};

/// The number before the unit times the unit's factor; nothing when either is unknown, negative or
/// beyond 2^62.
template <size_t N>
std::optional<double> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const size_t end = text.find_first_not_of("0123456789.");
  const auto number = parse_double(text.substr(0, end));
  if (!number) return {};
  const std::string_view suffix = end == std::string_view::npos ? "" : text.substr(end);
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    const double value = *number * unit.factor;
    if (value > 0x1p62) return {};
    return value;
  }
  return {};
}

std::string child_path(const std::string& parent, std::string_view key) {
  return parent.empty() ? std::string(key) : cat(parent, ".", key);
}

}  // namespace

const char* name(ConfigNode::Kind kind) {
  switch (kind) {
    case ConfigNode::Kind::kNull:
      return "nothing";
    case ConfigNode::Kind::kScalar:
      return "a single value";
    case ConfigNode::Kind::kList:
      return "a list";
    case ConfigNode::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

ConfigNode ConfigNode::scalar(std::string text) {
  ConfigNode node;
  node.kind_ = Kind::kScalar;
  node.text_ = std::move(text);
  return node;
}

ConfigNode ConfigNode::list(std::vector<ConfigNode> items) {
  ConfigNode node;
  node.kind_ = Kind::kList;
  node.items_ = std::move(items);
  return node;
}

ConfigNode ConfigNode::map(std::vector<Entry> entries) {
  ConfigNode node;
  node.kind_ = Kind::kMap;
  node.entries_ = std::move(entries);
  return node;
}

const ConfigNode* ConfigNode::find(std::string_view key) const {
  for (const auto& [name, child] : entries_) {
    if (name == key) return &child;
  }
  return nullptr;
}

Result<const ConfigNode*> ConfigNode::require(std::string_view key) const {
  TRY(must_be_map());
  const ConfigNode* child = find(key);
  if (child == nullptr) return error(cat("\"", key, "\" is missing"));
  return child;
}

Result<std::string> ConfigNode::as_string() const {
  if (!is_scalar()) return error(cat("expected a text, found ", name(kind_)));
  return text_;
}

Result<bool> ConfigNode::as_bool() const {
  if (is_scalar() && !quoted_) {
    if (text_ == "true") return true;
    if (text_ == "false") return false;
  }
  return error(cat("expected true or false, found ",
                   is_scalar() ? cat("\"", printable(text_), "\"") : name(kind_)));
}

Result<int64_t> ConfigNode::as_int(int64_t min, int64_t max) const {
  const auto value = is_scalar() && !quoted_ ? parse_int64(text_) : std::nullopt;
  if (!value) {
    return error(cat("expected a whole number, found ",
                     is_scalar() ? cat("\"", printable(text_), "\"") : name(kind_)));
  }
  if (*value < min) return error(cat(*value, " is below ", min));
  if (*value > max) return error(cat(*value, " is above ", max));
  return *value;
}

Result<double> ConfigNode::as_double() const {
  const auto value = is_scalar() && !quoted_ ? parse_double(text_) : std::nullopt;
  if (!value) {
    return error(cat("expected a number, found ",
                     is_scalar() ? cat("\"", printable(text_), "\"") : name(kind_)));
  }
  return *value;
}

Result<std::chrono::nanoseconds> ConfigNode::as_duration() const {
  const auto value = is_scalar() ? with_unit(text_, kDurationUnits) : std::nullopt;
  if (!value) {
    return error(cat("expected a duration such as 250ms, 2s or 10m, found ",
                     is_scalar() ? cat("\"", printable(text_), "\"") : name(kind_)));
  }
  return std::chrono::nanoseconds(static_cast<int64_t>(std::llround(*value)));
}

Result<uint64_t> ConfigNode::as_bytes() const {
  const auto value = is_scalar() ? with_unit(text_, kByteUnits) : std::nullopt;
  if (!value) {
    return error(cat("expected a size such as 512, 64KiB or 1MiB, found ",
                     is_scalar() ? cat("\"", printable(text_), "\"") : name(kind_)));
  }
  return static_cast<uint64_t>(std::llround(*value));
}

Result<double> ConfigNode::as_fraction() const {
  if (is_scalar() && !text_.empty()) {
    const bool percent = text_.back() == '%';
    const std::string_view digits(text_.data(), text_.size() - (percent ? 1 : 0));
    if (const auto value = parse_double(digits)) return percent ? *value / 100 : *value;
  }
  return error(cat("expected a share such as 0.1% or 1.10, found ",
                   is_scalar() ? cat("\"", printable(text_), "\"") : name(kind_)));
}

Status ConfigNode::only_keys(std::initializer_list<std::string_view> known) const {
  TRY(must_be_map());
  for (const auto& [key, child] : entries_) {
    bool found = false;
    for (const std::string_view candidate : known) found = found || candidate == key;
    if (found) continue;
    const std::string_view near = nearest(key, {known.begin(), known.size()});
    return child.error(near.empty() ? std::string("is not a known key")
                                    : cat("is not a known key; did you mean \"", near, "\"?"));
  }
  return {};
}

Status ConfigNode::must_be_map() const {
  if (!is_map()) return error(cat("expected a map, found ", name(kind_)));
  return {};
}

Status ConfigNode::must_be_list() const {
  if (!is_list()) return error(cat("expected a list, found ", name(kind_)));
  return {};
}

std::string ConfigNode::where() const {
  std::string text = line_ > 0 && !file_.empty() ? cat(file_, ":", line_) : file_;
  if (!path_.empty()) text += cat(text.empty() ? "" : ": ", path_);
  return text;
}

Error ConfigNode::error(std::string_view message) const {
  const std::string place = where();
  return invalid(place.empty() ? std::string(message) : cat(place, ": ", message));
}

ConfigNode ConfigNode::with_scalar(std::span<const std::string> keys, const std::string& text,
                                   const std::string& origin) const {
  if (keys.empty()) {
    ConfigNode replaced = scalar(text);
    replaced.file_ = origin;
    replaced.path_ = path_;
    return replaced;
  }
  ConfigNode copy = *this;
  if (copy.is_list()) {
    const auto index = parse_uint64(keys.front());
    if (!index || *index >= copy.items_.size()) return copy;
    copy.items_[*index] = copy.items_[*index].with_scalar(keys.subspan(1), text, origin);
    return copy;
  }
  if (copy.is_null()) copy.kind_ = Kind::kMap;
  for (auto& [key, child] : copy.entries_) {
    if (key != keys.front()) continue;
    child = child.with_scalar(keys.subspan(1), text, origin);
    return copy;
  }
  ConfigNode missing;
  missing.file_ = origin;
  missing.path_ = child_path(path_, keys.front());
  copy.entries_.emplace_back(keys.front(), missing.with_scalar(keys.subspan(1), text, origin));
  return copy;
}

void ConfigNode::place(const std::string& file, const std::string& path) {
  file_ = file;
  path_ = path;
  for (auto& [key, child] : entries_) child.place(file, child_path(path, printable(key)));
  for (size_t i = 0; i < items_.size(); ++i) items_[i].place(file, cat(path, "[", i, "]"));
}

}  // namespace understudy::base
