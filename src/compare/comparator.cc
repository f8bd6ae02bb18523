#include "compare/comparator.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "compare/document.h"
#include "compare/head_diff.h"
#include "compare/json_lift.h"
#include "compare/lift.h"
#include "compare/place.h"
#include "compare/text_form.h"
#include "compare/tree_diff.h"
#include "http/fields.h"

namespace understudy::compare {

namespace {

constexpr size_t kScratchesMax = 4;                    // kept for later comparisons
constexpr size_t kScratchBytesMax = size_t{24} << 20;  // a larger one is given back to the system

/// The working memory of one comparison, reused by the next.
struct Scratch {
  Document control;
  Document candidate;
  JsonLift json;
  std::string control_decoded;
  std::string candidate_decoded;
  std::string control_arena;
  std::string candidate_arena;
  Place place;

  size_t memory_bytes() const {
    return control.memory_bytes() + candidate.memory_bytes() + json.memory_bytes() +
           control_decoded.capacity() + candidate_decoded.capacity() + control_arena.capacity() +
           candidate_arena.capacity();
  }
};

std::string_view content_encoding(const Answer& answer) {
  return answer.headers == nullptr ? std::string_view()
                                   : answer.headers->value_or(http::KnownField::kContentEncoding);
}

bool same_bodies(const Answer& control, const Answer& candidate) {
  return control.body.size() == candidate.body.size() &&
         (control.body.empty() ||
          std::memcmp(control.body.data(), candidate.body.data(), control.body.size()) == 0) &&
         content_encoding(control) == content_encoding(candidate);
}

bool same_cell(const Table::Cell& a, const Table::Cell& b) {
  if (a.index() != b.index()) return false;
  if (const double* x = std::get_if<double>(&a)) {
    return std::memcmp(x, std::get_if<double>(&b), sizeof *x) == 0;
  }
  return a == b;
}

TableReading reading(BodyKind kind, Format format) {
  if (kind == BodyKind::kJson || format == Format::kText || format == Format::kBytes ||
      format == Format::kForm) {
    return TableReading::kNever;
  }
  const bool rows = format == Format::kCsv || format == Format::kTsv;
  return kind == BodyKind::kTable || rows ? TableReading::kAlways : TableReading::kWhenScalar;
}

}  // namespace

class Comparator::Impl {
 public:
  Impl(Rules rules, ComparatorOptions options)
      : rules_(std::move(rules)), options_(std::move(options)) {}

  Comparison compare(const Answer& control, const Answer& candidate, BodyKind kind) {
    Comparison out;
    const bool comparable = diff_head(control, candidate, rules_, options_, out);
    if (!control.complete || !candidate.complete) {
      out.reason =
          base::cat(control.complete ? "candidate" : "control", ": the body is incomplete");
    } else if (comparable && !same_bodies(control, candidate)) {
      std::unique_ptr<Scratch> scratch = take();
      compare_bodies(control, candidate, kind, *scratch, out);
      give_back(std::move(scratch));
    }
    return finish(std::move(out));
  }

  Comparison compare_tables(const Table& control, const Table& candidate) {
    Comparison out;
    bool same = control.columns() == candidate.columns() &&
                control.cells().size() == candidate.cells().size() &&
                control.row_count() == candidate.row_count();
    for (size_t i = 0; same && i < control.cells().size(); ++i) {
      same = same_cell(control.cells()[i], candidate.cells()[i]);
    }
    if (!same) {
      std::unique_ptr<Scratch> scratch = take();
      const LiftResult a = lift_table(control, options_, scratch->control_arena, scratch->control);
      const LiftResult b =
          lift_table(candidate, options_, scratch->candidate_arena, scratch->candidate);
      if (a.ok() && b.ok()) {
        diff(TableReading::kAlways, *scratch, out);
      } else {
        out.reason = a.ok() ? base::cat("candidate: ", b.reason) : base::cat("control: ", a.reason);
      }
      give_back(std::move(scratch));
    }
    return finish(std::move(out));
  }

  const Rules& rules() const { return rules_; }
  const ComparatorOptions& options() const { return options_; }

