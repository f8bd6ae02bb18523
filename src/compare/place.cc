#include "compare/place.h"

#include <algorithm>

#include "base/text.h"
#include "compare/text_form.h"

namespace understudy::compare {

void Place::start(const Rules& rules, WorkBudget* work) {
  rules_ = &rules;
  work_ = work;
  has_rules_ = false;
  has_redactions_ = false;
  frames_.clear();
  states_.clear();
  matched_.clear();
  Frame root;
  for (size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    if (rule.path.root() != PathPattern::Root::kBody) continue;
    has_rules_ = true;
    has_redactions_ = has_redactions_ || rule.redact;
    if (rule.path.steps().empty()) {
      matched_.push_back(static_cast<uint16_t>(i));
      ++root.matched_count;
      root.redacted = root.redacted || rule.redact;
    } else {
      states_.push_back({static_cast<uint16_t>(i), 0});
    }
  }
  frames_.push_back(root);
}

void Place::add_state(uint32_t from, State state) {
  // The states of one rule stand together, so only those are looked at.
  for (size_t i = states_.size(); i > from && states_[i - 1].rule == state.rule; --i) {
    if (states_[i - 1].step == state.step) return;
  }
  states_.push_back(state);
}

void Place::enter(Frame frame) {
  const Frame& parent = frames_.back();
  const uint32_t parent_from = parent.states_from;
  const auto from = static_cast<uint32_t>(states_.size());
  frame.states_from = from;
  frame.matched_from = static_cast<uint32_t>(matched_.size());
  frame.redacted = parent.redacted;
  if (from != parent_from) {
    work_->spend(from - parent_from);
    std::string decoded;
    const std::string_view name = frame.name.text(decoded);
    const bool named = frame.name.any();
    for (uint32_t i = parent_from; i < from; ++i) {
      const State state = states_[i];
      const auto& steps = (*rules_)[state.rule].path.steps();
      const PathPattern::Step& step = steps[state.step];
      const bool deep = step.at_any_depth;
      if (deep) add_state(from, state);
      const bool fits = step.kind == PathPattern::Kind::kAny ||
                        (step.kind == PathPattern::Kind::kName && named && step.name == name) ||
                        (step.kind == PathPattern::Kind::kIndex && frame.index != kNoIndex &&
                         step.index == frame.index);
      if (!fits) continue;
      if (state.step + 1U == steps.size()) {
        const auto begin = matched_.begin() + frame.matched_from;
        if (std::find(begin, matched_.end(), state.rule) == matched_.end()) {
          matched_.push_back(state.rule);
        }
      } else {
        add_state(from, {state.rule, static_cast<uint16_t>(state.step + 1)});
      }
    }
    frame.matched_count = static_cast<uint32_t>(matched_.size()) - frame.matched_from;
    if (frame.matched_count != 0) {
      std::sort(matched_.begin() + frame.matched_from, matched_.end());
      if (has_redactions_) {
        for (uint32_t i = frame.matched_from; i < matched_.size(); ++i) {
          frame.redacted = frame.redacted || (*rules_)[matched_[i]].redact;
        }
      }
    }
  }
  frames_.push_back(frame);
}

void Place::redact_if_below() {
  Frame& frame = frames_.back();
  for (size_t i = frame.states_from; i < states_.size(); ++i) {
    frame.redacted = frame.redacted || (*rules_)[states_[i].rule].redact;
  }
}

void Place::leave() {
  const Frame& frame = frames_.back();
  states_.resize(frame.states_from);
  matched_.resize(frame.matched_from);
  frames_.pop_back();
}

namespace {

void append_step(std::string& out, const Name& name, uint32_t index, bool as_pattern) {
  if (name.any()) {
    std::string decoded;
    append_member(out, presentable(name.text(decoded), SIZE_MAX));
  } else if (as_pattern) {
    out += "[*]";
  } else {
    out += base::cat("[", index, "]");
  }
}

}  // namespace

std::string Place::path(size_t bytes_max) const {
  std::string out = "$";
  for (size_t i = 1; i < frames_.size(); ++i) {
    const Frame& frame = frames_[i];
    append_step(out, frame.name, frame.index, false);
    if (out.size() > bytes_max) {
      return base::cat(base::cut_utf8(out, bytes_max), "...");
    }
  }
  return out;
}

std::string Place::pattern() const {
  std::string out = "$";
  for (size_t i = 1; i < frames_.size(); ++i) {
    const Frame& frame = frames_[i];
    append_step(out, frame.name, frame.index, true);
  }
  return out;
}

bool Place::pattern_is_rule() const {
  if (frames_.size() > PathPattern::kPathStepsMax) return false;
  size_t bytes = 0;
  for (const Frame& frame : frames_) {
    std::string decoded;
    const std::string_view name = frame.name.text(decoded);
    bytes += name.size() * 6 + 8;
    if (!is_utf8(name)) return false;
  }
  return bytes <= PathPattern::kPathBytesMax;
}

int64_t Place::row() const {
  for (size_t i = frames_.size(); i-- > 1;) {
    if (frames_[i].role == Role::kRow) return frames_[i].index;
  }
  return -1;
}

std::string Place::column() const {
  for (size_t i = frames_.size(); i-- > 1;) {
    const Frame& frame = frames_[i];
    if (frame.role != Role::kCell) continue;
    if (!frame.name.any()) return base::cat(frame.index);
    std::string decoded;
    return presentable(frame.name.text(decoded), SIZE_MAX);
  }
  return {};
}

}  // namespace understudy::compare
