#include "api/flag_publisher.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "flags/flag_json.h"

namespace understudy::api {

using flags::FlagSnapshot;
using SnapshotPointer = std::shared_ptr<const FlagSnapshot>;

namespace {

void append_event(std::string& out, std::string_view name, std::string_view path,
                  std::string_view member, std::string_view json) {
  out += base::cat("event: ", name, "\ndata: {\"path\":");
  flags::append_json_string(out, path);
  out += base::cat(",\"", member, "\":", json, "}\n\n");
}

/// What turns the items of one snapshot into those of a later one. Both lists are in the order of
/// their keys.
template <class Item>
void append_changes(std::string& out, std::string_view folder, const std::vector<const Item*>& from,
                    const std::vector<const Item*>& to) {
  auto old = from.begin();
  const auto remove_until = [&](const std::string* key) {
    for (; old != from.end() && (key == nullptr || (*old)->key < *key); ++old) {
      if ((*old)->deleted) continue;
      // One above what the client has, which is what it needs to believe it.
      append_event(out, "delete", base::cat(folder, (*old)->key), "version",
                   base::cat((*old)->version + 1));
    }
  };
  for (const Item* item : to) {
    if (item->deleted) continue;
    remove_until(&item->key);
    const bool known = old != from.end() && (*old)->key == item->key;
    if (!known || (*old)->version != item->version || (*old)->deleted) {
      append_event(out, "patch", base::cat(folder, item->key), "data", flags::to_json(*item));
    }
    if (known) ++old;
  }
  remove_until(nullptr);
}

}  // namespace

/// The streams that are open and the snapshot they are to reach.
class FlagPublisher::Subscribers {
 public:
  explicit Subscribers(SnapshotPointer first, size_t streams_max)
      : streams_max_(streams_max), current_(std::move(first)) {}

  SnapshotPointer current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  size_t size() const {
    const std::lock_guard lock(mutex_);
    return streams_.size();
  }

  void publish(SnapshotPointer next);
  bool enter(Stream* stream);
  void leave(Stream* stream);
  void set_wake(Stream& stream, std::function<void()> wake);

 private:
  const size_t streams_max_;
  mutable std::mutex mutex_;
  SnapshotPointer current_;
  std::set<Stream*> streams_;
};

class FlagPublisher::Stream final : public EventStream {
 public:
  explicit Stream(std::shared_ptr<Subscribers> subscribers)
      : subscribers_(std::move(subscribers)) {}
  ~Stream() override { subscribers_->leave(this); }

  std::string take() override {
    SnapshotPointer next = subscribers_->current();
    if (next == sent_) return {};
    std::string out;
    if (sent_ == nullptr) {
      append_event(out, "put", "/", "data", flags::to_json(*next));
    } else {
      // Segments first, so that no flag refers to one the client does not have yet.
      append_changes(out, "/segments/", sent_->segments(), next->segments());
      append_changes(out, "/flags/", sent_->flags(), next->flags());
    }
    sent_ = std::move(next);
    return out;
  }

  void on_ready(std::function<void()> wake) override {
    subscribers_->set_wake(*this, std::move(wake));
  }

 private:
  friend class Subscribers;
  const std::shared_ptr<Subscribers> subscribers_;
  SnapshotPointer sent_;
  std::function<void()> wake_;  // guarded by the subscribers' mutex
};

void FlagPublisher::Subscribers::publish(SnapshotPointer next) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
  for (Stream* stream : streams_) {
    if (stream->wake_) stream->wake_();
  }
}

bool FlagPublisher::Subscribers::enter(Stream* stream) {
  const std::lock_guard lock(mutex_);
  if (streams_.size() >= streams_max_) return false;
  streams_.insert(stream);
  return true;
}

void FlagPublisher::Subscribers::leave(Stream* stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

void FlagPublisher::Subscribers::set_wake(Stream& stream, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  stream.wake_ = std::move(wake);
}

FlagPublisher::FlagPublisher(state::StateStore& store, flags::SnapshotHolder& holder,
                             size_t streams_max)
    : store_(store),
      holder_(holder),
      subscribers_(std::make_shared<Subscribers>(holder.load(), streams_max)) {}

FlagPublisher::~FlagPublisher() = default;

base::Status FlagPublisher::publish() {
  const std::lock_guard lock(publish_mutex_);
  base::Result<SnapshotPointer> read = store_.snapshot();
  if (!read.ok()) {
    return base::error(
        read.error().kind,
        base::cat("what was stored is not in force yet, the flags could not be read: ",
                  read.error().context));
  }
  SnapshotPointer next = *std::move(read);
  holder_.publish(next);
  subscribers_->publish(std::move(next));
  return base::ok_status();
}

base::Result<std::shared_ptr<EventStream>> FlagPublisher::open_stream() {
  auto stream = std::make_shared<Stream>(subscribers_);
  if (!subscribers_->enter(stream.get())) {
    return base::error(base::ErrorKind::kUnavailable,
                       "as many flag streams are open as are allowed; poll /sdk/latest-all, or "
                       "come back later");
  }
  return std::shared_ptr<EventStream>(std::move(stream));
}

size_t FlagPublisher::streams_open() const { return subscribers_->size(); }

}  // namespace understudy::api
