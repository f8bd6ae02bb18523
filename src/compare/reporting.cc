#include <algorithm>
#include <utility>

#include "base/text.h"
#include "compare/scalar.h"
#include "compare/text_form.h"
#include "compare/tree_diff.h"

namespace understudy::compare {

namespace {

constexpr std::string_view kRedacted = "[redacted]";
constexpr size_t kBytesShown = 16;

/// "1024 bytes, from 17: 00ff...": enough to find the place in a hex dump.
std::string bytes_at(std::string_view bytes, size_t at) {
  const std::string_view piece = bytes.substr(at, kBytesShown);
  return base::cat(
      bytes.size(), " bytes, from ", at, ": ",
      base::hex(std::span(reinterpret_cast<const uint8_t*>(piece.data()), piece.size())));
}

}  // namespace

void TreeDiff::hit(uint16_t rule) {
  if (trial_) return;
  if (out_.rule_hits.empty()) out_.rule_hits.resize(rules_.size());
  ++out_.rule_hits[rule];
}

void TreeDiff::ignored_by(uint16_t rule) {
  if (trial_) return;
  hit(rule);
  ++out_.ignored;
}

bool TreeDiff::reject() {
  if (trial_) {
    trial_failed_ = true;
    return false;
  }
  // What is found while the budget runs out is not to be trusted.
  if (work_.spent()) return false;
  if (out_.differences.size() < options_.differences_max) return true;
  ++out_.dropped;
  return false;
}

Difference& TreeDiff::record(Dimension dimension) {
  Difference& difference = out_.differences.emplace_back();
  difference.dimension = dimension;
  difference.path = place_.path(options_.path_bytes_max);
  difference.path_pattern = place_.pattern();
  if (difference.path_pattern.size() > options_.path_bytes_max) {
    difference.path_pattern =
        base::cat(base::cut_utf8(difference.path_pattern, options_.path_bytes_max), "...");
  }
  difference.row = place_.row();
  if (difference.row >= 0) {
    difference.column = base::cut_utf8(place_.column(), options_.value_bytes_max);
  }
  return difference;
}

void TreeDiff::offer(Difference& difference, std::optional<Rule> rule) const {
  if (!rule || !place_.pattern_is_rule()) return;
  auto path = PathPattern::parse(place_.pattern());
  if (!path.ok()) return;
  if (place_.redacted() && (!rule->absolute.empty() || rule->ulps)) {
    rule.emplace();  // a tolerance would tell how far apart the hidden values are
    rule->ignore = true;
  }
  rule->path = *std::move(path);
  difference.rule = rule->text();
}

void TreeDiff::report(Dimension dimension, uint32_t control, uint32_t candidate) {
  if (!reject()) return;
  const Scalar a = Scalar::of(a_, control);
  const Scalar b = Scalar::of(b_, candidate);
  Difference& difference = record(dimension);
  difference.control_type = a.type;
  difference.candidate_type = b.type;
  difference.control_value = shown(a_, control);
  difference.candidate_value = shown(b_, candidate);
  if (a.type == ValueType::kBytes && b.type == ValueType::kBytes && !place_.redacted()) {
    const auto [x, y] = std::mismatch(a.raw.begin(), a.raw.end(), b.raw.begin(), b.raw.end());
    const auto at = static_cast<size_t>(x - a.raw.begin());
    difference.control_value = bytes_at(a.raw, at);
    difference.candidate_value = bytes_at(b.raw, at);
    return;
  }
  work_.spend((a.raw.size() + b.raw.size()) / 4);
  Explained why = explain(a, b, place_.pattern(), options_.explain_ulps_max);
  difference.explanation = why.explanation;
  if (!place_.redacted()) {
    difference.distance = why.distance;
    difference.distance_unit = why.distance_unit;
  }
  offer(difference, std::move(why.rule));
}

void TreeDiff::report_order(const Pairing& pairing, const NamedTable* table, bool rows) {
  if (!reject()) return;
  Difference& difference = record(Dimension::kOrder);
  difference.control_type = ValueType::kArray;
  difference.candidate_type = ValueType::kArray;
  difference.explanation = Explanation::kRowOrder;
  if (pairing.moved_example) {
    const ItemPair& example = *pairing.moved_example;
    place_.enter_row(example.control.index);
    std::string item;
    show_row(a_, example.control.node, table, item);
    difference.control_value = presentable(item, options_.value_bytes_max);
    place_.leave();
    difference.candidate_value =
        base::cat(rows ? "the same row at " : "the same item at ", example.candidate.index,
                  " instead of ", example.control.index);
    difference.distance = std::abs(static_cast<double>(example.candidate.index) -
                                   static_cast<double>(example.control.index));
    difference.distance_unit = rows ? "rows" : "items";
  }
  offer(difference, pairing.moved_rule);
}

std::string TreeDiff::shown(const Document& document, uint32_t node) {
  std::string out;
  if (node == kAbsent) return out;
  show(document, node, out);
  return presentable(out, options_.value_bytes_max);
}

void TreeDiff::show(const Document& document, uint32_t index, std::string& out) {
  if (out.size() > options_.value_bytes_max) return;
  if (place_.redacted()) {
    out += kRedacted;
    return;
  }
  const Node& node = document[index];
  if (node.kind() == NodeKind::kObject) {
    show_object(document, index, out);
    return;
  }
  if (node.kind() == NodeKind::kArray) {
    out += '[';
    uint32_t item = index + 1;
    for (uint32_t i = 0; i < node.children() && out.size() <= options_.value_bytes_max; ++i) {
      if (i != 0) out += ',';
      place_.enter_item(i);
      show(document, item, out);
      place_.leave();
      item = document[item].next;
    }
    out += ']';
    return;
  }
  Scalar scalar = Scalar::of(document, index);
  const bool quoted = scalar.is_string() && !out.empty();
  // More than can be shown need not be decoded; an escape is at most six times its text.
  scalar.raw = scalar.raw.substr(0, options_.value_bytes_max * 6 + 12);
  std::string buffer;
  if (quoted) out += '"';
  out += scalar.text(buffer);
  if (quoted) out += '"';
}

void TreeDiff::show_object(const Document& document, uint32_t index, std::string& out) {
  // Cells can be redacted by the name of their column, so rows have to be known as rows.
  const auto table = place_.has_redactions() ? named_table(document, index) : std::nullopt;
  out += '{';
  uint32_t key = index + 1;
  for (uint32_t i = 0; i < document[index].children() && out.size() <= options_.value_bytes_max;
       ++i) {
    std::string decoded;
    if (i != 0) out += ',';
    out += '"';
    out += document.name_of(key).text(decoded);
    out += "\":";
    place_.enter_member(document.name_of(key));
    if (table && key == table->rows_key && !place_.redacted()) {
      out += '[';
      uint32_t row = key + 2;
      for (uint32_t r = 0;
           r < document[key + 1].children() && out.size() <= options_.value_bytes_max; ++r) {
        if (r != 0) out += ',';
        place_.enter_row(r);
        show_row(document, row, &*table, out);
        place_.leave();
        row = document[row].next;
      }
      out += ']';
    } else {
      show(document, key + 1, out);
    }
    place_.leave();
    key = document[key + 1].next;
  }
  out += '}';
}

void TreeDiff::show_row(const Document& document, uint32_t row, const NamedTable* table,
                        std::string& out) {
  if (table == nullptr || place_.redacted() || document[row].kind() != NodeKind::kArray) {
    show(document, row, out);
    return;
  }
  out += '[';
  uint32_t cell = row + 1;
  for (uint32_t i = 0; i < document[row].children() && out.size() <= options_.value_bytes_max;
       ++i) {
    if (i != 0) out += ',';
    if (i < table->names.size()) {
      place_.enter_cell(document.name_of(table->names[i]), i);
    } else {
      place_.enter_item(i);
    }
    show(document, cell, out);
    place_.leave();
    cell = document[cell].next;
  }
  out += ']';
}

}  // namespace understudy::compare
