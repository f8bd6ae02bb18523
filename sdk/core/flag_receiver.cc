#include "core/flag_receiver.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "flags/flag_json.h"

namespace understudy::sdk {
namespace {

constexpr std::string_view kFlagPath = "/flags/";
constexpr std::string_view kSegmentPath = "/segments/";

/// The `path` and the value of a stream event.
struct Change {
  std::string path;
  flags::Value body;

  std::string_view flag_key() const {
    return path.starts_with(kFlagPath) ? std::string_view(path).substr(kFlagPath.size())
                                       : std::string_view();
  }
  std::string_view segment_key() const {
    return path.starts_with(kSegmentPath) ? std::string_view(path).substr(kSegmentPath.size())
                                          : std::string_view();
  }
};

/// The version of the entry with this key, a tombstone's included; -1 when there never was one.
/// Linear in the entries: once per change, never per run.
template <typename Entries>
int64_t version_of(const Entries& entries, std::string_view key) {
  for (const auto* entry : entries) {
    if (entry->key == key) return entry->version;
  }
  return -1;
}

base::Result<Change> parse_change(std::string_view data) {
  TRY_ASSIGN(flags::Value body, flags::parse_json(data, FlagReceiver::kEventBytesMax));
  const flags::Value* path = body.find("path");
  if (path == nullptr || !path->is_string()) return base::invalid("no path");
  Change change;
  change.path = path->as_string();
  change.body = std::move(body);
  return change;
}

}  // namespace

FlagReceiver::FlagReceiver(Options options, Transport& transport, const base::Clock& clock,
                           flags::SnapshotHolder& holder, LiveCounters& counters)
    : options_(std::move(options)),
      transport_(transport),
      clock_(clock),
      holder_(holder),
      counters_(counters),
      backoff_(kReconnectFirstNs, kReconnectLongestNs, options_.seed),
      parser_(kEventBytesMax, [this](const ServerEvent& event) { return apply(event); }) {}

bool FlagReceiver::wait_for_flags(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [this] { return has_flags(); });
}

void FlagReceiver::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void FlagReceiver::loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const int64_t start_ns = clock_.steady_ns();
    const base::Status status = receive(stop);
    if (stop.stop_requested()) return;
    counters_.flag_reconnects.fetch_add(1, std::memory_order_relaxed);
    if (!status.ok()) say("the flag stream ended", status.error().context);
    if (clock_.steady_ns() - start_ns >= kHealthyNs) backoff_.reset();
    const int64_t until_ns = clock_.steady_ns() + backoff_.next_ns();
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested() && !woken_ && clock_.steady_ns() < until_ns) {
      changed_.wait_for(lock, stop, std::chrono::nanoseconds(until_ns - clock_.steady_ns()),
                        [this] { return woken_; });
    }
    woken_ = false;
  }
}

base::Status FlagReceiver::receive(std::stop_token stop) {
  parser_.reset();
  stream_status_ = base::ok_status();
  initialised_ = false;
  HttpRequest request;
  request.url = options_.url;
  request.headers = {"accept: text/event-stream", "cache-control: no-cache"};
  if (!options_.key.empty()) request.headers.push_back("authorization: " + options_.key);
  TRY(transport_.stream(request, *this, stop));
  return stream_status_;
}

bool FlagReceiver::on_status(int status) {
  if (status == 200) return true;
  stream_status_ = base::error(base::ErrorKind::kUnavailable, base::cat("status ", status));
  return false;
}

bool FlagReceiver::on_bytes(std::string_view bytes) {
  base::Status status = parser_.feed(bytes);
  if (status.ok()) return true;
  counters_.flag_bad_updates.fetch_add(1, std::memory_order_relaxed);
  stream_status_ = std::move(status);
  return false;
}

base::Status FlagReceiver::apply(const ServerEvent& event) {
  if (event.type == "put") return apply_put(event.data);
  if (event.type == "patch") return apply_patch(event.data);
  if (event.type == "delete") return apply_delete(event.data);
  return base::ok_status();
}

