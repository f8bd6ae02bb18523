// Runs testdata/expressions/*.expr; testdata/README.md describes the format. UPDATE_GOLDEN=1
// rewrites the answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "query/expression_parser.h"
#include "store/duckdb/duckdb_store.h"
#include "store/memory/evaluate.h"

namespace understudy::query {
namespace {

using event::Value;
using nlohmann::json;
using store::Expression;

std::string shown(const Value& value) {
  if (value.is_double() && std::isnan(value.as_double())) return "NaN";
  return base::printable(event::to_string(value), 1'000);
}

/// The tree, with functions by their names: what precedence and sugar came to.
std::string tree(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kConstant:
      return shown(expression.constant);
    case Expression::Kind::kColumn:
      return "$" + expression.column;
    case Expression::Kind::kCall:
      break;
  }
  std::string text = base::cat(store::name(expression.function), "(");
  for (size_t i = 0; i < expression.arguments.size(); ++i) {
    text += base::cat(i > 0 ? ", " : "", tree(expression.arguments[i]));
  }
  return text + ")";
}

class Event {
 public:
  void read(const json& fields) {
    values_.clear();
    time_ns_ = 0;
    for (const auto& [name, value] : fields.items()) {
      if (name == "time_ns") time_ns_ = value.get<int64_t>();
      if (value.is_boolean()) values_[name] = value.get<bool>();
      if (value.is_number_integer()) values_[name] = value.get<int64_t>();
      if (value.is_number_float()) values_[name] = value.get<double>();
      if (value.is_string()) values_[name] = value.get<std::string>();
    }
  }
  /// The same event for an engine.
  event::Event made() const {
    event::Event event("events", time_ns_);
    for (const auto& [name, value] : values_) {
      event.add(*event::Column::intern(name), value.view());
    }
    return event;
  }
  Value evaluate(const Expression& expression) const {
    return store::evaluate(
        expression, {.time_ns = time_ns_, .column = [&](const std::string& name) {
                       const auto found = values_.find(name);
                       return found == values_.end() ? event::ValueView() : found->second.view();
                     }});
  }

