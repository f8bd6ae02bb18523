#include "query/known_names.h"

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

/// A dataset `shop` with a number `status`, a text `path` and a column that looks like arithmetic.
class CalculatedNamesTest : public testing::Test {
 protected:
  void SetUp() override {
    event::Event made("shop");
    made.add(*event::Column::intern("status"), 200);
    made.add(*event::Column::intern("path"), "/a");
    made.add(*event::Column::intern("a+b"), 1);
    ASSERT_TRUE(store_.append({&made, 1}).ok());
  }
  std::string refusal(const std::string& json, std::vector<std::string> columns = {}) {
    const auto spec = QuerySpec::parse(json);
    EXPECT_TRUE(spec.ok()) << spec.error().context;
    if (!spec.ok()) return "";
    const auto warnings = check_names(store_, "shop", *spec, columns);
    return warnings.ok() ? "" : warnings.error().context;
  }

  store::MemoryStore store_;
};

TEST_F(CalculatedNamesTest, EverythingMayNameThem) {
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"bad","expression":"$status >= 500"},
                                             {"name":"worse","expression":"$bad AND $path = \"/\""}],
                        "breakdowns":["bad"],
                        "calculations":[{"op":"SUM","column":"worse",
                                         "filters":[{"column":"bad","op":"=","value":true}]}],
                        "filters":[{"column":"worse","op":"exists"}]})",
                    {"bad", "status"}),
            "");
}

TEST_F(CalculatedNamesTest, ColumnsInExpressionsMustBeKnown) {
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"x","expression":"$pathh"}]})"),
            "calculated_fields[0].expression: \"shop\" has no column \"pathh\"; did you mean "
            "\"path\"?");
}

TEST_F(CalculatedNamesTest, OnlyEarlierFieldsCanBeUsed) {
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"first","expression":"$second + 1"},
                                             {"name":"second","expression":"1"}]})"),
            "calculated_fields[0].expression: \"shop\" has no column \"second\"");
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"own","expression":"$own"}]})"),
            "calculated_fields[0].expression: \"shop\" has no column \"own\"");
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"status","expression":"$status / 100"}]})"),
            "")
      << "the stored column";
}

TEST_F(CalculatedNamesTest, SignsInNamesAreExplained) {
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"x","expression":"$status+1"}]})"),
            "calculated_fields[0].expression: \"shop\" has no column \"status+1\"; a column name "
            "takes + - / : = ? too: put a space before the +");
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"x","expression":"$a+b"}]})"), "");
}

TEST_F(CalculatedNamesTest, MistypedFieldIsRefusedWithTheOneThatWasMeant) {
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"class","expression":"$status"}],
                        "breakdowns":["clas"]})"),
            "breakdowns[0]: \"shop\" has no column \"clas\"; did you mean \"class\"?");
}

TEST_F(CalculatedNamesTest, FieldIsNotHeldToTheTypesOfTheColumnItHides) {
  EXPECT_NE(refusal(R"({"filters":[{"column":"status","op":"=","value":"2xx"}]})"), "");
  EXPECT_EQ(refusal(R"({"calculated_fields":[{"name":"status","expression":"\"2xx\""}],
                        "filters":[{"column":"status","op":"=","value":"2xx"}]})"),
            "");
}

}  // namespace
}  // namespace understudy::query
