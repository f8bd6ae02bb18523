#include "store/decimal_grid.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>

namespace understudy::store {
namespace {

constexpr int kExactPowers = 22;  // 10^22 is the greatest power of ten that is a double
constexpr double kPowers[kExactPowers + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

double read_decimal(std::int64_t digits, int exponent) {
  char text[48];
  std::snprintf(text, sizeof(text), "%llde%d", static_cast<long long>(digits), exponent);
  const double value = std::strtod(text, nullptr);
  if (std::isfinite(value)) return value;
  return std::copysign(std::numeric_limits<double>::max(), value);
}

constexpr int kDecadeMin = -300;  // what is less is in the first bin
constexpr int kDecadeMax = 308;
constexpr int kDecades = kDecadeMax - kDecadeMin + 1;
constexpr std::array<int, kLogEdgesPerDecade> kHundredths = {100, 112, 125, 140, 160, 180, 200,
                                                             224, 250, 280, 315, 355, 400, 450,
                                                             500, 560, 630, 710, 800, 900};

/// All edges, and for the first bits of a double the last edge not above all such doubles.
struct LogTable {
  std::vector<double> edges;
  std::vector<std::uint16_t> first;

  LogTable() {
    edges.reserve(kDecades * kLogEdgesPerDecade + 1);
    for (int decade = kDecadeMin; decade <= kDecadeMax; ++decade) {
      for (const int hundredths : kHundredths)
        edges.push_back(read_decimal(hundredths, decade - 2));
    }
    edges.push_back(std::numeric_limits<double>::infinity());
    edges[0] = std::numeric_limits<double>::denorm_min();
    first.resize(std::size_t{1} << (LogBins::kTableBits - 1));
    std::uint16_t bin = 0;
    for (std::size_t place = 0; place < first.size(); ++place) {
      const double least =
          std::bit_cast<double>(static_cast<std::uint64_t>(place) << (64 - LogBins::kTableBits));
      while (bin + 2u < edges.size() && edges[bin + 1u] <= least) ++bin;
      first[place] = bin;
    }
  }
};

const LogTable& log_table() {
  static const LogTable table;
  return table;
}

}  // namespace

double linear_edge(std::int64_t index, int exponent) {
  if (exponent < 0 && exponent >= -kExactPowers) {
    return static_cast<double>(index) / kPowers[-exponent];
  }
  if (exponent >= 0 && exponent <= kExactPowers) {
    const double edge = static_cast<double>(index) * kPowers[exponent];
    return edge;
  }
  return read_decimal(index, exponent);
}

double log_edge(std::int64_t index) {
  const auto& edges = log_table().edges;
  if (index + 1 >= static_cast<std::int64_t>(edges.size())) {
    return std::numeric_limits<double>::max();
  }
  return edges[static_cast<std::size_t>(index)];
}

LogBins::LogBins() : edges_(log_table().edges.data()), first_(log_table().first.data()) {}

}  // namespace understudy::store