 private:
  std::unique_ptr<Scratch> take() {
    const std::lock_guard lock(mutex_);
    if (scratches_.empty()) return std::make_unique<Scratch>();
    std::unique_ptr<Scratch> scratch = std::move(scratches_.back());
    scratches_.pop_back();
    return scratch;
  }

  void give_back(std::unique_ptr<Scratch> scratch) {
    if (scratch->memory_bytes() > kScratchBytesMax) return;
    const std::lock_guard lock(mutex_);
    if (scratches_.size() < kScratchesMax) scratches_.push_back(std::move(scratch));
  }

  static Comparison finish(Comparison out) {
    if (out.difference_count() != 0) {
      out.outcome = Outcome::kMismatch;
    } else if (!out.reason.empty()) {
      out.outcome = Outcome::kIncomparable;
    } else if (out.ignored != 0) {
      out.outcome = Outcome::kIgnored;
    }
    return out;
  }

  void compare_bodies(const Answer& control, const Answer& candidate, BodyKind kind,
                      Scratch& scratch, Comparison& out) {
    for (const auto& [side, answer] :
         {std::pair("control", &control), std::pair("candidate", &candidate)}) {
      if (answer->body.size() > options_.body_bytes_max) {
        out.reason = base::cat(side, ": a body of ", answer->body.size(),
                               " bytes is larger than body_bytes_max ", options_.body_bytes_max);
        return;
      }
    }
    const bool to_text = kind != BodyKind::kBytes;
    const DecodedBody a =
        decode_body(control, to_text, options_.decoded_bytes_max, scratch.control_decoded);
    const DecodedBody b =
        decode_body(candidate, to_text, options_.decoded_bytes_max, scratch.candidate_decoded);
    if (a.result.ok() && b.result.ok()) {
      if (a.marked != b.marked) note_mark(a.marked, scratch, out);
      if (a.text == b.text) return;
    } else if (note_failure(a.result, b.result, control.body, candidate.body, scratch, out)) {
      return;
    }

    Format format = choose_format(kind, control, candidate, a.text);
    LineBreaks breaks;
    if (format == Format::kText) breaks = LineBreaks::of(a.text, b.text);
    LiftResult lifted_a = lift_control(format, a.text, breaks, scratch);
    LiftResult lifted_b = lift_candidate(format, b.text, breaks, scratch);
    const auto malformed = [&] {
      return lifted_a.failure == LiftFailure::kMalformed ||
             lifted_b.failure == LiftFailure::kMalformed;
    };
    if (malformed() && (format == Format::kJson || format == Format::kJsonLines) &&
        kind == BodyKind::kAuto && !says_json(control) && !says_json(candidate)) {
      format = Format::kText;
      breaks = LineBreaks::of(a.text, b.text);
      lifted_a = lift_control(format, a.text, breaks, scratch);
      lifted_b = lift_candidate(format, b.text, breaks, scratch);
    }
    if (malformed() && format == Format::kText) {
      format = Format::kBytes;
      lifted_a = lift_control(format, a.text, breaks, scratch);
      lifted_b = lift_candidate(format, b.text, breaks, scratch);
    }
    if (!lifted_a.ok() || !lifted_b.ok()) {
      note_failure(lifted_a, lifted_b, a.text, b.text, scratch, out);
      return;
    }
    diff(reading(kind, format), scratch, out);
  }

  static bool says_json(const Answer& answer) {
    return answer.headers != nullptr &&
           answer.headers->value_or(http::KnownField::kContentType).find("json") !=
               std::string_view::npos;
  }

  LiftResult lift_control(Format format, std::string_view text, LineBreaks breaks,
                          Scratch& scratch) const {
    return lift_body(format, text, breaks, options_, scratch.json, scratch.control_arena,
                     scratch.control);
  }
  LiftResult lift_candidate(Format format, std::string_view text, LineBreaks breaks,
                            Scratch& scratch) const {
    return lift_body(format, text, breaks, options_, scratch.json, scratch.candidate_arena,
                     scratch.candidate);
  }

