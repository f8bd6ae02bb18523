#include "proxy/accounting.h"

namespace understudy::proxy {

std::string_view name(Account account) {
  switch (account) {
    case Account::kNotSampled:
      return "not_sampled";
    case Account::kCompared:
      return "compared";
    case Account::kShed:
      return "shed";
    case Account::kTooLarge:
      return "too_large";
    case Account::kTimedOut:
      return "timed_out";
    case Account::kFailed:
      return "failed";
    case Account::kClientAborted:
      return "client_aborted";
    case Account::kNotComparable:
      return "not_comparable";
  }
  return "not_comparable";
}

std::string_view name(NoiseAccount account) {
  switch (account) {
    case NoiseAccount::kTaken:
      return "taken";
    case NoiseAccount::kShed:
      return "shed";
    case NoiseAccount::kFailed:
      return "failed";
  }
  return "failed";
}

uint64_t Accounting::settled() const {
  uint64_t sum = 0;
  for (const auto& account : accounts_) sum += account.load(std::memory_order_relaxed);
  return sum;
}

uint64_t Accounting::noise_settled() const {
  uint64_t sum = 0;
  for (const auto& account : noise_) sum += account.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace understudy::proxy
