#include "grammar/spec.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "dialect/parser.h"
#include "dialect/plan.h"

namespace flamingo {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, Mark>, 4> kMarks = {
    {{"bar", Mark::kBar}, {"line", Mark::kLine}, {"point", Mark::kPoint}, {"rect", Mark::kRect}}};
constexpr std::array<std::pair<std::string_view, FieldType>, 4> kFieldTypes = {
    {{"quantitative", FieldType::kQuantitative},
     {"temporal", FieldType::kTemporal},
     {"ordinal", FieldType::kOrdinal},
     {"nominal", FieldType::kNominal}}};
constexpr std::array<std::pair<std::string_view, Aggregate>, 7> kAggregates = {
    {{"count", Aggregate::kCount},
     {"sum", Aggregate::kSum},
     {"mean", Aggregate::kMean},
     {"median", Aggregate::kMedian},
     {"stdev", Aggregate::kStdev},
     {"min", Aggregate::kMin},
     {"max", Aggregate::kMax}}};
constexpr std::array<std::string_view, 4> kChannels = {"x", "y", "color", "size"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kComparisons = {
    {{"equal", "="}, {"lt", "<"}, {"lte", "<="}, {"gt", ">"}, {"gte", ">="}}};

/// A JSON value and the words that lead to it.
class Place {
 public:
  Place(const json& value, std::string path) : value_(value), path_(std::move(path)) {}

  const json& value() const { return value_; }
  bool has(const char* key) const { return value_.is_object() && value_.contains(key); }
  Place at(const std::string& key) const {
    return {value_.at(key), path_.empty() ? key : path_ + "." + key};
  }
  Place at(size_t index) const {
    return {value_.at(index), path_ + "[" + std::to_string(index) + "]"};
  }
  Fault fault(const std::string& message) const {
    return bad_request("InvalidSpec", (path_.empty() ? "" : path_ + ": ") + message);
  }

  Done only(std::initializer_list<std::string_view> known) const {
    if (!value_.is_object()) return fault("is not an object");
    for (const auto& [key, ignored] : value_.items()) {
      bool is_known = false;
      std::string words;
      for (const std::string_view word : known) {
        is_known = is_known || word == key;
        words += (words.empty() ? "" : ", ") + std::string(word);
      }
      if (!is_known) return fault("'" + key + "' is not supported; there are " + words);
    }
    return done();
  }

  Outcome<std::string> text() const {
    if (!value_.is_string()) return fault("is not a string");
    return value_.get<std::string>();
  }

  template <class Table>
  Outcome<typename Table::value_type::second_type> word(const Table& table) const {
    TRY_OUTCOME(const std::string given, text());
    std::string words;
    for (const auto& [name, meaning] : table) {
      if (name == given) return meaning;
      words += (words.empty() ? "" : ", ") + std::string(name);
    }
    return fault("'" + given + "' is not supported; there are " + words);
  }

 private:
  const json& value_;
  std::string path_;
};

Outcome<Bin> parse_bin(const Place& place) {
  Bin bin;
  if (place.value().is_boolean()) return bin;
  TRY_DONE(place.only({"maxbins", "step"}));
  if (place.has("step")) {
    const Place step = place.at("step");
    if (!step.value().is_number() || !(step.value().get<double>() > 0)) {
      return step.fault("is not a positive number");
    }
    bin.step = step.value().get<double>();
  }
  if (place.has("maxbins")) {
    const Place maxbins = place.at("maxbins");
    if (!maxbins.value().is_number_integer() || maxbins.value().get<int64_t>() < 1 ||
        maxbins.value().get<int64_t>() > kMaxbinsMax) {
      return maxbins.fault("is not between 1 and " + std::to_string(kMaxbinsMax));
    }
    bin.maxbins = maxbins.value().get<int64_t>();
  }
  return bin;
}

Outcome<Sort> parse_sort(const Place& place, const std::string& own_channel) {
  TRY_OUTCOME(std::string word, place.text());
  if (word == "ascending") return Sort{own_channel, false};
  if (word == "descending") return Sort{own_channel, true};
  const bool descending = word.starts_with('-');
  if (descending) word.erase(0, 1);
  for (const std::string_view channel : kChannels) {
    if (channel == word) return Sort{word, descending};
  }
  return place.fault("'" + word +
                     "' is not supported; there are ascending, descending, x, -x, y, -y, color, "
                     "-color, size, -size");
}

Outcome<Channel> parse_channel(const Place& place, std::string_view name) {
  TRY_DONE(place.only({"field", "type", "aggregate", "bin", "timeUnit", "sort", "title"}));
  Channel channel;
  channel.name = std::string(name);
  if (place.has("field")) {
    TRY_OUTCOME(channel.field, place.at("field").text());
  }
  if (place.has("aggregate")) {
    TRY_OUTCOME(channel.aggregate, place.at("aggregate").word(kAggregates));
  }
  if (place.has("type")) {
    TRY_OUTCOME(channel.type, place.at("type").word(kFieldTypes));
  }
  if (place.has("bin") && place.at("bin").value() != false) {
    TRY_OUTCOME(channel.bin, parse_bin(place.at("bin")));
  }
  if (place.has("timeUnit")) {
    TRY_OUTCOME(const std::string unit, place.at("timeUnit").text());
    channel.time_unit = time_unit_from_name(unit);
    if (!channel.time_unit) {
      return place.at("timeUnit")
          .fault("'" + unit +
                 "' is not supported; there are year, yearmonth, "
                 "yearmonthdate, yearmonthdatehours, month, day, hours");
    }
  }
  if (place.has("sort")) {
    TRY_OUTCOME(channel.sort, parse_sort(place.at("sort"), channel.name));
  }
  if (place.has("title")) {
    TRY_OUTCOME(channel.title, place.at("title").text());
  }
  if (channel.field.empty() && channel.aggregate != Aggregate::kCount) {
    return place.fault("needs a field, or the aggregate count");
  }
  const int forms = (channel.aggregate != Aggregate::kNone) + channel.bin.has_value() +
                    channel.time_unit.has_value();
  if (forms > 1) return place.fault("has more than one of aggregate, bin and timeUnit");
  return channel;
}

Outcome<Value> parse_operand(const Place& place) {
  const json& value = place.value();
  if (value.is_number_integer()) return Value{value.get<int64_t>()};
  if (value.is_number()) return Value{value.get<double>()};
  if (value.is_string()) return Value{value.get<std::string>()};
  return place.fault("is neither a number nor a string");
}

/// Reads filters; counts them, so that a specification cannot hold too many.
class PredicateParser {
 public:
  Outcome<Predicate> parse(const Place& place, int depth) {
    if (depth > kPredicateDepthMax) return place.fault("nests too deep");
    if (++count_ > kPredicatesMax) return place.fault("too many conditions");
    Predicate predicate;
    if (place.has("and")) return parts(place, "and", Predicate::Kind::kAnd, depth);
    if (place.has("or")) return parts(place, "or", Predicate::Kind::kOr, depth);
    if (place.has("not")) {
      TRY_DONE(place.only({"not"}));
      TRY_OUTCOME(Predicate inner, parse(place.at("not"), depth + 1));
      predicate.kind = Predicate::Kind::kNot;
      predicate.parts.push_back(std::move(inner));
      return predicate;
    }
    TRY_DONE(place.only({"field", "equal", "lt", "lte", "gt", "gte", "oneOf", "range", "valid"}));
    if (!place.has("field")) return place.fault("needs and, or, not or field");
    TRY_OUTCOME(predicate.field, place.at("field").text());
    if (place.value().size() != 2) {
      return place.fault("needs exactly one of equal, lt, lte, gt, gte, oneOf, range, valid");
    }
    for (const auto& [word, op] : kComparisons) {
      const std::string key(word);
      if (!place.has(key.c_str())) continue;
      predicate.kind = Predicate::Kind::kCompare;
      predicate.op = std::string(op);
      TRY_OUTCOME(Value operand, parse_operand(place.at(key)));
      predicate.values.push_back(std::move(operand));
      return predicate;
    }
    if (place.has("valid")) return valid(place.at("valid"), std::move(predicate));
    const bool is_range = place.has("range");
    const Place list = place.at(is_range ? "range" : "oneOf");
    predicate.kind = is_range ? Predicate::Kind::kRange : Predicate::Kind::kOneOf;
    if (!list.value().is_array() || list.value().empty() || list.value().size() > kInListMax ||
        (is_range && list.value().size() != 2)) {
      return list.fault(is_range ? "is not a list of two" : "is not a list of 1 to 500");
    }
    for (size_t i = 0; i < list.value().size(); ++i) {
      TRY_OUTCOME(Value operand, parse_operand(list.at(i)));
      predicate.values.push_back(std::move(operand));
    }
    return predicate;
  }

 private:
  Outcome<Predicate> parts(const Place& place, const char* key, Predicate::Kind kind, int depth) {
    TRY_DONE(place.only({key}));
    const Place list = place.at(key);
    if (!list.value().is_array() || list.value().empty()) return list.fault("is not a list");
    Predicate predicate;
    predicate.kind = kind;
    for (size_t i = 0; i < list.value().size(); ++i) {
      TRY_OUTCOME(Predicate part, parse(list.at(i), depth + 1));
      predicate.parts.push_back(std::move(part));
    }
    return predicate;
  }

  static Outcome<Predicate> valid(const Place& place, Predicate predicate) {
    if (!place.value().is_boolean()) return place.fault("is not true or false");
    predicate.kind = Predicate::Kind::kValid;
    if (place.value() == true) return predicate;
    Predicate negated;
    negated.kind = Predicate::Kind::kNot;
    negated.parts.push_back(std::move(predicate));
    return negated;
  }

  size_t count_ = 0;
};

}  // namespace

std::string_view aggregate_name(Aggregate aggregate) {
  for (const auto& [name, known] : kAggregates) {
    if (known == aggregate) return name;
  }
  return "";
}

Outcome<ChartSpec> parse_spec(std::string_view text) {
  if (text.size() > kSpecBytesMax) return bad_request("InvalidSpec", "it is too long");
  const json body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return bad_request("InvalidSpec", "it is not a JSON object");
  const Place root(body, "");
  TRY_DONE(root.only({"$schema", "data", "mark", "encoding", "transform", "limit", "title",
                      "description", "width", "height"}));
  for (const char* needed : {"data", "mark", "encoding"}) {
    if (!root.has(needed)) return root.fault(std::string("needs ") + needed);
  }
  ChartSpec spec;
  TRY_DONE(root.at("data").only({"name"}));
  if (!root.at("data").has("name")) return root.at("data").fault("needs a name");
  TRY_OUTCOME(spec.dataset, root.at("data").at("name").text());
  if (root.at("mark").value().is_object()) {
    TRY_DONE(root.at("mark").only({"type"}));
    if (!root.at("mark").has("type")) return root.at("mark").fault("needs a type");
    TRY_OUTCOME(spec.mark, root.at("mark").at("type").word(kMarks));
  } else {
    TRY_OUTCOME(spec.mark, root.at("mark").word(kMarks));
  }
  const Place encoding = root.at("encoding");
  TRY_DONE(encoding.only({"x", "y", "color", "size"}));
  for (const std::string_view name : kChannels) {
    const std::string key(name);
    if (!encoding.has(key.c_str())) continue;
    TRY_OUTCOME(Channel channel, parse_channel(encoding.at(key), name));
    spec.channels.push_back(std::move(channel));
  }
  if (spec.channels.empty()) return encoding.fault("needs a channel");
  if (root.has("transform")) {
    const Place transforms = root.at("transform");
    if (!transforms.value().is_array()) return transforms.fault("is not a list");
    PredicateParser predicates;
    for (size_t i = 0; i < transforms.value().size(); ++i) {
      const Place transform = transforms.at(i);
      TRY_DONE(transform.only({"filter"}));
      if (!transform.has("filter")) return transform.fault("needs a filter");
      TRY_OUTCOME(Predicate predicate, predicates.parse(transform.at("filter"), 0));
      spec.filters.push_back(std::move(predicate));
    }
  }
  if (root.has("limit")) {
    const json& limit = root.at("limit").value();
    if (!limit.is_number_integer() || limit.get<int64_t>() < 1 || limit.get<int64_t>() > kRowsMax) {
      return root.at("limit").fault("is not between 1 and " + std::to_string(kRowsMax));
    }
    spec.limit = limit.get<int64_t>();
  }
  if (root.has("title")) {
    TRY_OUTCOME(spec.title, root.at("title").text());
  }
  return spec;
}

}  // namespace flamingo
