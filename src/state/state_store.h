#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "flags/flag.h"
#include "flags/snapshot.h"
#include "state/api_key.h"
#include "state/document_store.h"

namespace understudy::state {

/// Sizes beyond which a write is refused with kLimit.
inline constexpr size_t kKeyBytesMax = 256;
inline constexpr size_t kWhoBytesMax = 256;
inline constexpr size_t kCommentBytesMax = 4096;
inline constexpr size_t kRecordJsonBytesMax = 4U << 20;
inline constexpr size_t kRecordsMax = 20'000;  // flags and segments, deleted ones included
inline constexpr size_t kMarkerTypeBytesMax = 64;
inline constexpr size_t kMarkerMessageBytesMax = 2048;
inline constexpr size_t kMarkerUrlBytesMax = 2048;
inline constexpr int64_t kMarkersMax = 1'000'000;
inline constexpr size_t kApiKeysMax = 1000;  // revoked ones included
inline constexpr size_t kApiKeyNameBytesMax = 100;
inline constexpr DocumentLimits kDocumentLimits = {};
inline constexpr DocumentLimits kResultLimits = {.count_max = 10'000,
                                                 .json_bytes_max = size_t{16} << 20,
                                                 .total_bytes_max = uint64_t{256} << 20,
                                                 .newest_stay = true};
/// At most this many rows leave one call; ask again with `before_id` for older ones.
inline constexpr int kRowsMax = 1000;

enum class ItemKind { kFlag = 1, kSegment = 2 };
std::string_view name(ItemKind kind);  // "flag", "segment"

/// Who set the present value of an item.
enum class Origin {
  kConfig = 1,  // the configuration, which may set it again
  kChange = 2,  // a person or the autopilot; the configuration keeps its hands off until a deletion
};
std::string_view name(Origin origin);  // "config", "change"

/// Who changes something, and why.
struct Change {
  std::string who;            // "alice", "autopilot", "understudy.yaml:12"; not empty
  std::string comment;        // may be empty
  bool even_if_same = false;  // recorded as a change, with a new version, when nothing differs
};

/// One change of one flag or segment.
struct HistoryEntry {
  int64_t id = 0;  // grows with time
  ItemKind kind = ItemKind::kFlag;
  std::string key;
  int64_t version = 0;  // after the change
  int64_t time_ns = 0;  // unix
  Origin origin = Origin::kChange;
  std::string who;
  std::string comment;
  std::string from_json;  // empty when it was created
  std::string to_json;    // empty when it was deleted
};

/// A moment, or with an end a span, on the time axis of every chart.
struct Marker {
  int64_t id = 0;       // given by the store
  int64_t time_ns = 0;  // unix; 0 when added means now
  std::optional<int64_t> end_time_ns;
  std::string type;  // "flag_change", "deploy", "verdict", ...
  std::string message;
  std::string url;
};

struct HistoryQuery {
  std::optional<ItemKind> kind;
  std::string key;        // empty means all
  int64_t before_id = 0;  // 0 means from the newest
  int limit = 100;
};

struct MarkerQuery {
  int64_t from_ns = 0;  // markers that touch [from_ns, until_ns)
  std::optional<int64_t> until_ns;
  std::string type;       // empty means all
  int64_t before_id = 0;  // 0 means from the newest
  int limit = 100;
};

/// What ensure_flag found.
enum class Ensured {
  kCreated,    // there was none
  kReturned,   // there was none: it had been deleted, and is made anew from the configuration
  kUpdated,    // only the configuration had ever set it, and it says something else now
  kUnchanged,  // it is already so
  kKept,       // somebody has set it since; that stays
};

/// The control plane's records: flags and segments with their whole history, markers, and keys.
///
/// A write that returned is durable as far as its engine promises. Every change of a flag or
/// segment writes the new value, a history entry and a marker of type "flag_change" in one
/// transaction: all of it or nothing. A write that would change nothing returns the present value
/// and leaves no trace. Versions start at 1 and grow by 1 with every change, deletion included, so
/// that the number of a deleted and re-created flag still grows.
///
/// `expected_version` is optimistic concurrency: kConflict when the item is at another version;
/// 0 means that it must not exist. Without it the last writer wins.
///
/// Failure: kInvalid and kLimit for what is given, kConflict, kNotFound, kUnavailable (another
/// process holds the file), kIo (the disk) and kInternal.
/// Threads: any; calls take turns. Cost: a write waits for the disk.
class StateStore {
 public:
  virtual ~StateStore() = default;
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  /// Creates or replaces a flag; its `version` is ignored. Returns it with its new version.
  base::Result<flags::Flag> put_flag(flags::Flag flag, const Change& change,
                                     std::optional<int64_t> expected_version = std::nullopt);
  base::Status remove_flag(std::string_view key, const Change& change,
                           std::optional<int64_t> expected_version = std::nullopt);
  base::Result<flags::Flag> flag(std::string_view key);
  /// In the order of their keys, without deleted ones.
  base::Result<std::vector<flags::Flag>> flags();

