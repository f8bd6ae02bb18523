#pragma once

#include <memory>

#include "compare/answer.h"
#include "compare/comparator_options.h"
#include "compare/comparison.h"
#include "compare/rules.h"
#include "compare/table.h"

namespace understudy::compare {

/// Compares control's answer with candidate's: lift, clean, diff, explain.
/// Pure: no clock, no I/O, no memory of earlier calls. A body that cannot be parsed is compared as
/// bytes and reported as Dimension::kUnparsed, never as a match unless it is byte-equal.
/// Failure: never; hostile bodies end at a named bound and are kIncomparable with a reason.
/// Ownership: holds its rules and options; a Comparison owns its data.
/// Threads: const methods may run at once on any number of threads; working memory is pooled
/// inside behind a short lock.
/// Cost: byte-equal bodies one memcmp; else linear in body size, at most `work_max` steps.
class Comparator {
 public:
  explicit Comparator(Rules rules = {}, ComparatorOptions options = {});
  ~Comparator();
  Comparator(Comparator&&) noexcept;
  Comparator& operator=(Comparator&&) noexcept;

  Comparison compare(const Answer& control, const Answer& candidate,
                     BodyKind kind = BodyKind::kAuto) const;
  /// Result sets of callers inside the process, without a trip through text.
  Comparison compare_tables(const Table& control, const Table& candidate) const;

  const Rules& rules() const;
  const ComparatorOptions& options() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy::compare
