#include "base/config_yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace understudy::base {
namespace {

/// Thrown inside the library's callbacks and caught in parse_yaml.
struct Refused {
  int line;
  std::string message;
};

/// Builds the tree from the parser's events, which unlike its node tree keep duplicate keys.
class TreeBuilder final : public YAML::EventHandler {
 public:
  ConfigNode take() { return std::move(root_); }

  /// What the library says about a list or map that does not end, in the words of who writes one.
  std::string in_words(const std::string& message) const {
    if (levels_.empty()) return message;
    const int line = levels_.back().mark.line + 1;
    if (message == "end of sequence flow not found") {
      return cat("the list that begins with \"[\" in line ", line,
                 " goes on without a comma or ends without \"]\"");
    }
    if (message == "end of map flow not found") {
      return cat("the map that begins with \"{\" in line ", line,
                 " goes on without a comma or ends without \"}\"");
    }
    if (message == "end of sequence not found" || message == "end of map not found") {
      return cat("is indented unlike the ", levels_.back().is_map ? "map" : "list",
                 " that begins in line ", line, ", which it would belong to");
    }
    return message;
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(ConfigNode(), mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{mark.line + 1, "aliases (*name) are not supported"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    if (expects_key()) {
      take_key(mark, value);
      return;
    }
    const bool quoted = tag == "!";
    const bool null = !quoted && (value == "~" || value == "null" || value.empty());
    ConfigNode node = null ? ConfigNode() : ConfigNode::scalar(value);
    node.set_quoted(quoted);
    add(std::move(node), mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, false);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, true);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    bool is_map = false;
    bool has_key = false;
    YAML::Mark mark;
    int key_line = 0;
    std::string key;
    std::vector<ConfigNode::Entry> entries;
    std::vector<ConfigNode> items;
  };

  bool expects_key() const {
    return !levels_.empty() && levels_.back().is_map && !levels_.back().has_key;
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    Level& level = levels_.back();
    for (const auto& [existing, node] : level.entries) {
      if (existing == key) {
        throw Refused{mark.line + 1, cat("the key \"", printable(key),
                                         "\" stands twice, first in line ", node.line())};
      }
    }
    level.key = key;
    level.key_line = mark.line + 1;
    level.has_key = true;
  }

  void open(const YAML::Mark& mark, bool is_map) {
    if (expects_key()) throw Refused{mark.line + 1, "a key must be a plain text"};
    if (levels_.size() >= static_cast<size_t>(kYamlDepthMax)) {
      throw Refused{mark.line + 1, cat("nested deeper than ", kYamlDepthMax, " levels")};
    }
    levels_.emplace_back();
    levels_.back().is_map = is_map;
    levels_.back().mark = mark;
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    add(level.is_map ? ConfigNode::map(std::move(level.entries))
                     : ConfigNode::list(std::move(level.items)),
        level.mark);
  }

  void add(ConfigNode node, const YAML::Mark& mark) {
    node.set_line(mark.line + 1);
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (!level.is_map) {
      level.items.push_back(std::move(node));
      return;
    }
    if (!level.has_key) throw Refused{mark.line + 1, "a key must be a plain text"};
    node.set_line(level.key_line);
    level.entries.emplace_back(std::move(level.key), std::move(node));
    level.has_key = false;
  }

  ConfigNode root_;
  std::vector<Level> levels_;
};

}  // namespace

Result<ConfigNode> parse_yaml(std::string_view text, const std::string& file_name) {
  if (text.size() > kYamlBytesMax) {
    return invalid(cat(file_name, ": larger than ", kYamlBytesMax, " bytes"));
  }
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    ConfigNode root = builder.take();
    TreeBuilder more;
    if (parser.HandleNextDocument(more)) {
      return invalid(
          cat(file_name, ": more than one document; keep the first and remove the rest"));
    }
    root.place(file_name, "");
    return root;
  } catch (const Refused& refused) {
    return invalid(cat(file_name, ":", refused.line, ": ", refused.message));
  } catch (const YAML::Exception& failure) {
    return invalid(cat(file_name, ":", failure.mark.line + 1, ": ", builder.in_words(failure.msg)));
  }
}

Result<ConfigNode> load_yaml(const std::string& file_name) {
  std::ifstream file(file_name, std::ios::binary);
  if (!file) return error(ErrorKind::kIo, cat(file_name, ": ", std::strerror(errno)));
  std::string text;
  char chunk[16384];
  while (file.read(chunk, sizeof chunk) || file.gcount() > 0) {
    text.append(chunk, static_cast<size_t>(file.gcount()));
    if (text.size() > kYamlBytesMax) break;
  }
  if (file.bad()) return error(ErrorKind::kIo, cat(file_name, ": ", std::strerror(errno)));
  return parse_yaml(text, file_name);
}

}  // namespace understudy::base
