#include "compare/document.h"

#include <algorithm>
#include <cstring>

#include "compare/text_form.h"

namespace understudy::compare {

std::string_view Name::text(std::string& buffer) const {
  if (!escaped) return raw;
  buffer = unescaped(raw);
  return buffer;
}

void Document::reserve(size_t count) {
  if (count <= capacity_) return;
  auto larger = std::make_unique_for_overwrite<Node[]>(count);
  if (size_ != 0) std::memcpy(larger.get(), nodes_.get(), size_ * sizeof(Node));
  nodes_ = std::move(larger);
  capacity_ = count;
}

void Document::close(uint32_t container, uint32_t children, size_t end_offset) {
  Node& node = nodes_[container];
  node.length = static_cast<uint32_t>(end_offset) - node.offset;
  node.next = size_;
  node.meta = Node::pack(node.kind(), children);
}

void Document::release() {
  nodes_.reset();
  size_ = 0;
  capacity_ = 0;
}

ValueType value_type(NodeKind kind) {
  switch (kind) {
    case NodeKind::kNull:
      return ValueType::kNull;
    case NodeKind::kTrue:
    case NodeKind::kFalse:
      return ValueType::kBool;
    case NodeKind::kInteger:
      return ValueType::kInteger;
    case NodeKind::kFloat:
      return ValueType::kFloat;
    case NodeKind::kNan:
      return ValueType::kNan;
    case NodeKind::kString:
    case NodeKind::kKey:
      return ValueType::kString;
    case NodeKind::kBytes:
      return ValueType::kBytes;
    case NodeKind::kArray:
      return ValueType::kArray;
    case NodeKind::kObject:
      return ValueType::kObject;
  }
  return ValueType::kMissing;
}

}  // namespace understudy::compare
