#include "judge/verdict_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

using base::cat;

constexpr size_t kColumns = 6;
using TextRow = std::array<std::string, kColumns>;

std::string word(Ruling ruling) {
  switch (ruling) {
    case Ruling::kPass:
      return "PASS";
    case Ruling::kFail:
      return "FAIL";
    case Ruling::kNotEnoughEvidence:
      return "not enough evidence";
  }
  return {};
}

std::string side_text(const SideEvidence& side, const std::string& unit) {
  return side.measured ? in_unit(side.measured->value, unit) : "-";
}

std::string tested_text(const CriterionVerdict& criterion) {
  if (!criterion.tested) return "-";
  const std::string& unit = criterion.tested_unit;
  const Interval& tested = *criterion.tested;
  if (tested.low == tested.high && tested.low == tested.value) return in_unit(tested.value, unit);
  return cat(in_unit(tested.value, unit), " [", in_unit(tested.low, unit), ", ",
             in_unit(tested.high, unit), "]");
}

std::string limit_text(const CriterionVerdict& criterion) {
  if (!criterion.margin) return "-";
  const bool from_below = std::holds_alternative<SuccessRateCriterion>(criterion.criterion.rule) ||
                          std::holds_alternative<EvidenceCriterion>(criterion.criterion.rule);
  return cat(from_below ? ">= " : "<= ", in_unit(*criterion.margin, criterion.tested_unit));
}

// One paragraph broken at spaces, each line behind `indent` spaces.
std::string wrapped(const std::string& paragraph, size_t indent, size_t width_max) {
  const size_t room = width_max > indent + 20 ? width_max - indent : 20;
  std::string out;
  std::string line;
  for (const std::string_view part : base::split(paragraph, ' ')) {
    if (!line.empty() && line.size() + 1 + part.size() > room) {
      out += cat(std::string(indent, ' '), line, "\n");
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += part;
  }
  if (!line.empty()) out += cat(std::string(indent, ' '), line, "\n");
  return out;
}

std::string aligned(const TextRow& row, const std::array<size_t, kColumns>& widths) {
  std::string line;
  for (size_t column = 0; column < kColumns; ++column) {
    line += row[column];
    if (column + 1 < kColumns) line.append(widths[column] - row[column].size() + 2, ' ');
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line + "\n";
}

}  // namespace

std::string verdict_to_text(const Verdict& verdict, const VerdictTextOptions& options) {
  std::string out = cat(base::printable(verdict.migration), ": ", word(verdict.overall), "\n");
  out += wrapped(base::printable(verdict.headline, 2'000), 0, options.width_max);
  const int64_t window_ms =
      std::max<int64_t>(verdict.window.end_ns - verdict.window.start_ns, 0) / 1'000'000;
  out += cat(with_thousands(verdict.evaluations), " evaluations (", with_thousands(verdict.judged),
             " judged) in ", duration_words(window_ms), " since ", rfc3339(verdict.window.start_ns),
             "; confidence ", percent(1 - verdict.alpha), "; criteria ",
             verdict.criteria_hash.substr(0, 12), "\n");
  if (verdict.baseline) {
    out += cat("baseline from ", rfc3339(verdict.baseline->start_ns), " to ",
               rfc3339(verdict.baseline->end_ns), "\n");
  }
  out += "\n";

  const TextRow header = {"verdict", "criterion", "control", "candidate", "tested", "limit"};
  std::vector<TextRow> rows;
  for (const CriterionVerdict& criterion : verdict.criteria) {
    rows.push_back({word(criterion.ruling), base::printable(criterion.criterion.text(), 60),
                    side_text(criterion.control, criterion.unit),
                    side_text(criterion.candidate, criterion.unit), tested_text(criterion),
                    limit_text(criterion)});
  }
  std::array<size_t, kColumns> widths{};
  for (size_t column = 0; column < kColumns; ++column) {
    widths[column] = header[column].size();
    for (const TextRow& row : rows) widths[column] = std::max(widths[column], row[column].size());
  }
  if (!rows.empty()) out += aligned(header, widths);
  for (size_t i = 0; i < rows.size(); ++i) {
    out += aligned(rows[i], widths);
    out += wrapped(base::printable(verdict.criteria[i].explanation, 2'000), 4, options.width_max);
    if (verdict.criteria[i].missing) {
      out += wrapped(cat("missing: ", base::printable(verdict.criteria[i].missing->text, 2'000)), 4,
                     options.width_max);
    }
  }
  const auto by_reason = [&](const char* title, const std::vector<Excluded>& groups) {
    if (groups.empty()) return;
    out += title;
    for (const Excluded& one : groups) {
      out += wrapped(cat(with_thousands(one.evaluations), " ", one.reason, ": ", one.meaning), 2,
                     options.width_max);
    }
  };
  by_reason("\nnot part of the comparison:\n", verdict.excluded);
  by_reason("\njudged, but not for differences:\n", verdict.not_compared);
  return out;
}

}  // namespace understudy::judge
