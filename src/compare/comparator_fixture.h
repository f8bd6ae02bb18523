#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "compare/comparator.h"
#include "http/fields.h"

namespace understudy::compare {

/// Two answers and the rules between them, said in the order in which a person would say them.
class ComparatorTest : public ::testing::Test {
 protected:
  /// Adds one rule, as written in a configuration file.
  void rule(const std::string& text) {
    auto parsed = Rules::parse_text("[" + text + "]");
    ASSERT_TRUE(parsed.ok()) << parsed.error().context;
    for (const Rule& one : parsed->list()) rules_.push_back(one);
  }
  void ignore(const std::string& path) { rule("{path: \"" + path + "\", ignore: true}"); }
  void control(std::string body) { control_ = std::move(body); }
  void candidate(std::string body) { candidate_ = std::move(body); }
  void bodies(std::string control, std::string candidate) {
    control_ = std::move(control);
    candidate_ = std::move(candidate);
  }
  void statuses(int control, int candidate) {
    control_status_ = control;
    candidate_status_ = candidate;
  }
  void content_type(std::string type) {
    control_fields_ = {{"Content-Type", std::move(type)}};
    candidate_fields_ = control_fields_;
  }
  void content_types(std::string control, std::string candidate) {
    control_fields_ = {{"Content-Type", std::move(control)}};
    candidate_fields_ = {{"Content-Type", std::move(candidate)}};
  }
  void control_header(std::string name, std::string value) {
    control_fields_.emplace_back(std::move(name), std::move(value));
  }
  void candidate_header(std::string name, std::string value) {
    candidate_fields_.emplace_back(std::move(name), std::move(value));
  }
  void read_as(BodyKind kind) { kind_ = kind; }

  const Comparison& compare() {
    const Comparator comparator(Rules(rules_), options);
    comparison_ = comparator.compare(
        answer(control_, control_status_, control_fields_, fields_a_),
        answer(candidate_, candidate_status_, candidate_fields_, fields_b_), kind_);
    return comparison_;
  }
  Outcome outcome() { return compare().outcome; }
  /// The only difference there is.
  Difference difference() {
    compare();
    EXPECT_EQ(comparison_.difference_count(), 1U) << summary();
    return comparison_.differences.empty() ? Difference{} : comparison_.differences[0];
  }
  Explanation explanation() { return difference().explanation; }
  /// "cell $.rows[0].a", one for each difference.
  std::vector<std::string> found() {
    std::vector<std::string> out;
    for (const Difference& one : compare().differences) {
      out.push_back(std::string(name(one.dimension)) + " " + one.path);
    }
    return out;
  }
  uint64_t hits(size_t rule) {
    compare();
    return comparison_.rule_hits.empty() ? 0 : comparison_.rule_hits.at(rule);
  }
  std::string summary() const {
    std::string out = std::string(name(comparison_.outcome)) + " " + comparison_.reason + "\n";
    for (const Difference& one : comparison_.differences) {
      out += std::string("  ") + name(one.dimension) + " " + one.path + ": " + one.control_value +
             " / " + one.candidate_value + " (" + name(one.explanation) + ") " + one.rule + "\n";
    }
    return out;
  }

  ComparatorOptions options;

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  Answer answer(const std::string& body, int status, const Headers& headers, http::Fields& fields) {
    fields.clear();
    for (const auto& [name, value] : headers) fields.add(name, value);
    return {status, &fields, body, true};
  }

  std::vector<Rule> rules_;
  std::string control_;
  std::string candidate_;
  int control_status_ = 200;
  int candidate_status_ = 200;
  Headers control_fields_ = {{"Content-Type", "application/json"}};
  Headers candidate_fields_ = control_fields_;
  http::Fields fields_a_;
  http::Fields fields_b_;
  BodyKind kind_ = BodyKind::kAuto;
  Comparison comparison_;
};

}  // namespace understudy::compare
