#include "app/cli/command_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace understudy::app {
namespace {

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "understudy-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    console_.out = [this](std::string_view text) { out_ += text; };
    console_.error = [this](std::string_view text) { error_ += text; };
    // Nobody listens there: connecting is refused at once.
    console_.url = "http://127.0.0.1:1";
  }
  ~CommandLineTest() override { std::filesystem::remove_all(folder_); }

  int run(std::vector<std::string> arguments) {
    out_.clear();
    error_.clear();
    return run_command_line(arguments, console_);
  }
  std::string file(const std::string& name, std::string_view text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
  Console console_;
  std::string out_;
  std::string error_;
};

TEST_F(CommandLineTest, VersionAndHelpGoToTheOutput) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_TRUE(out_.starts_with("understudy ")) << out_;
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_NE(out_.find("Examples:"), std::string::npos);
  EXPECT_EQ(run({"query", "--help"}), 0);
  EXPECT_NE(out_.find("--calc"), std::string::npos);
  EXPECT_EQ(error_, "");
}

TEST_F(CommandLineTest, WrongUsageIsOneLineAndNamesTheNearest) {
  EXPECT_EQ(run({"statsu"}), 2);
  EXPECT_EQ(error_,
            "understudy: there is no command \"statsu\"; did you mean \"status\"?; see understudy "
            "--help\n");
  EXPECT_EQ(run({"mode", "get"}), 2);
  EXPECT_EQ(error_, "understudy: migration is required; see understudy mode --help\n");
  EXPECT_EQ(run({"status", "--frob"}), 3);
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(out_, "");
}

TEST_F(CommandLineTest, AServerThatIsAwayIsOneLine) {
  EXPECT_EQ(run({"flags", "list"}), 1);
  EXPECT_TRUE(error_.starts_with("understudy: cannot reach the server at http://127.0.0.1:1 ("))
      << error_;
  EXPECT_NE(error_.find("--url or UNDERSTUDY_URL"), std::string::npos);
  EXPECT_EQ(run({"status"}), 3);
}

TEST_F(CommandLineTest, AnUnknownPopulationNamesThoseThereAre) {
  EXPECT_EQ(run({"status", "shop", "--population", "pared"}), 3);
  EXPECT_TRUE(error_.starts_with("understudy: --population pared: there are paired (")) << error_;
  EXPECT_NE(error_.find(" and cutover ("), std::string::npos) << error_;
}

TEST_F(CommandLineTest, AModeThatDoesNotExistIsSaidWithoutAServer) {
  EXPECT_EQ(run({"mode", "set", "shop", "full=10"}), 2);
  EXPECT_TRUE(error_.starts_with("understudy: unknown mode 'full'")) << error_;
}

TEST_F(CommandLineTest, AQuestionThatCannotBeReadPointsAtTheCharacter) {
  EXPECT_EQ(run({"query", "evaluations", "--calc", "COUNTT"}), 2);
  EXPECT_EQ(error_,
            "understudy: --calc COUNTT\n       ^ \"COUNTT\" is not a calculation; did you mean "
            "COUNT?\n");
}

TEST_F(CommandLineTest, TheFirstKeyIsMadeWithoutAServer) {
  const std::string config = file("keys.yaml", "data_dir: " + file("keys_data", "") + ".d\n");
  EXPECT_EQ(run({"keys", "create", "alice", "--allow", "read,keys", "-c", config}), 0) << error_;
  EXPECT_TRUE(out_.starts_with("understudy_")) << out_;
  EXPECT_NE(error_.find("the only time"), std::string::npos);
  const std::string id = out_.substr(11, 12);
  EXPECT_EQ(run({"keys", "list", "-c", config}), 0);
  EXPECT_NE(out_.find(id + "  alice  read,keys"), std::string::npos) << out_;
  EXPECT_NE(out_.find("in force"), std::string::npos) << out_;
  EXPECT_EQ(run({"keys", "revoke", id, "-c", config}), 0);
  EXPECT_EQ(run({"keys", "list", "-c", config}), 0);
  EXPECT_NE(out_.find("revoked by"), std::string::npos) << out_;
  EXPECT_EQ(run({"keys", "create", "bob", "--allow", "reed", "-c", config}), 2);
  EXPECT_TRUE(error_.starts_with("understudy: --allow: \"reed\" is no permission")) << error_;
}

