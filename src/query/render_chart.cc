#include "query/render_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "base/text.h"
#include "query/cell_text.h"
#include "query/rfc3339.h"

namespace understudy::query {
namespace {

using base::cat;

constexpr size_t kDotsAcross = 2;  // Braille cells are 2 x 4 dots
constexpr size_t kDotsDown = 4;
constexpr size_t kWidthMax = 500;
constexpr size_t kHeightMax = 100;
constexpr size_t kGroupsMax = 26;  // one letter each

/// A grid of Braille cells in which lines are drawn; (0, 0) is the lower left dot.
class BrailleGrid {
 public:
  BrailleGrid(size_t width, size_t height)
      : width_(width), height_(height), dots_(width * height), letters_(width * height) {}

  int64_t dots_wide() const { return static_cast<int64_t>(width_ * kDotsAcross); }
  int64_t dots_high() const { return static_cast<int64_t>(height_ * kDotsDown); }

  void dot(int64_t x, int64_t y) {
    const auto at = cell(x, y);
    if (!at) return;
    // Unicode numbers the dots column by column, the fourth row last (U+2800).
    constexpr uint8_t kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const auto row = kDotsDown - 1 - static_cast<size_t>(y) % kDotsDown;
    dots_[*at] = static_cast<uint8_t>(dots_[*at] | kBits[row][static_cast<size_t>(x) % 2]);
  }

  void line(int64_t x0, int64_t y0, int64_t x1, int64_t y1) {
    const int64_t steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), int64_t{1}});
    for (int64_t i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(steps);
      dot(x0 + std::llround(static_cast<double>(x1 - x0) * share),
          y0 + std::llround(static_cast<double>(y1 - y0) * share));
    }
  }

  void letter(int64_t x, int64_t y, char letter) {
    if (const auto at = cell(x, y)) letters_[*at] = letter;
  }

  /// One line of the plot, counted from the top; without trailing blanks.
  std::string row(size_t from_top) const {
    std::string out;
    size_t kept = 0;
    for (size_t i = from_top * width_; i < (from_top + 1) * width_; ++i) {
      if (letters_[i] != 0) {
        out += letters_[i];
      } else if (dots_[i] != 0) {
        const unsigned code = 0x2800U + dots_[i];
        out += static_cast<char>(0xE0U | code >> 12U);
        out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (code & 0x3FU));
      } else {
        out += ' ';
        continue;
      }
      kept = out.size();
    }
    out.resize(kept);
    return out;
  }

 private:
  std::optional<size_t> cell(int64_t x, int64_t y) const {
    if (x < 0 || y < 0 || x >= dots_wide() || y >= dots_high()) return std::nullopt;
    const size_t from_top = height_ - 1 - static_cast<size_t>(y) / kDotsDown;
    return from_top * width_ + static_cast<size_t>(x) / kDotsAcross;
  }

  size_t width_;
  size_t height_;
  std::vector<uint8_t> dots_;
  std::vector<char> letters_;
};

struct Line {
  std::string name;
  std::vector<std::optional<double>> values;  // one per bucket
};

std::string group_name(const QueryResult& result, const Row& cells) {
  std::string name;
  for (size_t i = 0; i < result.breakdowns && i < cells.size(); ++i) {
    name += cat(i > 0 ? ", " : "", cell_text(cells[i], "(none)", 40));
  }
  return name;
}

// The lines of one calculation, in the order of the results.
std::vector<Line> lines_of(const QueryResult& result, size_t calculation, size_t groups_max) {
  std::vector<Line> lines;
  std::map<std::string, size_t> index;
  const auto buckets = static_cast<size_t>(result.window.bucket_count());
  // Nothing counted is a zero; anything else over no events is unknown.
  const bool zero_when_absent =
      result.spec.calculations.at(calculation).op == CalculationOp::kCount;
  const std::optional<double> absent = zero_when_absent ? std::optional<double>(0) : std::nullopt;
  for (const Row& row : result.results) {
    if (lines.size() >= groups_max) break;
    const std::string name = group_name(result, row);
    if (!index.emplace(name, lines.size()).second) continue;
    lines.push_back({name, std::vector<std::optional<double>>(buckets, absent)});
  }
  const int64_t first_s =
      result.window.start_s / result.window.granularity_s * result.window.granularity_s;
  for (const SeriesPoint& point : result.series) {
    const auto found = index.find(group_name(result, point.cells));
    const int64_t bucket = (point.time_s - first_s) / result.window.granularity_s;
    const size_t cell = result.breakdowns + calculation;
    if (found == index.end() || bucket < 0 || static_cast<size_t>(bucket) >= buckets) continue;
    if (cell < point.cells.size() && point.cells[cell].is_number() &&
        std::isfinite(point.cells[cell].as_number())) {
      lines[found->second].values[static_cast<size_t>(bucket)] = point.cells[cell].as_number();
    }
  }
  return lines;
}

