#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "store/select.h"

namespace understudy::store {

/// A Filter with its column names looked up once, ready to be asked for many rows.
/// Lifetime: the Filter must outlive it. Threads: const methods from any thread.
class FilterMatch {
 public:
  /// The value of a column in the row at hand, null when absent.
  using Lookup = std::function<event::ValueView(std::uint32_t column)>;

  /// `id_of` gives the id `Lookup` is asked for.
  using IdOf = std::function<std::uint32_t(const std::string& column)>;

  FilterMatch(const Filter& filter, const IdOf& id_of);
  bool matches(const Lookup& lookup) const;

 private:
  bool matches_test(const event::ValueView& value) const;

  const Filter* filter_;
  std::uint32_t column_;
  std::vector<FilterMatch> children_;
};

}  // namespace understudy::store
