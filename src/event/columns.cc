#include "event/columns.h"

#include <array>

#include "base/text.h"

namespace understudy::event {
namespace {

constexpr std::array kBuiltIn = {
#define X(constant, name, type, unit, datasets, meaning) \
  ColumnInfo{name, Type::type, unit, datasets, meaning},
    UNDERSTUDY_COLUMNS(X)
#undef X
};
static_assert(kBuiltIn.size() == columns::kBuiltInCount);

std::string_view dataset_name(char letter) {
  switch (letter) {
    case 'v':
      return "evaluations";
    case 'd':
      return "differences";
    case 'e':
      return "errors";
    case 'n':
      return "noise";
    default:
      return "?";
  }
}

}  // namespace

std::span<const ColumnInfo> built_in_columns() { return kBuiltIn; }

const ColumnInfo* built_in_column(Column column) {
  return column.id() < kBuiltIn.size() ? &kBuiltIn[column.id()] : nullptr;
}

std::string columns_as_markdown() {
  std::string out =
      "# Columns\n"
      "\n"
      "Every column Understudy itself writes. Generated from `src/event/columns.h`; after a change "
      "there, run\n"
      "`UPDATE_GOLDEN=1 event_test --gtest_filter='Columns.*'`. Clients may send any other column, "
      "and any type in\n"
      "any column: values of different types are kept apart.\n";
  for (const char letter : {'v', 'd', 'e', 'n'}) {
    out += base::cat("\n## ", dataset_name(letter),
                     "\n\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n");
    for (const ColumnInfo& info : kBuiltIn) {
      if (info.datasets.find(letter) == std::string_view::npos) continue;
      out += base::cat("| `", info.name, "` | ", name(info.type), " | ", info.unit, " | ",
                       info.meaning, " |\n");
    }
  }
  return out;
}

}  // namespace understudy::event
