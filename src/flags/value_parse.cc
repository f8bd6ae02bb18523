// The reading half of value.h: nlohmann's parser feeds a builder, so that depth is bounded while
// the text is read and no second tree is made.
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "flags/value.h"

namespace understudy::flags {
namespace {

using base::cat;

/// Builds a Value from parse events. Open containers are kept in a list of their own and attached
/// to their parent when they end, so nothing here recurses.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(Value(value)); }
  bool number_integer(number_integer_t value) override { return put(Value(int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return put(Value(static_cast<int64_t>(value)));
    }
    return put(Value(static_cast<double>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override { return put(Value(value)); }
  bool string(string_t& value) override { return put(Value(std::move(value))); }
  bool binary(binary_t&) override { return fail("binary value"); }

  bool start_object(std::size_t) override { return open(Open{.is_object = true}); }
  bool key(string_t& name) override {
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() override {
    Open done = std::move(open_.back());
    open_.pop_back();
    return put(Value(last_of_each_name(std::move(done.members))));
  }
  bool start_array(std::size_t) override { return open(Open{.is_object = false}); }
  bool end_array() override {
    Open done = std::move(open_.back());
    open_.pop_back();
    return put(Value(std::move(done.items)));
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& failure) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..."
    std::string_view why = failure.what();
    const size_t bracket = why.find("] ");
    if (bracket != std::string_view::npos) why.remove_prefix(bracket + 2);
    const size_t colon = why.find(": ");
    if (why.starts_with("parse error") && colon != std::string_view::npos) {
      why.remove_prefix(colon + 2);
    }
    error_ = cat("not JSON at byte ", position, ": ", base::printable(why));
    return false;
  }

  base::Result<Value> finish(bool parsed) && {
    if (!error_.empty()) return base::invalid(std::move(error_));
    if (!parsed) return base::invalid("not JSON");
    return std::move(root_);
  }

 private:
  struct Open {
    bool is_object = false;
    std::string name{};  // of the member being read
    Value::List items{};
    Value::Object members{};
  };

  static Value::Object last_of_each_name(Value::Object members) {
    if (members.size() < 2) return members;
    std::vector<const std::string*> names;
    names.reserve(members.size());
    for (const Value::Member& member : members) names.push_back(&member.name);
    std::sort(names.begin(), names.end(),
              [](const std::string* a, const std::string* b) { return *a < *b; });
    const bool repeated = std::adjacent_find(names.begin(), names.end(),
                                             [](const std::string* a, const std::string* b) {
                                               return *a == *b;
                                             }) != names.end();
    if (!repeated) return members;
    std::map<std::string, size_t> last;
    for (size_t i = 0; i < members.size(); ++i) last[members[i].name] = i;
    Value::Object kept;
    for (size_t i = 0; i < members.size(); ++i) {
      if (last[members[i].name] == i) kept.push_back(std::move(members[i]));
    }
    return kept;
  }

  bool open(Open container) {
    if (open_.size() >= static_cast<size_t>(kJsonDepthMax)) {
      return fail(cat("JSON nested deeper than ", kJsonDepthMax));
    }
    open_.push_back(std::move(container));
    return true;
  }

  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.push_back({std::move(open_.back().name), std::move(value)});
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  bool fail(std::string why) {
    error_ = std::move(why);
    return false;
  }

  std::vector<Open> open_;
  Value root_;
  std::string error_;
};

}  // namespace

base::Result<Value> parse_json(std::string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) {
    return base::error(base::ErrorKind::kLimit, cat("JSON text of ", text.size(),
                                                    " bytes is above the limit of ", bytes_max));
  }
  // The parser takes a zero byte for the end of the text, whatever follows it.
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return base::invalid(cat("not JSON at byte ", zero + 1, ": a zero byte"));
  }
  TreeBuilder builder;
  const bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).finish(parsed);
}

}  // namespace understudy::flags