  /// Creates the flag when there is none, and follows the configuration as long as nobody else
  /// has set it. Who deletes it gives it back to the configuration. `source` is where the
  /// configuration stands ("understudy.yaml:12").
  base::Result<Ensured> ensure_flag(flags::Flag flag, std::string_view source);

  base::Result<flags::Segment> put_segment(flags::Segment segment, const Change& change,
                                           std::optional<int64_t> expected_version = std::nullopt);
  base::Status remove_segment(std::string_view key, const Change& change,
                              std::optional<int64_t> expected_version = std::nullopt);
  base::Result<flags::Segment> segment(std::string_view key);
  base::Result<std::vector<flags::Segment>> segments();

  /// All flags and segments for evaluation; its version is the id of the newest history entry.
  base::Result<std::shared_ptr<const flags::FlagSnapshot>> snapshot();

  /// Newest first.
  base::Result<std::vector<HistoryEntry>> history(const HistoryQuery& query);

  /// Returns the marker with its id and time.
  base::Result<Marker> add_marker(Marker marker);
  /// Replaces a marker somebody made, by its id. kNotFound; kConflict for one the system made (a
  /// change of a flag, a verdict), which stays what it is.
  base::Result<Marker> change_marker(Marker marker);
  base::Result<Marker> remove_marker(int64_t id);
  /// Newest first, by id.
  base::Result<std::vector<Marker>> markers(const MarkerQuery& query);

  /// Keeps a new key; who made it and when are filled in. kConflict when another key that is not
  /// revoked has its name.
  base::Result<ApiKey> add_api_key(ApiKey key, std::string_view who);
  /// For good: a revoked key stays in the list and never works again. kNotFound for an unknown id;
  /// a second time changes nothing.
  base::Result<ApiKey> revoke_api_key(std::string_view id, std::string_view who);
  /// Oldest first, revoked ones included.
  base::Result<std::vector<ApiKey>> api_keys() { return select_api_keys(); }

  /// Boards, saved queries and what else people keep; with kDocumentLimits. Lives as long as this.
  virtual DocumentStore& documents() = 0;
  /// The answers behind permalinks, with kResultLimits: the oldest go, and what was written in the
  /// last moment before a power cut may be lost.
  virtual DocumentStore& results() = 0;

 protected:
  /// One flag or segment as an engine keeps it.
  struct Record {
    ItemKind kind = ItemKind::kFlag;
    std::string key;
    int64_t version = 0;
    bool deleted = false;
    Origin origin = Origin::kChange;
    std::string json;  // of the last value; kept when deleted
  };
  /// All that one change writes. Ids are the engine's to give.
  struct Write {
    Record record;
    HistoryEntry history;
    Marker marker;
  };
  struct Selection {
    std::optional<ItemKind> kind;
    std::string key;  // empty means all
  };
  struct Contents {
    std::vector<Record> records;  // by kind, then key
    int64_t newest_history_id = 0;
  };
  /// Decides what to write from what there is (null when there is nothing); no Write means that
  /// nothing changes.
  using Decide = std::function<base::Result<std::optional<Write>>(const Record* current)>;

  explicit StateStore(const base::Clock& clock) : clock_(clock) {}

  // What an engine does. Arguments are checked before they get here.

  /// Reads one record, asks `decide`, and writes its answer, in one transaction. A new record
  /// above kRecordsMax is refused.
  virtual base::Status update(ItemKind kind, std::string_view key, const Decide& decide) = 0;
  virtual base::Result<Contents> load(const Selection& selection) = 0;
  virtual base::Result<std::vector<HistoryEntry>> select_history(const HistoryQuery& query) = 0;
  virtual base::Result<int64_t> insert_marker(const Marker& marker) = 0;
  virtual base::Result<std::vector<Marker>> select_markers(const MarkerQuery& query) = 0;
  /// Of the marker with this id, which exists.
  virtual base::Status update_marker(const Marker& marker) = 0;
  virtual base::Status delete_marker(int64_t id) = 0;
  /// In one transaction; refused with kConflict and kLimit as add_api_key() says.
  virtual base::Status insert_api_key(const ApiKey& key) = 0;
  virtual base::Status update_api_key(const ApiKey& key) = 0;
  virtual base::Result<std::vector<ApiKey>> select_api_keys() = 0;
  /// What an engine checks in its transaction before it inserts.
  static base::Status check_new_api_key(const std::vector<ApiKey>& present, const ApiKey& key);

 private:
  static base::Status check_marker(const Marker& marker);
  base::Result<Marker> made_by_somebody(int64_t id);
  template <class Item>
  base::Result<Item> put(Item item, const Change& change, std::optional<int64_t> expected);
  base::Status remove(ItemKind kind, std::string_view key, const Change& change,
                      std::optional<int64_t> expected);
  template <class Item>
  base::Result<Item> find(std::string_view key);
  template <class Item>
  base::Result<std::vector<Item>> all();
  Write make_write(ItemKind kind, const Record* current, std::string key, std::string json,
                   Origin origin, const Change& change) const;

  const base::Clock& clock_;
};

}  // namespace understudy::state
