#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "compare/difference.h"

namespace understudy::compare {

/// What a place in a document holds. kKey stands before each member's value.
enum class NodeKind : uint8_t {
  kNull,
  kTrue,
  kFalse,
  kInteger,
  kFloat,
  kNan,
  kString,
  kBytes,
  kKey,
  kArray,
  kObject,
};

/// One value, key or container of a document: 16 bytes, so that a megabyte of JSON becomes a few
/// megabytes of nodes that are read front to back.
struct Node {
  // Without initial values: room for nodes is not written before they are.
  uint32_t offset;  // of its text: strings without quotes, containers with brackets
  uint32_t length;  // bytes of its text
  uint32_t next;    // the node after it and all below it
  uint32_t meta;    // kind in the low 4 bits, children (members of an object) above;
                    // a text with JSON escapes has one "child"

  static constexpr uint32_t pack(NodeKind kind, uint32_t children) {
    return static_cast<uint32_t>(kind) | children << 4;
  }
  NodeKind kind() const { return static_cast<NodeKind>(meta & 15U); }
  uint32_t children() const { return meta >> 4; }
  bool escaped() const {
    return meta == pack(NodeKind::kString, 1) || meta == pack(NodeKind::kKey, 1);
  }
  bool is_container() const { return (meta & 15U) >= static_cast<uint32_t>(NodeKind::kArray); }
  bool is_number() const { return kind() == NodeKind::kInteger || kind() == NodeKind::kFloat; }
};

/// Index of a node that is not there: the other side of a missing or extra value.
inline constexpr uint32_t kAbsent = UINT32_MAX;

/// The name of a member or column as written; without data when there is none.
struct Name {
  std::string_view raw;
  bool escaped = false;  // has JSON escapes

  bool any() const { return raw.data() != nullptr; }
  /// The name itself; `buffer` holds it when it has to be decoded.
  std::string_view text(std::string& buffer) const;
};

/// A body lifted to one neutral form: nodes in document order over the text they were read from.
/// Numbers and strings stay as they were written, so nothing is lost to a double or a decoder.
/// Lifetime: `text` points into the body or into the working memory of the comparison.
/// Threads: none of its own; one comparison owns it. Cost: its memory is kept for the next body.
class Document {
 public:
  std::string_view text;

  const Node& operator[](uint32_t index) const { return nodes_[index]; }
  const Node* nodes() const { return nodes_.get(); }
  uint32_t size() const { return size_; }
  std::string_view text_of(uint32_t index) const {
    const Node& node = nodes_[index];
    return text.substr(node.offset, node.length);
  }

  Name name_of(uint32_t index) const { return {text_of(index), nodes_[index].escaped()}; }

  void clear() { size_ = 0; }
  /// Room for `count` nodes in all; old ones are kept.
  void reserve(size_t count);
  Node* writable() { return nodes_.get(); }
  void set_size(uint32_t size) { size_ = size; }
  uint32_t add(const Node& node) {
    if (size_ == capacity_) reserve(capacity_ < 64 ? 64 : capacity_ * 2);
    nodes_[size_] = node;
    return size_++;
  }
  /// Adds a value without children.
  uint32_t add_leaf(NodeKind kind, size_t offset, size_t length) {
    return add(Node{static_cast<uint32_t>(offset), static_cast<uint32_t>(length), size_ + 1,
                    Node::pack(kind, 0)});
  }
  uint32_t open(NodeKind kind, size_t offset) {
    return add(Node{static_cast<uint32_t>(offset), 0, 0, Node::pack(kind, 0)});
  }
  /// Ends a container opened before: all nodes added since then are below it.
  void close(uint32_t container, uint32_t children, size_t end_offset);

  size_t memory_bytes() const { return capacity_ * sizeof(Node); }
  void release();

 private:
  std::unique_ptr<Node[]> nodes_;
  uint32_t size_ = 0;
  size_t capacity_ = 0;
};

/// The type a reader of a report sees.
ValueType value_type(NodeKind kind);
inline ValueType value_type(const Document& document, uint32_t index) {
  return index == kAbsent ? ValueType::kMissing : value_type(document[index].kind());
}

}  // namespace understudy::compare