TEST_F(CommandLineTest, CheckNotesACandidateThatHasLessTimeThanControl) {
  const std::string sides =
      "migrations:\n  - name: shop\n    listen: 127.0.0.1:0\n"
      "    control: {url: 'http://h:1'}\n    candidate: {url: 'http://h:2'";
  EXPECT_EQ(run({"check", "-c", file("less.yaml", sides + "}\n")}), 0);
  EXPECT_NE(out_.find("note: shop: candidate.timeout is 2s, control's 30s"), std::string::npos);
  EXPECT_EQ(run({"check", "-c", file("same.yaml", sides + ", timeout: 30s}\n")}), 0);
  EXPECT_EQ(out_.find("note:"), std::string::npos) << out_;
}

TEST_F(CommandLineTest, CheckAnswersAsTextAndAsJson) {
  const std::string good = file("good.yaml", "migrations:\n  - name: shop\n");
  EXPECT_EQ(run({"check", "-c", good}), 0);
  EXPECT_EQ(out_, good + ": good\n  shop: through the SDK, mode control_only=100, 0 criteria\n");
  EXPECT_EQ(run({"check", "-c", good, "--json"}), 0);
  EXPECT_EQ(out_,
            R"({"file":")" + good + R"(","ok":true,"migrations":["shop"],"notes":[]})" + "\n");
  const std::string bad = file("bad.yaml", "workers: 0\n");
  EXPECT_EQ(run({"check", "-c", bad}), 1);
  EXPECT_EQ(error_, "understudy: " + bad + ":1: workers: 0 is below 1\n");
  EXPECT_EQ(run({"check", "-c", bad, "--json"}), 1);
  EXPECT_EQ(out_, R"({"file":")" + bad + R"(","ok":false,"error":")" + bad +
                      R"(:1: workers: 0 is below 1"})" + "\n");
}

// --- diff ---

TEST_F(CommandLineTest, EqualFilesAreTheSame) {
  const std::string a = file("a.json", R"({"x":1,"y":2})");
  const std::string b = file("b.json", R"({"y":2,"x":1})");
  EXPECT_EQ(run({"diff", a, b}), 0);
  EXPECT_EQ(out_, "the same\n");
}

TEST_F(CommandLineTest, DifferencesAreListedExplainedAndGroupedWithTheirRules) {
  const std::string a = file("a.json", R"({"rows":[{"r":1.5,"s":"x"},{"r":2,"s":"y"}]})");
  const std::string b =
      file("b.json", R"({"rows":[{"r":1.5000000000000002,"s":"x"},{"r":2,"s":"Y"}]})");
  EXPECT_EQ(run({"diff", a, b}), 1);
  EXPECT_EQ(out_, R"(2 differences

where        what  control  candidate           explanation
$.rows[0].r  cell  1.5      1.5000000000000002  float_ulp (1 ulp)
$.rows[1].s  cell  y        Y                   case

Groups:
  50.0% float within 1 ULP at $.rows[*].r (1)
    accept with {"path": "$.rows[*].r", "ulps": 1}
  50.0% letter case at $.rows[*].s (1)
    accept with {"path": "$.rows[*].s", "case": "ignore"}
)");
}

TEST_F(CommandLineTest, TheRulesItOffersMakeTheFilesTheSame) {
  const std::string a = file("a.json", R"({"rows":[{"r":1.5}]})");
  const std::string b = file("b.json", R"({"rows":[{"r":1.5000000000000002}]})");
  for (const char* rules : {"- {\"path\": \"$.rows[*].r\", \"ulps\": 1}\n",
                            "rules:\n  - { path: \"$.rows[*].r\", ulps: 1 }\n",
                            "compare:\n  rules:\n    - { path: \"$.rows[*].r\", ulps: 1 }\n"}) {
    EXPECT_EQ(run({"diff", a, b, "--rules", file("rules.yaml", rules)}), 0) << rules;
    EXPECT_EQ(out_, "the same after rules: 1 difference accepted\n");
  }
}

