#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "dialect/outcome.h"
#include "engine/remote_engine.h"

namespace flamingo {

/// What filters can choose from: the values that are really in the data.
struct TrafficDomain {
  std::vector<std::string> airports;  // most flights first
  int64_t first_ms = 0;
  int64_t last_ms = 0;
};

/// Asks a service for the domain of the flights.
Outcome<TrafficDomain> read_domain(RemoteEngine& service);

/// One look of one person at one chart.
struct ChartRequest {
  std::string account;
  std::string chart;  // which of the dashboard's charts
  std::string spec;   // Flamingo's specification, as JSON
};

struct TrafficOptions {
  uint64_t accounts = 200;
  uint64_t seed = 1;
};

/// Dashboard traffic: accounts come back, few charts are most of the views (Zipf), each account has
/// a home airport that most of its filters name, date ranges lie where there is data.
/// The n-th request is a function of the seed and of n alone.
/// Threads: const, any number at once.
class Traffic {
 public:
  Traffic(TrafficDomain domain, TrafficOptions options);

  ChartRequest request(uint64_t n) const;

 private:
  std::string airport_of(uint64_t account, std::mt19937_64& random) const;

  TrafficDomain domain_;
  TrafficOptions options_;
  std::vector<double> airport_weights_;
};

}  // namespace flamingo
