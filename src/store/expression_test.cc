#include "store/expression.h"

#include <gtest/gtest.h>

#include "store/memory/evaluate.h"

namespace understudy::store {
namespace {

using event::Value;

std::string refusal(std::vector<Computed> computed) {
  const base::Status status = validate(computed);
  return status.ok() ? "" : status.error().context;
}

std::string refusal(Function function, std::vector<Expression> arguments) {
  return refusal({{"k", call(function, std::move(arguments))}});
}

const Expression kX = column("x");

TEST(ExpressionValidate, TakesTreesOfAnyTypes) {
  EXPECT_EQ(refusal(Function::kIf, {kX, constant("a"), constant(5)}), "");
  EXPECT_EQ(refusal({{"a", kX}, {"b", column("a")}, {"x", kX}}), "");
}

TEST(ExpressionValidate, RefusesWrongNumbersOfArguments) {
  EXPECT_EQ(refusal(Function::kNot, {}), "NOT does not take 0 arguments");
  EXPECT_EQ(refusal(Function::kDiv, {kX, kX, kX}), "DIV does not take 3 arguments");
  EXPECT_EQ(refusal(Function::kTimeNs, {kX}), "time in ns does not take 1 arguments");
}

TEST(ExpressionValidate, RefusesWhatMustBeConstant) {
  EXPECT_NE(refusal(Function::kSwitch, {kX, kX, constant(1)}), "");
  EXPECT_NE(refusal(Function::kSwitch, {kX, constant(5), constant(1)}), "");
  EXPECT_NE(refusal(Function::kBucket, {kX, kX}), "");
  EXPECT_NE(refusal(Function::kBucket, {kX, constant(0)}), "");
  EXPECT_NE(refusal(Function::kBucket, {kX, constant("5")}), "");
  EXPECT_NE(refusal(Function::kBucket, {kX, constant(5), constant(3), constant(3)}), "");
  EXPECT_NE(refusal(Function::kBin, {kX, constant(0), constant(-1.0)}), "");
  EXPECT_NE(refusal(Function::kRegMatch, {kX, kX}), "");
  EXPECT_NE(refusal(Function::kRegMatch, {kX, constant("(")}), "");
  EXPECT_NE(refusal(Function::kFormatTime, {constant("%Q"), kX}), "");
}

TEST(ExpressionValidate, RefusesNamesThatAreNotUnique) {
  EXPECT_EQ(refusal({{"a", kX}, {"a", kX}}), "two computed columns are called \"a\"");
  EXPECT_NE(refusal({{"", kX}}), "");
  EXPECT_NE(refusal({{std::string(kComputedNameBytesMax + 1, 'a'), kX}}), "");
}

TEST(ExpressionValidate, KeepsToItsLimits) {
  Expression deep = kX;
  for (std::size_t i = 0; i < kExpressionDepthMax; ++i) deep = call(Function::kNot, {deep});
  EXPECT_EQ(refusal({{"a", deep}}), "");
  EXPECT_NE(refusal({{"a", call(Function::kNot, {deep})}}), "");
  EXPECT_NE(refusal({{"a", call(Function::kAnd, std::vector(kExpressionNodesMax, kX))}}), "");
  std::vector<Computed> chain = {{"k0", call(Function::kNot, {kX})}};
  for (std::size_t i = 1; i < kComputedMax; ++i) {
    chain.push_back(
        {"k" + std::to_string(i), call(Function::kNot, {column("k" + std::to_string(i - 1))})});
  }
  EXPECT_NE(refusal(chain), "") << "deep through one another";
  EXPECT_NE(refusal(std::vector<Computed>(kComputedMax + 1)), "");
}

// --- values that other code relies on ---

Value value(const Expression& expression, std::int64_t time_ns = 0) {
  return evaluate(expression, {.time_ns = time_ns,
                               .column = [](const auto&) { return event::ValueView(2.5); }});
}

TEST(ExpressionValue, BinsCountWidthsFromTheOrigin) {
  const auto bin = [](Value x, double origin, double width) {
    return value(call(Function::kBin, {constant(std::move(x)), constant(origin), constant(width)}));
  };
  EXPECT_EQ(bin(0, 0, 10), Value(0));
  EXPECT_EQ(bin(10, 0, 10), Value(1));
  EXPECT_EQ(bin(-0.5, 0, 10), Value(-1));
  EXPECT_EQ(bin(7.5, 5, 0.5), Value(5));
  EXPECT_EQ(bin("5", 0, 1), Value());
  EXPECT_EQ(bin(1e300, 0, 1), Value()) << "beyond 64 bits";
  EXPECT_EQ(bin(-9223372036854775808.0, 0, 1), Value(std::numeric_limits<std::int64_t>::min()));
}

TEST(ExpressionValue, TimeIsExactInNanoseconds) {
  EXPECT_EQ(value(call(Function::kTimeNs, {}), 1'700'000'000'123'456'789),
            Value(1'700'000'000'123'456'789));
  EXPECT_EQ(value(call(Function::kEventTimestamp, {}), 1'500'549'764'888'000'000),
            Value(1500549764.888));
}

TEST(ExpressionValue, IntsStayIntsWhileTheyFit) {
  const Value most = std::numeric_limits<std::int64_t>::max();
  const auto of = [](Function function, std::vector<Value> values) {
    std::vector<Expression> arguments;
    for (Value& one : values) arguments.push_back(constant(std::move(one)));
    return value(call(function, std::move(arguments)));
  };
  EXPECT_EQ(of(Function::kSum, {most, 1, -1}), most) << "exact in between";
  EXPECT_EQ(of(Function::kSum, {most, 1}), Value(9223372036854775808.0));
  EXPECT_EQ(of(Function::kSum, {1, 0.5}), Value(1.5));
  EXPECT_EQ(of(Function::kSub, {0, std::numeric_limits<std::int64_t>::min()}),
            Value(9223372036854775808.0));
  EXPECT_EQ(of(Function::kMul, {4'000'000'000, 4'000'000'000}), Value(1.6e19));
  EXPECT_EQ(of(Function::kDiv, {6, 3}), Value(2.0));
}

}  // namespace
}  // namespace understudy::store
