// Runs testdata/*.test; testdata/README.md describes the format. UPDATE_GOLDEN=1 rewrites answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/text.h"
#include "query/cli_syntax.h"
#include "query/render_chart.h"
#include "query/render_csv.h"
#include "query/render_json.h"
#include "query/render_table.h"
#include "query/run_query.h"
#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

using nlohmann::json;

struct Section {
  std::string kind;
  std::string body;
};

std::vector<Section> read_sections(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<Section> sections;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("--- ")) {
      sections.push_back({line.substr(4), ""});
    } else if (!sections.empty()) {
      sections.back().body += line + "\n";
    }
  }
  return sections;
}

event::Event to_event(const json& fields, int64_t now_ns) {
  event::Event made("requests", now_ns + fields.value("time", int64_t{0}) * 1'000'000'000,
                    fields.value("sample_rate", uint32_t{1}));
  for (const auto& [name, value] : fields.items()) {
    if (name == "time" || name == "sample_rate") continue;
    const event::Column column = *event::Column::intern(name);
    if (value.is_boolean()) {
      made.add(column, value.get<bool>());
    } else if (value.is_number_integer()) {
      made.add(column, value.get<int64_t>());
    } else if (value.is_number_float()) {
      made.add(column, value.get<double>());
    } else if (value.is_string()) {
      made.add(column, value.get_ref<const std::string&>());
    }
  }
  return made;
}

CliQuery to_cli(const std::string& body) {
  CliQuery cli;
  std::istringstream lines(body);
  std::string line;
  while (std::getline(lines, line)) {
    const size_t space = line.find(' ');
    const std::string option = line.substr(0, space);
    const std::string text = space == std::string::npos ? "" : line.substr(space + 1);
    if (option == "--calc") cli.calc.push_back(text);
    if (option == "--formula") cli.formula.push_back(text);
    if (option == "--compare") cli.compare = text;
    if (option == "--by") cli.by.push_back(text);
    if (option == "--field") cli.field.push_back(text);
    if (option == "--where") cli.where.push_back(text);
    if (option == "--any") cli.any = true;
    if (option == "--order") cli.order.push_back(text);
    if (option == "--having") cli.having.push_back(text);
    if (option == "--last") cli.last = text;
    if (option == "--start") cli.start = text;
    if (option == "--end") cli.end = text;
    if (option == "--granularity") cli.granularity = text;
    if (option == "--limit") cli.limit = text;
  }
  return cli;
}

/// Answers the sections of one file in order.
class Player {
 public:
  void take_input(const Section& section) {
    error_.reset();
    result_.reset();
    raw_.reset();
    if (section.kind == "events") {
      std::istringstream lines(section.body);
      std::string line;
      while (std::getline(lines, line)) {
        if (line.empty()) continue;
        const event::Event made = to_event(json::parse(line), clock_.unix_ns());
        ASSERT_TRUE(store_.append({&made, 1}).ok());
      }
    } else if (section.kind == "query") {
      run(QuerySpec::parse(section.body));
    } else if (section.kind == "cli") {
      run(parse_cli_query(to_cli(section.body)));
    } else if (section.kind == "raw") {
      const json question = json::parse(section.body);
      RawQuery query;
      query.columns = question.value("columns", std::vector<std::string>{});
      query.limit = question.value("limit", int64_t{100});
      auto scope = QuerySpec::parse(question.value("scope", json::object()).dump());
      ASSERT_TRUE(scope.ok()) << scope.error().context;
      query.scope = *scope;
      auto events = run_raw_query(store_, "requests", query, clock_);
      if (events.ok()) {
        raw_ = *std::move(events);
      } else {
        error_ = events.error().context;
      }
    } else {
      FAIL() << "unknown section " << section.kind;
    }
  }

  static bool is_output(const std::string& kind) {
    return kind == "table" || kind == "csv" || kind == "series.csv" || kind == "json" ||
           kind == "chart" || kind == "error";
  }

  std::string answer(const std::string& kind) const {
    if (kind == "error") return error_ ? *error_ + "\n" : "no error\n";
    if (error_) return "error: " + *error_ + "\n";
    if (raw_) {
      if (kind == "table") return render_table(*raw_);
      if (kind == "csv") return without_returns(render_csv(*raw_));
      if (kind == "json") return json::parse(render_json(*raw_)).dump(1) + "\n";
    }
    if (result_) {
      if (kind == "table") return render_table(*result_);
      if (kind == "csv") return without_returns(render_csv(*result_));
      if (kind == "series.csv") return without_returns(render_series_csv(*result_));
      if (kind == "json") return json::parse(render_json(*result_)).dump(1) + "\n";
      if (kind == "chart") return render_chart(*result_, {.width = 44, .height = 4});
    }
    return "nothing was asked\n";
  }

 private:
  void run(base::Result<QuerySpec> spec) {
    if (!spec.ok()) {
      error_ = spec.error().context;
      return;
    }
    auto again = QuerySpec::parse(spec->to_json());
    ASSERT_TRUE(again.ok()) << spec->to_json() << "\n" << again.error().context;
    EXPECT_EQ(*again, *spec) << "the specification changes through JSON: " << spec->to_json();
    auto result = run_query(store_, "requests", *spec, clock_);
    if (result.ok()) {
      result_ = *std::move(result);
    } else {
      error_ = result.error().context;
    }
  }

  // Lines of a golden file end in a line feed; CR LF itself is asserted in render_test.cc.
  static std::string without_returns(std::string text) {
    std::erase(text, '\r');
    return text;
  }

  base::FakeClock clock_{1'700'000'000'000'000'000};
  store::MemoryStore store_;
  std::optional<std::string> error_;
  std::optional<QueryResult> result_;
  std::optional<RawEvents> raw_;
};

class GoldenTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(GoldenTest, GivesTheAnswersInTheFile) {
  std::vector<Section> sections = read_sections(GetParam());
  ASSERT_FALSE(sections.empty());
  Player player;
  std::string rewritten;
  int answers = 0;
  for (const Section& section : sections) {
    if (!Player::is_output(section.kind)) {
      player.take_input(section);
      rewritten += "--- " + section.kind + "\n" + section.body;
      continue;
    }
    const std::string answer = player.answer(section.kind);
    rewritten += "--- " + section.kind + "\n" + answer;
    ++answers;
    if (std::getenv("UPDATE_GOLDEN") == nullptr) {
      EXPECT_EQ(answer, section.body) << section.kind << " number " << answers;
    }
  }
  EXPECT_GT(answers, 0) << "the file asks nothing";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GetParam(), std::ios::binary) << rewritten;
  }
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(TEST_DATA_DIR) / "testdata")) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Query, GoldenTest, testing::ValuesIn(golden_files()),
                         [](const testing::TestParamInfo<std::filesystem::path>& file) {
                           std::string name = file.param.stem().string();
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char letter) { return !std::isalnum(letter); }, '_');
                           return name;
                         });

}  // namespace
}  // namespace understudy::query