TEST_F(CommandLineTest, DiffTakesTheRulesOfAWholeConfiguration) {
  const std::string a = file("a.json", R"({"r":1,"s":"x"})");
  const std::string b = file("b.json", R"({"r":2,"s":"x"})");
  const std::string one =
      "data_dir: ./data\nmigrations:\n  - name: shop\n"
      "    compare: { rules: [ { path: $.r, ignore: true } ] }\n";
  EXPECT_EQ(run({"diff", a, b, "--rules", file("one.yaml", one)}), 0) << error_;
  EXPECT_EQ(run({"diff", a, b, "--rules", file("one.yaml", one), "--migration", "shop"}), 0);
  const std::string two = file(
      "two.yaml", one + "  - name: stock\n    compare: { rules: [ { path: $.s, ulps: 1 } ] }\n");
  EXPECT_EQ(run({"diff", a, b, "--rules", two, "--migration", "shop"}), 0) << error_;
  EXPECT_EQ(run({"diff", a, b, "--rules", two, "--migration", "stock"}), 1) << error_;

  EXPECT_EQ(run({"diff", a, b, "--rules", two}), 2);
  EXPECT_EQ(error_, "understudy: " + two +
                        ":2: migrations: say with --migration whose rules are "
                        "meant: shop, stock\n");
  EXPECT_EQ(run({"diff", a, b, "--rules", two, "--migration", "shp"}), 2);
  EXPECT_NE(error_.find("there is no migration \"shp\"; there are: shop, stock"), std::string::npos)
      << error_;
  EXPECT_EQ(run({"diff", a, b, "--rules", file("none.yaml", "data_dir: ./data\n")}), 2);
  EXPECT_NE(error_.find("has no rules; a rules file is a list of rules, a map with"),
            std::string::npos)
      << error_;
}

TEST_F(CommandLineTest, OneRowMoreIsOneRow) {
  const std::string one = file("one.csv", "id\n1\n");
  EXPECT_EQ(run({"diff", one, file("two.csv", "id\n1\n2\n")}), 1);
  EXPECT_NE(out_.find("(1 row)"), std::string::npos) << out_;
  EXPECT_EQ(run({"diff", one, file("three.csv", "id\n1\n2\n3\n")}), 1);
  EXPECT_NE(out_.find("(2 rows)"), std::string::npos) << out_;
}

TEST_F(CommandLineTest, LongListsAreCutAndSayHowMuch) {
  std::string rows_a = "[0";
  std::string rows_b = "[1";
  for (int i = 0; i < 200; ++i) {
    rows_a += ",\"a\"";
    rows_b += ",\"b\"";
  }
  EXPECT_EQ(run({"diff", file("a.json", rows_a + "]"), file("b.json", rows_b + "]"), "--max", "3"}),
            1);
  EXPECT_TRUE(out_.starts_with("201 differences\n")) << out_;
  EXPECT_NE(out_.find("... and 198 more (--max)\n"), std::string::npos);
}

TEST_F(CommandLineTest, DiffAnswersAsJson) {
  EXPECT_EQ(run({"diff", "--json", file("a.json", "[1]"), file("b.json", "[2]")}), 1);
  EXPECT_TRUE(out_.starts_with(R"({"outcome":"mismatch","differences":[{"dimension":)")) << out_;
}

TEST_F(CommandLineTest, ControlCharactersOfAFileDoNotReachTheTerminal) {
  EXPECT_EQ(run({"diff", file("a.json", R"(["\u001b[31m"])"), file("b.json", R"(["x"])")}), 1);
  EXPECT_EQ(out_.find('\x1b'), std::string::npos);
}

TEST_F(CommandLineTest, TroubleIsNotADifference) {
  const std::string a = file("a.json", "[1]");
  EXPECT_EQ(run({"diff", a, folder_ + "/none.json"}), 2);
  EXPECT_EQ(error_, "understudy: " + folder_ + "/none.json: No such file or directory\n");
  EXPECT_EQ(run({"diff", a, a, "--rules", file("rules.yaml", "- { ulps: 1 }\n")}), 2);
  EXPECT_NE(error_.find("\"path\" is missing"), std::string::npos) << error_;
  EXPECT_EQ(run({"diff", a, a, "--kind", "xml"}), 2);
}

TEST_F(CommandLineTest, ColoursAreOnlyForTerminals) {
  const std::string a = file("a.json", "[1]");
  EXPECT_EQ(run({"diff", a, a}), 0);
  EXPECT_EQ(out_, "the same\n");
  console_.colours = true;
  EXPECT_EQ(run({"diff", a, a}), 0);
  EXPECT_EQ(out_, "\x1b[32mthe same\x1b[0m\n");
}

}  // namespace
}  // namespace understudy::app