  /// Only one side begins with a byte order mark: white space to some readers, an error to others.
  void note_mark(bool of_control, Scratch& scratch, Comparison& out) const {
    WorkBudget work(options_.work_max);
    scratch.place.start(rules_, &work);
    for (const uint16_t rule : scratch.place.matched()) {
      if (!rules_[rule].ignore && rules_[rule].trim == Trim::kNone) continue;
      if (out.rule_hits.empty()) out.rule_hits.resize(rules_.size());
      ++out.rule_hits[rule];
      ++out.ignored;
      return;
    }
    if (out.differences.size() >= options_.differences_max) {
      ++out.dropped;
      return;
    }
    Rule trim;
    trim.path = *PathPattern::parse("$");
    trim.trim = Trim::kEnds;
    Difference& difference = out.differences.emplace_back();
    difference.dimension = Dimension::kValue;
    difference.path = difference.path_pattern = "$";
    difference.control_type = difference.candidate_type = ValueType::kBytes;
    difference.control_value = of_control ? "begins with a byte order mark" : "no byte order mark";
    difference.candidate_value =
        of_control ? "no byte order mark" : "begins with a byte order mark";
    difference.explanation = Explanation::kWhiteSpace;
    difference.rule = trim.text();
  }

  /// Says why bodies were not lifted: a bound makes them incomparable; what is not what it claims
  /// to be is a difference, because the bytes are known to differ.
  bool note_failure(const LiftResult& a, const LiftResult& b, std::string_view body_a,
                    std::string_view body_b, Scratch& scratch, Comparison& out) const {
    if (a.failure == LiftFailure::kTooLarge || b.failure == LiftFailure::kTooLarge) {
      const bool control = a.failure == LiftFailure::kTooLarge;
      out.reason = base::cat(control ? "control: " : "candidate: ", control ? a.reason : b.reason);
      return true;
    }
    WorkBudget work(options_.work_max);
    scratch.place.start(rules_, &work);
    for (const uint16_t rule : scratch.place.matched()) {
      if (!rules_[rule].ignore) continue;
      if (out.rule_hits.empty()) out.rule_hits.resize(rules_.size());
      ++out.rule_hits[rule];
      ++out.ignored;
      return true;
    }
    if (out.differences.size() >= options_.differences_max) {
      ++out.dropped;
      return true;
    }
    const auto shown = [&](const LiftResult& side, std::string_view body) {
      std::string text = side.ok() ? "" : base::cat("not parsed, ", side.reason, ": ");
      // Where in it the values to be hidden stand is not known.
      text += scratch.place.has_redactions()
                  ? "[redacted]"
                  : presentable(body.substr(0, options_.value_bytes_max), options_.value_bytes_max);
      return presentable(text, options_.value_bytes_max);
    };
    Difference& difference = out.differences.emplace_back();
    difference.dimension = Dimension::kUnparsed;
    difference.path = difference.path_pattern = "$";
    difference.control_type = difference.candidate_type = ValueType::kBytes;
    difference.control_value = shown(a, body_a);
    difference.candidate_value = shown(b, body_b);
    return true;
  }

  void diff(TableReading tables, Scratch& scratch, Comparison& out) const {
    WorkBudget work(options_.work_max);
    scratch.place.start(rules_, &work);
    TreeDiff(
        {
            .control = scratch.control,
            .candidate = scratch.candidate,
            .rules = rules_,
            .options = options_,
            .tables = tables,
            .place = scratch.place,
            .work = work,
        },
        out)
        .run();
    if (work.spent()) {
      out.reason =
          base::cat("the comparison took more than work_max ", options_.work_max, " steps");
    }
  }

  const Rules rules_;
  const ComparatorOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> scratches_;
};

Comparator::Comparator(Rules rules, ComparatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(rules), std::move(options))) {}
Comparator::~Comparator() = default;
Comparator::Comparator(Comparator&&) noexcept = default;
Comparator& Comparator::operator=(Comparator&&) noexcept = default;

Comparison Comparator::compare(const Answer& control, const Answer& candidate,
                               BodyKind kind) const {
  return impl_->compare(control, candidate, kind);
}

Comparison Comparator::compare_tables(const Table& control, const Table& candidate) const {
  return impl_->compare_tables(control, candidate);
}

const Rules& Comparator::rules() const { return impl_->rules(); }
const ComparatorOptions& Comparator::options() const { return impl_->options(); }

}  // namespace understudy::compare