base::Status FlagReceiver::apply_put(std::string_view data) {
  TRY_ASSIGN(const flags::Value body, flags::parse_json(data, kEventBytesMax));
  const flags::Value* all = body.find("data");
  if (all == nullptr || !all->is_object()) return base::invalid("put without data");
  TRY_ASSIGN(auto snapshot, flags::parse_snapshot(flags::to_json(*all)));
  initialised_ = true;
  publish(std::move(snapshot));
  return base::ok_status();
}

base::Status FlagReceiver::apply_patch(std::string_view data) {
  TRY_ASSIGN(const Change change, parse_change(data));
  const flags::Value* body = change.body.find("data");
  if (body == nullptr) return base::invalid("patch without data");
  if (!initialised_) return base::ok_status();  // a patch of what we do not have yet
  const auto now = holder_.load();
  if (const auto key = change.flag_key(); !key.empty()) {
    TRY_ASSIGN(flags::Flag flag, flags::flag_from_json(*body));
    if (flag.key != key) return base::invalid("patch of a flag under another key");
    if (flag.version > version_of(now->flags(), key)) publish(now->with(std::move(flag)));
  } else if (const auto name = change.segment_key(); !name.empty()) {
    TRY_ASSIGN(flags::Segment segment, flags::segment_from_json(*body));
    if (segment.key != name) return base::invalid("patch of a segment under another key");
    if (segment.version > version_of(now->segments(), name)) publish(now->with(std::move(segment)));
  }
  return base::ok_status();
}

base::Status FlagReceiver::apply_delete(std::string_view data) {
  TRY_ASSIGN(const Change change, parse_change(data));
  if (!initialised_) return base::ok_status();
  const flags::Value* version = change.body.find("version");
  if (version == nullptr || !version->is_number()) return base::invalid("delete without version");
  const auto now = holder_.load();
  if (const auto key = change.flag_key(); !key.empty()) {
    flags::Flag tombstone;
    tombstone.key = key;
    tombstone.version = version->as_integer();
    tombstone.deleted = true;
    if (tombstone.version > version_of(now->flags(), key)) {
      publish(now->with(std::move(tombstone)));
    }
  } else if (const auto name = change.segment_key(); !name.empty()) {
    flags::Segment tombstone;
    tombstone.key = name;
    tombstone.version = version->as_integer();
    tombstone.deleted = true;
    if (tombstone.version > version_of(now->segments(), name)) {
      publish(now->with(std::move(tombstone)));
    }
  }
  return base::ok_status();
}

void FlagReceiver::publish(std::shared_ptr<const flags::FlagSnapshot> snapshot) {
  save_cache(*snapshot);
  holder_.publish(std::move(snapshot));
  counters_.flag_updates.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    has_flags_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
}

void FlagReceiver::load_cache() {
  if (options_.cache_file.empty()) return;
  std::ifstream file(options_.cache_file, std::ios::binary);
  if (!file) return;  // the first start
  std::string text;
  text.resize(kEventBytesMax + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kEventBytesMax) {
    return say("the flag cache is not used", "it is above its bound");
  }
  auto snapshot = flags::parse_snapshot(text);
  if (!snapshot.ok()) return say("the flag cache is not used", snapshot.error().context);
  holder_.publish(*std::move(snapshot));
  has_flags_.store(true, std::memory_order_release);
}

void FlagReceiver::save_cache(const flags::FlagSnapshot& snapshot) {
  if (options_.cache_file.empty()) return;
  // Written beside and renamed, so that a reader or a crash never sees half of it.
  const std::string beside = options_.cache_file + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << flags::to_json(snapshot);
  file.close();
  if (!file || std::rename(beside.c_str(), options_.cache_file.c_str()) != 0) {
    say("the flag cache cannot be written", options_.cache_file);
  }
}

void FlagReceiver::say(std::string_view what, std::string_view why) const {
  if (options_.log) options_.log(base::cat("understudy: ", what, ": ", why));
}

}  // namespace understudy::sdk
