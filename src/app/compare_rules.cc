#include "app/compare_rules.h"

#include <algorithm>
#include <utility>

#include "api/compare_flag.h"
#include "base/log.h"
#include "base/text.h"
#include "flags/snapshot.h"

namespace understudy::app {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void CompareRules::set_migrations(std::vector<std::string> names) {
  const std::lock_guard lock(mutex_);
  for (std::string& name : names_) {
    if (!contains(names, name)) former_.push_back(std::move(name));
  }
  std::erase_if(former_, [&](const std::string& name) { return contains(names, name); });
  while (former_.size() > kFormerMax) former_.pop_front();
  names_ = std::move(names);
  refresh();
}

void CompareRules::follow() {
  if (flags_.publications() == seen_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  if (flags_.publications() != seen_.load(std::memory_order_acquire)) refresh();
}

void CompareRules::refresh() {
  seen_.store(flags_.publications(), std::memory_order_release);
  const std::shared_ptr<const flags::FlagSnapshot> snapshot = flags_.load();
  std::map<std::string, Known> next;
  Comparators comparators;
  std::vector<std::string> names = names_;
  names.insert(names.end(), former_.begin(), former_.end());
  for (const std::string& name : names) {
    Known known = known_[name];
    const std::string key = api::compare_flag_key(name);
    const flags::Flag* flag = snapshot->find_flag(key);
    const flags::Value* value = flag == nullptr ? nullptr : api::served_comparison(*flag);
    const std::string text = value == nullptr ? "{}" : flags::to_json(*value);
    if (text != known.value || known.comparator == nullptr) {
      if (value != nullptr && value->find("noise_sample") != nullptr) {
        base::log_warn("noise_sample in the flag ", key,
                       " has no effect: it goes by the configuration file");
      }
      auto made = api::comparator_from(
          key, value == nullptr ? flags::Value(flags::Value::Object{}) : *value);
      if (made.ok()) {
        known.comparator = std::make_shared<const compare::Comparator>(*std::move(made));
      } else {
        base::log_warn("comparison of ", name, " stays as it was: ", made.error().context);
        if (known.comparator == nullptr) {
          known.comparator = std::make_shared<const compare::Comparator>();
        }
      }
      known.value = text;
    }
    comparators[name] = known.comparator;
    next[name] = std::move(known);
  }
  known_ = std::move(next);
  recorder_.set_comparators(std::move(comparators));
}

}  // namespace understudy::app
