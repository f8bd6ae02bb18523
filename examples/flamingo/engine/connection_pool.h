#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace flamingo {

/// Lends a fixed number of connections, one to a thread at a time. Waiting is bounded by the number
/// of threads that serve requests and by how long a query runs.
template <class Connection>
class ConnectionPool {
 public:
  /// A lent connection; returns itself.
  class Lease {
   public:
    Lease(ConnectionPool& pool, Connection connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() { return connection_; }

   private:
    ConnectionPool& pool_;
    Connection connection_;
  };

  void add(Connection connection) { idle_.push_back(std::move(connection)); }

  Lease lease() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty(); });
    Connection connection = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(connection));
  }

 private:
  void give_back(Connection connection) {
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection> idle_;
};

}  // namespace flamingo
