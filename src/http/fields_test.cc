#include "http/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace understudy::http {
namespace {

std::string listed(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) {
    text.append(field.name).append("=").append(field.value).append(";");
  }
  return text;
}

TEST(KnownFieldTest, EveryKnownNameIsFoundInAnyLetterCase) {
  for (std::size_t i = 1; i < kKnownFieldCount; ++i) {
    const auto known = static_cast<KnownField>(i);
    const std::string name(known_field_name(known));
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(known_field(name), known) << name;
    std::string upper = name;
    for (char& byte : upper) byte = static_cast<char>(std::toupper(byte));
    EXPECT_EQ(known_field(upper), known) << upper;
  }
}

TEST(KnownFieldTest, ANameThatDiffersInOneByteIsAnother) {
  for (std::size_t i = 1; i < kKnownFieldCount; ++i) {
    const std::string name(known_field_name(static_cast<KnownField>(i)));
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = name;
        other[at] = static_cast<char>(other[at] ^ (1 << bit));
        if (same_field_name(other, name)) continue;
        EXPECT_NE(known_field(other), static_cast<KnownField>(i)) << name << " byte " << at;
      }
    }
    EXPECT_EQ(known_field(name + "x"), KnownField::kOther);
    EXPECT_EQ(known_field(name.substr(1)), KnownField::kOther) << name;
  }
}

TEST(KnownFieldTest, AControlByteIsNotTakenForADash) {
  EXPECT_EQ(known_field("content\rlength"), KnownField::kOther);
  EXPECT_EQ(known_field(""), KnownField::kOther);
  EXPECT_EQ(known_field("x"), KnownField::kOther);
}

TEST(FieldsTest, KeepsOrderAndRepetition) {
  Fields fields{{"Set-Cookie", "a"}, {"X", "1"}, {"set-cookie", "b"}};
  EXPECT_EQ(listed(fields), "Set-Cookie=a;X=1;set-cookie=b;");
  EXPECT_EQ(fields.find(KnownField::kSetCookie)->value, "a");
}

TEST(FieldsTest, FindsInAnyLetterCase) {
  const Fields fields{{"X-Account-Id", "7"}, {"Content-Type", "text/plain"}};
  EXPECT_EQ(fields.value_or("x-account-ID"), "7");
  EXPECT_EQ(fields.value_or("CONTENT-TYPE"), "text/plain");
  EXPECT_EQ(fields.value_or(KnownField::kContentType), "text/plain");
  EXPECT_EQ(fields.find("X-Other"), nullptr);
  EXPECT_EQ(fields.value_or(KnownField::kHost, "none"), "none");
}

TEST(FieldsTest, SetReplacesTheFirstAndDropsTheOthers) {
  Fields fields{{"A", "1"}, {"Via", "x"}, {"B", "2"}, {"via", "y"}};
  fields.set("via", "z");
  EXPECT_EQ(listed(fields), "A=1;Via=z;B=2;");
  fields.set("C", "3");
  EXPECT_EQ(listed(fields), "A=1;Via=z;B=2;C=3;");
}

TEST(FieldsTest, RemoveForgetsTheField) {
  Fields fields{{"A", "1"}, {"Host", "h"}, {"a", "2"}};
  EXPECT_EQ(fields.remove("A"), 2U);
  EXPECT_EQ(fields.remove(KnownField::kHost), 1U);
  EXPECT_FALSE(fields.has(KnownField::kHost));
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.remove(KnownField::kHost), 0U);
}

TEST(FieldsTest, GrowsPastItsInlineRoomAndCanBeCopiedAndMoved) {
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("x-" + std::to_string(i));
  Fields fields;
  for (const std::string& name : names) fields.add(name, "v");
  Fields copy = fields;
  Fields moved = std::move(fields);
  for (const Fields* list : {&copy, &moved}) {
    ASSERT_EQ(list->size(), 100U);
    EXPECT_NE(list->find("x-0"), nullptr);
    EXPECT_NE(list->find("x-99"), nullptr);
  }
  Fields small{{"A", "1"}};
  small = copy;
  EXPECT_EQ(small.size(), 100U);
  copy = Fields{{"A", "1"}};
  EXPECT_EQ(listed(copy), "A=1;");
  moved.clear();
  moved.add("B", "2");
  EXPECT_EQ(listed(moved), "B=2;");
}

TEST(FieldsTest, AMovedFromListIsEmptyAndUsable) {
  Fields fields{{"Host", "a"}};
  const Fields moved = std::move(fields);
  EXPECT_EQ(listed(moved), "Host=a;");
  EXPECT_TRUE(fields.empty());
  EXPECT_FALSE(fields.has(KnownField::kHost));
  fields.add("B", "2");
  EXPECT_EQ(listed(fields), "B=2;");
}

TEST(OwnedFieldsTest, OutlivesTheBufferItWasMadeFrom) {
  std::string buffer = "Content-Typetext/plainX-A1";
  OwnedFields owned;
  {
    Fields fields;
    fields.add(std::string_view(buffer).substr(0, 12), std::string_view(buffer).substr(12, 10));
    fields.add(std::string_view(buffer).substr(22, 3), std::string_view(buffer).substr(25, 1));
    owned = OwnedFields(fields);
  }
  buffer.assign(buffer.size(), '#');
  EXPECT_EQ(listed(owned.fields()), "Content-Type=text/plain;X-A=1;");
  EXPECT_TRUE(owned.fields().has(KnownField::kContentType));
  EXPECT_EQ(owned.text_bytes(), 26U);
}

TEST(OwnedFieldsTest, ViewsStayRightWhileItGrowsAndMoves) {
  OwnedFields owned;
  for (int i = 0; i < 200; ++i) owned.add("name-" + std::to_string(i), std::to_string(i));
  owned.add(owned.fields()[0].name, owned.fields()[0].value);  // text of its own
  const OwnedFields copy = owned;
  const OwnedFields moved = std::move(owned);
  for (const OwnedFields* list : {&copy, &moved}) {
    ASSERT_EQ(list->size(), 201U);
    EXPECT_EQ(list->fields()[199].name, "name-199");
    EXPECT_EQ(list->fields()[200].value, "0");
  }
  EXPECT_NE(copy.fields()[0].name.data(), moved.fields()[0].name.data());
}

TEST(OwnedFieldsTest, HoldsEmptyValues) {
  OwnedFields owned;
  owned.add("", "");
  owned.add("a", "");
  EXPECT_EQ(listed(owned.fields()), "=;a=;");
  owned.clear();
  EXPECT_TRUE(owned.empty());
}

}  // namespace
}  // namespace understudy::http
