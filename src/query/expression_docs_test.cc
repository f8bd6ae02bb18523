// docs/calculated-fields.md is held to the code: the same functions, and examples that are true.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/text.h"
#include "query/expression_functions.h"
#include "query/expression_parser.h"
#include "store/memory/evaluate.h"
#include "store/text_time.h"

namespace understudy::query {
namespace {

using event::Value;

constexpr std::string_view kArrow = "   => ";

std::string read_file(const char* path) {
  std::ifstream file(std::filesystem::path(TEST_DATA_DIR) / "../.." / path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string read_page() { return read_file("docs/calculated-fields.md"); }

/// One function's section: what stands below its heading.
struct Section {
  std::string usage;
  std::vector<std::pair<std::string, std::string>> examples;  // expression, value
  std::string prose;
};

/// What stands between `open` and `close`, from `at` on.
std::string between(const std::string& text, size_t at, const std::string& open,
                    const std::string& close) {
  const size_t begin = text.find(open, at);
  if (begin == text.npos) return "";
  return text.substr(begin + open.size(),
                     text.find(close, begin + open.size()) - begin - open.size());
}

std::map<std::string, Section> sections(const std::string& page) {
  std::map<std::string, Section> all;
  for (size_t at = page.find("\n### "); at != page.npos; at = page.find("\n### ", at + 1)) {
    const std::string name = between(page, at, "### ", "\n");
    const std::string body = page.substr(at + 5, page.find("\n##", at + 5) - at - 5);
    EXPECT_FALSE(all.contains(name)) << name << " has two sections";
    Section& section = all[name];
    const std::string code = between(body, 0, "```\n", "```");
    for (const std::string_view line : base::split(base::trim(code), '\n')) {
      const size_t arrow = line.find(kArrow);
      if (arrow == line.npos) {
        EXPECT_EQ(section.usage, "") << name;
        section.usage = line;
      } else {
        section.examples.emplace_back(line.substr(0, arrow), line.substr(arrow + kArrow.size()));
      }
    }
    section.prose = body.substr(body.rfind("```"));
  }
  return all;
}

TEST(ExpressionDocs, HaveTheFunctionsThatThereAre) {
  const auto described = sections(read_page());
  std::set<std::string> known;
  for (const ExpressionFunction& function : expression_functions()) {
    const std::string name(function.name);
    known.insert(name);
    ASSERT_TRUE(described.contains(name)) << name << " is not in the documentation";
    const Section& section = described.at(name);
    EXPECT_EQ(section.usage, function.usage);
    EXPECT_FALSE(section.examples.empty()) << name;
    EXPECT_NE(section.prose.find("Null:"), std::string::npos) << name << " says nothing of null";
  }
  for (const auto& [name, section] : described) {
    EXPECT_TRUE(known.contains(name)) << name << " is documented and does not exist";
  }
}

TEST(ExpressionDocs, ExamplesAreTrue) {
  const std::string page = read_page();
  const size_t at = page.find("The examples are about this event");
  ASSERT_NE(at, page.npos);
  const auto fields = nlohmann::json::parse(between(page, at, "```json\n", "```"));
  std::map<std::string, Value> values;
  for (const auto& [name, value] : fields.items()) {
    if (value.is_boolean()) values[name] = value.get<bool>();
    if (value.is_number_integer()) values[name] = value.get<int64_t>();
    if (value.is_number_float()) values[name] = value.get<double>();
    if (value.is_string()) values[name] = value.get<std::string>();
  }
  const store::EvaluatedEvent event{
      .time_ns = 1'500'549'764'888'000'000, .column = [&](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? event::ValueView() : found->second.view();
      }};
  int examples = 0;
  for (const auto& [name, section] : sections(page)) {
    for (const auto& [text, expected] : section.examples) {
      const auto expression = parse_expression(text);
      ASSERT_TRUE(expression.ok()) << text << "\n" << expression.error().context;
      EXPECT_EQ(event::to_string(store::evaluate(*expression, event)), expected) << text;
      ++examples;
    }
  }
  EXPECT_GE(examples, 60);
}

TEST(ExpressionDocs, PagesSuggestTheSameFunctions) {
  const std::string list =
      between(read_file("web/src/pages/explore/spec.ts"), 0, "export const functions", "];");
  std::set<std::string> suggested;
  for (size_t at = list.find("name: \""); at != list.npos; at = list.find("name: \"", at + 1)) {
    suggested.insert(between(list, at, "\"", "(\""));
  }
  std::set<std::string> known;
  for (const ExpressionFunction& function : expression_functions()) known.emplace(function.name);
  EXPECT_EQ(suggested, known);
}

TEST(ExpressionDocs, NameWhatIsRefused) {
  const std::string page = read_page();
  const std::string refused = page.substr(page.find("## Not supported"));
  size_t found = 0;
  for (size_t at = refused.find("\n- `"); at != refused.npos; at = refused.find("\n- `", at + 1)) {
    EXPECT_NE(refused_function(between(refused, at, "`", "`")), "");
    ++found;
  }
  EXPECT_EQ(found, 3u);
}

TEST(ExpressionDocs, HaveTheDirectivesOfTimes) {
  const std::string page = read_page();
  const std::string table =
      between(page, page.find("### FORMAT_TIME"), "|---|---|---|---|\n", "\n\n");
  std::set<char> described;
  for (size_t at = table.find("`%"); at != table.npos; at = table.find("`%", at + 1)) {
    if (table.substr(at + 3, 1) == "`") described.insert(table[at + 2]);
  }
  for (int letter = 33; letter < 127; ++letter) {
    const std::string format = base::cat('%', static_cast<char>(letter));
    EXPECT_EQ(store::check_time_format(format).ok(), described.contains(static_cast<char>(letter)))
        << format;
  }
}

}  // namespace
}  // namespace understudy::query
