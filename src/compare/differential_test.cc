// The comparator against a second opinion: nlohmann-json and the plainest comparison there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "compare/comparator.h"
#include "http/fields.h"

namespace understudy::compare {
namespace {

using nlohmann::json;

enum class Numbers { kByType, kByValue };  // kByValue: 1 is 1.0

/// Equal by value and by type, members in any order.
bool naive_equal(const json& a, const json& b, Numbers numbers = Numbers::kByType) {
  if (numbers == Numbers::kByType && a.is_number_float() != b.is_number_float()) return false;
  if (a.is_number() && b.is_number()) return a == b;
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_object()) {
    for (const auto& [key, value] : a.items()) {
      if (!b.contains(key) || !naive_equal(value, b[key], numbers)) return false;
    }
    return true;
  }
  if (a.is_array()) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (!naive_equal(a[i], b[i], numbers)) return false;
    }
    return true;
  }
  return a == b;
}

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  json value(int depth) {
    switch (below(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<int64_t>(below(5)) - 2;
      case 3:
        return static_cast<double>(below(8)) / 4 + 0.1;
      case 4:
      case 5:
        return text();
      case 6: {
        if (depth > 2 && below(4) == 0) return named_table();  // two arrays deep itself
        json out = json::array();
        const uint64_t size = below(40) == 0 ? 60 : below(5);
        const bool uniform = below(2) == 0;
        const json first = value(depth - 1);
        for (uint64_t i = 0; i < size; ++i) {
          out.push_back(uniform && below(3) != 0 ? first : value(depth - 1));
        }
        return out;
      }
      default: {
        json out = json::object();
        const uint64_t size = below(40) == 0 ? 50 : below(6);
        for (uint64_t i = 0; i < size; ++i)
          out[text() + std::to_string(below(60))] = value(depth - 1);
        return out;
      }
    }
  }

  /// Changes a few places, or none.
  void mutate(json& at) {
    if (below(3) != 0 && at.is_structured() && !at.empty()) {
      auto child = at.begin();
      std::advance(child, static_cast<std::ptrdiff_t>(below(at.size())));
      mutate(*child);
      return;
    }
    switch (below(7)) {
      case 0:
        at = value(2);
        break;
      case 1:
        if (at.is_array()) at.push_back(value(1));
        if (at.is_object()) at["new"] = value(1);
        break;
      case 2:
        if (at.is_structured() && !at.empty()) at.erase(at.begin());
        break;
      case 3:
        if (at.is_array()) std::shuffle(at.begin(), at.end(), random_);
        break;
      case 4:
        if (at.is_number_integer()) at = at.get<double>();
        break;
      case 5:
        move_columns(at);
        break;
      default:
        break;
    }
  }

  /// The same value with members shuffled, other white space, other escapes.
  std::string written(const json& at) {
    std::string space = below(3) == 0 ? std::string(below(3), " \n\t"[below(3)]) : "";
    if (at.is_object()) {
      std::vector<std::string> members;
      for (const auto& [key, item] : at.items()) {
        members.push_back(written(json(key)) + space + ":" + written(item));
      }
      std::shuffle(members.begin(), members.end(), random_);
      return joined('{', members, '}', space);
    }
    if (at.is_array()) {
      std::vector<std::string> items;
      for (const json& item : at) items.push_back(written(item));
      return joined('[', items, ']', space);
    }
    return space + at.dump(-1, ' ', below(2) == 0) + space;
  }

  uint64_t below(uint64_t bound) { return random_() % bound; }

 private:
  json named_table() {
    json out = {{"columns", json::array()}, {"rows", json::array()}};
    const uint64_t columns = 1 + below(4);
    for (uint64_t i = 0; i < columns; ++i) out["columns"].push_back(text() + std::to_string(i));
    for (uint64_t r = below(5); r > 0; --r) {
      json row = json::array();
      for (uint64_t i = below(9) == 0 ? 0 : columns; i > 0; --i) row.push_back(value(0));
      out["rows"].push_back(row);
    }
    return out;
  }
  static void move_columns(json& at) {
    if (!at.is_object() || !at.contains("columns") || !at["columns"].is_array()) return;
    std::reverse(at["columns"].begin(), at["columns"].end());
    if (!at.contains("rows") || !at["rows"].is_array()) return;
    for (json& row : at["rows"]) {
      if (row.is_array()) std::reverse(row.begin(), row.end());
    }
  }
  std::string text() {
    constexpr const char* kTexts[] = {"", "a", "bc", "naïve", "q\"uote", "tab\t", "😀", "a.b"};
    return kTexts[below(8)];
  }
  static std::string joined(char open, const std::vector<std::string>& parts, char close,
                            const std::string& space) {
    std::string out(1, open);
    for (const std::string& part : parts) {
      if (out.size() > 1) out += "," + space;
      out += part;
    }
    return out + space + close;
  }

  std::mt19937_64 random_;
};