 private:
  std::map<std::string, Value> values_;
  int64_t time_ns_ = 0;
};

std::string answer(const std::string& text, const Event& event) {
  const auto expression = parse_expression(text);
  if (!expression.ok()) {
    std::string lines;
    for (const std::string_view line : base::split(expression.error().context, '\n')) {
      lines += base::cat("! ", line, "\n");
    }
    return lines;
  }
  const store::Computed computed{"field", *expression};
  const auto valid = store::validate({&computed, 1});
  EXPECT_TRUE(valid.ok()) << text << ": " << valid.error().context;
  return base::cat("  ", tree(*expression), "\n= ", shown(event.evaluate(*expression)), "\n");
}

class ExpressionGoldenTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ExpressionGoldenTest, GivesTheAnswersInTheFile) {
  std::ifstream file(GetParam(), std::ios::binary);
  std::string rewritten;
  std::string original;
  std::string line;
  Event event;
  int asked = 0;
  while (std::getline(file, line)) {
    original += line + "\n";
    const bool is_answer =
        line.starts_with("= ") || line.starts_with("! ") || line.starts_with("  ");
    if (is_answer) continue;
    rewritten += line + "\n";
    if (line.starts_with("event ")) event.read(json::parse(line.substr(6)));
    if (line.starts_with("> ")) {
      std::string text = line.substr(2);
      // One expression in several lines.
      for (size_t at = 0; (at = text.find("\\\\n", at)) != text.npos;) text.replace(at, 3, "\n");
      rewritten += answer(text, event);
      ++asked;
    }
  }
  EXPECT_GT(asked, 0);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GetParam(), std::ios::binary) << rewritten;
  } else {
    EXPECT_EQ(rewritten, original);
  }
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(TEST_DATA_DIR) / "testdata" / "expressions")) {
    if (entry.path().extension() == ".expr") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The values in the files are those of the interpreter; the engine that answers has to agree.
TEST_P(ExpressionGoldenTest, DuckDbGivesTheSameValues) {
  std::string folder = "/tmp/understudy-expressions-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ifstream file(GetParam(), std::ios::binary);
  std::string line;
  Event event;
  store::Select select{.dataset = "events"};
  std::vector<std::pair<std::string, std::string>> expected;  // expression and value
  while (std::getline(file, line)) {
    if (line.starts_with("event ")) event.read(json::parse(line.substr(6)));
    if (!line.starts_with("> ")) continue;
    const auto expression = parse_expression(line.substr(2));
    if (!expression.ok()) continue;
    select.row_columns.push_back(base::cat("field ", expected.size()));
    select.computed.push_back({select.row_columns.back(), *expression});
    expected.emplace_back(line, shown(event.evaluate(*expression)));
  }
  {
    auto store = store::DuckDbStore::open({.log = {.folder = folder}});
    ASSERT_TRUE(store.ok()) << store.error().context;
    const event::Event made = event.made();
    ASSERT_TRUE((*store)->append({&made, 1}).ok());
    ASSERT_TRUE((*store)->wait_until_queryable(std::chrono::minutes(1)).ok());
    constexpr size_t kLeading = 2;  // time and sample rate
    for (size_t begin = 0; begin < expected.size(); begin += store::kComputedMax) {
      const size_t end = std::min(begin + store::kComputedMax, expected.size());
      store::Select part{.dataset = select.dataset};
      part.computed.assign(select.computed.begin() + static_cast<std::ptrdiff_t>(begin),
                           select.computed.begin() + static_cast<std::ptrdiff_t>(end));
      part.row_columns.assign(select.row_columns.begin() + static_cast<std::ptrdiff_t>(begin),
                              select.row_columns.begin() + static_cast<std::ptrdiff_t>(end));
      const auto table = (*store)->select(part);
      ASSERT_TRUE(table.ok()) << table.error().context;
      ASSERT_EQ(table->rows.size(), 1u);
      for (size_t i = begin; i < end; ++i) {
        EXPECT_EQ(shown(table->rows[0][i - begin + kLeading]), expected[i].second)
            << expected[i].first;
      }
    }
  }
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Expressions, ExpressionGoldenTest, testing::ValuesIn(golden_files()),
                         [](const testing::TestParamInfo<std::filesystem::path>& file) {
                           return file.param.stem().string();
                         });

// --- hostile ---

std::string refusal(const std::string& text) {
  const auto expression = parse_expression(text);
  return expression.ok() ? "" : expression.error().context;
}

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(HostileExpression, NestingIsRefusedWhereItGetsTooDeep) {
  for (const std::string part : {"(", "!", "NOT(", "IF(1,"}) {
    const std::string message = refusal(repeated(part, kExpressionBytesMax / part.size()));
    EXPECT_NE(message.find("this nests deeper than 100"), message.npos) << part << message;
  }
  for (const std::string part : {"-1", "*1", "/1", "%1", "=1", "<1", "!=1"}) {
    const std::string message = refusal("1" + repeated(part, 1'000));
    EXPECT_NE(message.find("this nests deeper than 100"), message.npos) << part << message;
  }
  EXPECT_EQ(refusal(repeated("(", 99) + "1" + repeated(")", 99)), "");
  EXPECT_EQ(refusal(repeated("!", 99) + "1"), "");
}

TEST(HostileExpression, LongChainsOfOneSignAreFlat) {
  for (const std::string part : {"+1", " AND 1", " OR 1"}) {
    EXPECT_EQ(refusal("1" + repeated(part, 500)), "") << part;
  }
  EXPECT_EQ(refusal("SUM(" + repeated("1,", 1'000) + ")"), "");
}

TEST(HostileExpression, LengthIsBounded) {
  EXPECT_EQ(refusal(repeated(" ", kExpressionBytesMax - 1) + "1"), "");
  EXPECT_EQ(refusal(repeated(" ", kExpressionBytesMax) + "1"),
            "an expression has at most 4095 bytes, not 4096");
  EXPECT_EQ(refusal("\"\xFF\""), "an expression is UTF-8");
}

TEST(HostileExpression, PatternsAreBoundedAndFormatsToo) {
  EXPECT_NE(refusal("REG_MATCH($a, `((a{100}){100}){100}`)"), "");
  EXPECT_NE(refusal("FORMAT_TIME(\"" + repeated("%c", 200) + "\", $a)"), "");
}

TEST(HostileExpression, ErrorShowsThePlaceInALongText) {
  const std::string message = refusal(repeated("1 + ", 500) + "FOO(1)" + repeated(" + 1", 200));
  EXPECT_NE(message.find("(character 2001)"), message.npos) << message;
  EXPECT_NE(message.find("...1 + "), message.npos) << message;
  EXPECT_LT(message.size(), 400u) << message;
}

}  // namespace
}  // namespace understudy::query
