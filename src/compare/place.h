#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/document.h"
#include "compare/rules.h"

namespace understudy::compare {

/// The steps one comparison may still take; its only clock, so that results do not depend on the
/// machine. Once it is spent it stays spent.
class WorkBudget {
 public:
  explicit WorkBudget(uint64_t steps = 0) : left_(steps) {}

  /// False when there is no more.
  bool spend(uint64_t steps) {
    if (left_ < steps) {
      left_ = 0;
      spent_ = true;
      return false;
    }
    left_ -= steps;
    return true;
  }
  bool spent() const { return spent_; }

 private:
  uint64_t left_;
  bool spent_ = false;
};

/// Where the comparison stands in the body, and which rules hold there: the patterns run as one
/// automaton beside the walk, so that a place costs its own step and not its whole path.
/// Lifetime: names given to enter_* are views that must live until leave().
/// Threads: none of its own; part of one comparison's working memory.
class Place {
 public:
  static constexpr uint32_t kNoIndex = UINT32_MAX;

  /// Goes back to the root for another comparison. Rules must outlive it.
  void start(const Rules& rules, WorkBudget* work);

  void enter_member(Name name) { enter({name, kNoIndex, Role::kTree}); }
  void enter_item(uint32_t index) { enter({{}, index, Role::kTree}); }
  /// A cell of a table: by its column's name, its index, or both.
  void enter_cell(Name name, uint32_t index) { enter({name, index, Role::kCell}); }
  void enter_row(uint32_t index) { enter({{}, index, Role::kRow}); }
  void leave();

  /// Numbers of the rules whose pattern ends here, ascending.
  std::span<const uint16_t> matched() const {
    const Frame& frame = frames_.back();
    return {matched_.data() + frame.matched_from, frame.matched_count};
  }
  bool redacted() const { return frames_.back().redacted; }
  bool any_rule_below() const { return states_.size() > frames_.back().states_from; }
  /// Redacts all of this place when a redaction reaches anything below it.
  void redact_if_below();
  bool has_redactions() const { return has_redactions_; }
  bool has_rules() const { return has_rules_; }
  size_t depth() const { return frames_.size(); }

  /// "$.rows[3].revenue", cut after about `bytes_max` bytes.
  std::string path(size_t bytes_max) const;
  /// The same place as a pattern: "$.rows[*].revenue". Never cut, so that it stays a pattern.
  std::string pattern() const;
  /// Whether pattern() can be written as a rule's path that matches here.
  bool pattern_is_rule() const;
  int64_t row() const;
  std::string column() const;

 private:
  enum class Role : uint8_t { kTree, kRow, kCell };
  struct State {
    uint16_t rule;
    uint16_t step;  // the next one to be matched
  };
  struct Frame {
    Name name;
    uint32_t index = kNoIndex;
    Role role = Role::kTree;
    bool redacted = false;
    uint32_t states_from = 0;
    uint32_t matched_from = 0;
    uint32_t matched_count = 0;
  };

  void enter(Frame frame);
  void add_state(uint32_t from, State state);

  const Rules* rules_ = nullptr;
  WorkBudget* work_ = nullptr;
  bool has_rules_ = false;
  bool has_redactions_ = false;
  std::vector<Frame> frames_;
  std::vector<State> states_;
  std::vector<uint16_t> matched_;
};

}  // namespace understudy::compare