struct Scale {
  double low = 0;
  double high = 0;
};

// Zero is always in sight, so that a small change does not look like a big one.
Scale scale_of(const std::vector<Line>& lines) {
  Scale scale;
  for (const Line& line : lines) {
    for (const auto& value : line.values) {
      if (!value) continue;
      scale.low = std::min(scale.low, *value);
      scale.high = std::max(scale.high, *value);
    }
  }
  return scale;
}

void draw(BrailleGrid& grid, const Line& line, const Scale& scale, std::optional<char> letter) {
  const auto buckets = static_cast<int64_t>(line.values.size());
  const double height = scale.high > scale.low ? scale.high - scale.low : 1;
  const auto x_of = [&](int64_t bucket) {
    return buckets <= 1 ? int64_t{0} : bucket * (grid.dots_wide() - 1) / (buckets - 1);
  };
  const auto y_of = [&](double value) {
    return std::llround((value - scale.low) / height * static_cast<double>(grid.dots_high() - 1));
  };
  std::optional<std::pair<int64_t, int64_t>> last;
  bool connected = false;
  for (int64_t bucket = 0; bucket < buckets; ++bucket) {
    const auto& value = line.values[static_cast<size_t>(bucket)];
    if (!value) {
      connected = false;
      continue;
    }
    const std::pair here{x_of(bucket), y_of(*value)};
    if (connected) {
      grid.line(last->first, last->second, here.first, here.second);
    } else {
      grid.dot(here.first, here.second);
    }
    last = here;
    connected = true;
  }
  if (last && letter) grid.letter(last->first, last->second, *letter);
}

std::string plot(const QueryResult& result, size_t calculation, const ChartOptions& options) {
  const size_t width = std::clamp<size_t>(options.width, 10, kWidthMax);
  const size_t height = std::clamp<size_t>(options.height, 2, kHeightMax);
  const std::vector<Line> lines =
      lines_of(result, calculation, std::min(options.groups_max, kGroupsMax));
  const Scale scale = scale_of(lines);
  BrailleGrid grid(width, height);
  const bool lettered = lines.size() > 1;
  for (size_t i = 0; i < lines.size(); ++i) {
    draw(grid, lines[i], scale,
         lettered ? std::optional(static_cast<char>('a' + i)) : std::nullopt);
  }

  const std::string top = short_number(scale.high);
  const std::string bottom = short_number(scale.low);
  const size_t margin = std::max(top.size(), bottom.size());
  const auto label = [&](size_t row) {
    const std::string& text = row == 0 ? top : bottom;
    const bool labelled = row == 0 || row + 1 == height;
    return labelled ? cat(std::string(margin - text.size(), ' '), text, " ┤")
                    : cat(std::string(margin, ' '), " │");
  };
  std::string out = cat(base::printable(result.columns[result.breakdowns + calculation]), "\n");
  for (size_t row = 0; row < height; ++row) out += cat(label(row), grid.row(row), "\n");

  const std::string start = rfc3339_seconds(result.window.start_s);
  const std::string end = rfc3339_seconds(result.window.end_s);
  const size_t gap = width > start.size() + end.size() ? width - start.size() - end.size() : 1;
  out += cat(std::string(margin, ' '), "  ", start, std::string(gap, ' '), end, "\n");
  if (lettered) {
    for (size_t i = 0; i < lines.size(); ++i) {
      out +=
          cat(std::string(margin + 2, ' '), static_cast<char>('a' + i), " ", lines[i].name, "\n");
    }
  }
  if (result.results.size() > lines.size()) {
    out += cat(std::string(margin + 2, ' '), "and ", result.results.size() - lines.size(),
               " more groups, not drawn\n");
  }
  return out;
}

}  // namespace

std::string render_chart(const QueryResult& result, const ChartOptions& options) {
  if (result.series.empty()) {
    return cat("no events from ", rfc3339_seconds(result.window.start_s), " to ",
               rfc3339_seconds(result.window.end_s), "\n");
  }
  std::string out;
  for (size_t i = 0; i < result.spec.calculations.size(); ++i) {
    if (i > 0) out += "\n";
    out += plot(result, i, options);
  }
  return out;
}

}  // namespace understudy::query
