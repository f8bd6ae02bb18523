#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/duckdb/dataset_view.h"

namespace understudy::store {

/// Lets SQL read the tail: `tail_scan(N)` has the columns seq, ts, rate, c0, c1, ... and the rows
/// of the blocks that were offered under N. Pages are copied into the engine's vectors as they are;
/// texts stay where they lie and only their 16-byte heads are copied.
/// Lifetime: an offer must be kept until the query has run; the TailScan outlives the database.
/// Threads: any.
class TailScan {
 public:
  TailScan() = default;
  TailScan(const TailScan&) = delete;
  TailScan& operator=(const TailScan&) = delete;

  /// Makes the function known to the database.
  base::Status install(Database& database);
  /// Offers a view's blocks and writes their number, and what keeps them offered, into the view.
  void offer(TableView& view);

  struct Offer {
    std::shared_ptr<const Schema> schema;
    std::vector<BlockView> blocks;
  };
  /// Null when nobody offers it.
  std::shared_ptr<const Offer> find(std::int64_t number) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, std::shared_ptr<const Offer>> offers_;
  std::int64_t last_ = 0;
};

}  // namespace understudy::store