TEST(Differential, AgreesWithANaiveComparisonOnRandomMutations) {
  const Comparator comparator;
  const http::Fields headers{{"content-type", "application/json", http::KnownField::kContentType}};
  int equal = 0;
  int different = 0;
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    Maker maker(seed);
    const json control = maker.value(4);
    json candidate = control;
    for (uint64_t i = maker.below(3); i > 0; --i) maker.mutate(candidate);
    const std::string a = maker.written(control);
    const std::string b = maker.written(candidate);
    const bool expected = naive_equal(control, candidate);
    const Comparison tree =
        comparator.compare({.status = 200, .body = a}, {.status = 200, .body = b}, BodyKind::kJson);
    ASSERT_EQ(tree.outcome == Outcome::kMatch, expected) << "seed " << seed << "\n"
                                                         << a << "\n"
                                                         << b;
    ASSERT_EQ(tree.difference_count() == 0, expected);
    (expected ? equal : different) += 1;

    // As tables a column of floats may leave out zeros; nothing else is more lenient.
    const Comparison table =
        comparator.compare({.status = 200, .headers = &headers, .body = a},
                           {.status = 200, .headers = &headers, .body = b}, BodyKind::kTable);
    if (expected) {
      ASSERT_EQ(table.outcome, Outcome::kMatch) << "seed " << seed << "\n" << a << "\n" << b;
    } else if (!naive_equal(control, candidate, Numbers::kByValue)) {
      ASSERT_EQ(table.outcome, Outcome::kMismatch) << "seed " << seed << "\n" << a << "\n" << b;
    }
    const Comparison swapped =
        comparator.compare({.status = 200, .headers = &headers, .body = b},
                           {.status = 200, .headers = &headers, .body = a}, BodyKind::kTable);
    ASSERT_EQ(swapped.outcome, table.outcome) << "seed " << seed << "\n" << a << "\n" << b;
  }
  EXPECT_GT(equal, 3000);
  EXPECT_GT(different, 3000);
}

TEST(Differential, IgnoringTheRootAcceptsEverything) {
  const Comparator comparator(*Rules::parse_text("[{path: $, ignore: true}]"));
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Maker maker(seed);
    const json control = maker.value(3);
    const json candidate = maker.value(3);
    const Comparison found =
        comparator.compare({.status = 200, .body = maker.written(control)},
                           {.status = 200, .body = maker.written(candidate)}, BodyKind::kAuto);
    ASSERT_EQ(found.difference_count(), 0U);
  }
}

TEST(Differential, UnorderedEverywhereAcceptsAnyShuffle) {
  const Comparator comparator(
      *Rules::parse_text("[{path: $, unordered: true}, {path: '$..*', unordered: true}]"));
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Maker maker(seed);
    json control = maker.value(4);
    json candidate = control;
    const auto shuffle = [&](auto& self, json& at) -> void {
      if (!at.is_structured()) return;
      for (json& child : at) self(self, child);
      if (at.is_array()) {
        std::mt19937_64 random(seed);
        std::shuffle(at.begin(), at.end(), random);
      }
    };
    shuffle(shuffle, candidate);
    const std::string a = maker.written(control);
    const std::string b = maker.written(candidate);
    const Comparison found =
        comparator.compare({.status = 200, .body = a}, {.status = 200, .body = b}, BodyKind::kJson);
    ASSERT_EQ(found.difference_count(), 0U) << "seed " << seed << "\n" << a << "\n" << b;
  }
}

}  // namespace
}  // namespace understudy::compare
