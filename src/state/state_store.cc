#include "state/state_store.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "flags/flag_json.h"
#include "flags/mode.h"

namespace understudy::state {
namespace {

using base::cat;
using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using flags::Flag;
using flags::Segment;

constexpr std::string_view kChangeMarkerType = "flag_change";
constexpr std::string_view kVerdictMarkerType = "verdict";

template <class Item>
constexpr ItemKind kKindOf = ItemKind::kFlag;
template <>
constexpr ItemKind kKindOf<Segment> = ItemKind::kSegment;

template <class Item>
Result<Item> parse_item(std::string_view json);
template <>
Result<Flag> parse_item<Flag>(std::string_view json) {
  return flags::parse_flag(json);
}
template <>
Result<Segment> parse_item<Segment>(std::string_view json) {
  return flags::parse_segment(json);
}

Status check_length(std::string_view what, std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return base::ok_status();
  return base::error(ErrorKind::kLimit, cat(what, " is ", text.size(), " bytes long; at most ",
                                            bytes_max, " are kept"));
}

Status check_key(ItemKind kind, std::string_view key) {
  if (key.empty()) return base::invalid(cat("the key of a ", name(kind), " is empty"));
  TRY(check_length(cat("the key of a ", name(kind)), key, kKeyBytesMax));
  const bool printable = std::all_of(key.begin(), key.end(), [](char letter) {
    return static_cast<unsigned char>(letter) > ' ' && letter != 0x7F;
  });
  if (!printable) {
    return base::invalid(
        cat("the key '", base::printable(key), "' has a space or a control character"));
  }
  return base::ok_status();
}

Status check_change(const Change& change) {
  if (change.who.empty()) return base::invalid("a change needs to say who makes it");
  TRY(check_length("the name of who makes a change", change.who, kWhoBytesMax));
  return check_length("the comment of a change", change.comment, kCommentBytesMax);
}

template <class Item>
Result<std::string> checked_json(const Item& item) {
  std::string json = flags::to_json(item);
  TRY(check_length(cat("the ", name(kKindOf<Item>), " ", item.key), json, kRecordJsonBytesMax));
  return json;
}

Error not_found(ItemKind kind, std::string_view key) {
  return base::error(ErrorKind::kNotFound,
                     cat("there is no ", name(kind), " '", base::printable(key), "'"));
}

template <class Record>
Status check_version(ItemKind kind, std::string_view key, const Record* current,
                     std::optional<int64_t> expected) {
  if (!expected) return base::ok_status();
  const bool exists = current != nullptr && !current->deleted;
  if (exists ? *expected == current->version : *expected == 0) return base::ok_status();
  return base::error(
      ErrorKind::kConflict,
      exists ? cat(name(kind), " '", key, "' is at version ", current->version, ", not ", *expected,
                   ": somebody changed it in the meantime")
             : cat(name(kind), " '", key, "' does not exist, expected version ", *expected));
}

/// The mix a JSON flag serves when it is a mode flag that serves one.
std::string mix_text(std::string_view json) {
  const Result<Flag> flag = flags::parse_flag(json);
  if (!flag.ok()) return {};
  const Result<flags::ModeMix> mix = flags::mix_of(*flag);
  return mix.ok() ? mix->to_string() : std::string();
}

/// Whether a change left everything as it was but the version.
bool same_but_for_version(const HistoryEntry& entry) {
  Result<Flag> from = flags::parse_flag(entry.from_json);
  const Result<Flag> to = flags::parse_flag(entry.to_json);
  if (!from.ok() || !to.ok()) return false;
  from->version = to->version;
  return flags::to_json(*from) == flags::to_json(*to);
}

/// One line for a chart: "data-engine.mode: control_only=100 -> full_evaluation=100 by alice".
std::string describe(const HistoryEntry& entry) {
  const bool is_flag = entry.kind == ItemKind::kFlag;
  std::string text = is_flag ? entry.key : cat("segment ", entry.key);
  const std::string from = is_flag ? mix_text(entry.from_json) : std::string();
  const std::string to = is_flag ? mix_text(entry.to_json) : std::string();
  if (entry.to_json.empty()) {
    text += " deleted";
  } else if (entry.from_json.empty()) {
    text += to.empty() ? " created" : cat(" created: ", to);
  } else if (!from.empty() && !to.empty() && from != to) {
    text += cat(": ", from, " -> ", to);
  } else if (!to.empty() && same_but_for_version(entry)) {
    text += cat(": a new evidence window was begun at ", to);
  } else {
    text += cat(" changed to version ", entry.version);
  }
  text += cat(" by ", entry.who);
  if (!entry.comment.empty()) text += cat(" (", entry.comment, ")");
  return std::string(base::cut_utf8(text, kMarkerMessageBytesMax));
}

}  // namespace

std::string_view name(ItemKind kind) { return kind == ItemKind::kFlag ? "flag" : "segment"; }
std::string_view name(Origin origin) { return origin == Origin::kConfig ? "config" : "change"; }

StateStore::Write StateStore::make_write(ItemKind kind, const Record* current, std::string key,
                                         std::string json, Origin origin,
                                         const Change& change) const {
  Write write;
  const bool existed = current != nullptr && !current->deleted;
  write.record = {.kind = kind,
                  .key = key,
                  .version = (current != nullptr ? current->version : 0) + 1,
                  .deleted = json.empty(),
                  .origin = origin,
                  .json = json.empty() && existed ? current->json : json};
  write.history = {.kind = kind,
                   .key = std::move(key),
                   .version = write.record.version,
                   .time_ns = clock_.unix_ns(),
                   .origin = origin,
                   .who = change.who,
                   .comment = change.comment,
                   .from_json = existed ? current->json : std::string(),
                   .to_json = std::move(json)};
  write.marker = {.time_ns = write.history.time_ns,
                  .type = std::string(kChangeMarkerType),
                  .message = describe(write.history)};
  return write;
}

template <class Item>
Result<Item> StateStore::put(Item item, const Change& change, std::optional<int64_t> expected) {
  constexpr ItemKind kKind = kKindOf<Item>;
  TRY(check_key(kKind, item.key));
  TRY(check_change(change));
  item.deleted = false;
  const Decide decide = [&](const Record* current) -> Result<std::optional<Write>> {
    TRY(check_version(kKind, item.key, current, expected));
    item.version = current != nullptr ? current->version : 0;
    if (current != nullptr && !current->deleted) {
      TRY_ASSIGN(const std::string same, checked_json(item));
      // A person who confirms what the configuration says takes it over all the same.
      if (same == current->json && current->origin == Origin::kChange && !change.even_if_same) {
        return std::nullopt;
      }
    }
    ++item.version;
    TRY_ASSIGN(std::string json, checked_json(item));
    return make_write(kKind, current, item.key, std::move(json), Origin::kChange, change);
  };
  TRY(update(kKind, item.key, decide));
  return item;
}

Status StateStore::remove(ItemKind kind, std::string_view key, const Change& change,
                          std::optional<int64_t> expected) {
  TRY(check_key(kind, key));
  TRY(check_change(change));
  return update(kind, key, [&](const Record* current) -> Result<std::optional<Write>> {
    if (current == nullptr || current->deleted) return not_found(kind, key);
    TRY(check_version(kind, key, current, expected));
    return make_write(kind, current, std::string(key), {}, Origin::kChange, change);
  });
}

Result<Ensured> StateStore::ensure_flag(Flag flag, std::string_view source) {
  TRY(check_key(ItemKind::kFlag, flag.key));
  const Change change{.who = std::string(source), .comment = "from the configuration"};
  TRY(check_change(change));
  flag.deleted = false;
  Ensured ensured = Ensured::kUnchanged;
  const Decide decide = [&](const Record* current) -> Result<std::optional<Write>> {
    flag.version = current != nullptr ? current->version : 0;
    if (current != nullptr) {
      TRY_ASSIGN(const std::string same, checked_json(flag));
      if (!current->deleted && same == current->json) return std::nullopt;
      if (!current->deleted && current->origin == Origin::kChange) {
        ensured = Ensured::kKept;
        return std::nullopt;
      }
    }
    ensured = current == nullptr ? Ensured::kCreated
              : current->deleted ? Ensured::kReturned
                                 : Ensured::kUpdated;
    ++flag.version;
    TRY_ASSIGN(std::string json, checked_json(flag));
    return make_write(ItemKind::kFlag, current, flag.key, std::move(json), Origin::kConfig, change);
  };
  TRY(update(ItemKind::kFlag, flag.key, decide));
  return ensured;
}

template <class Item>
Result<Item> StateStore::find(std::string_view key) {
  constexpr ItemKind kKind = kKindOf<Item>;
  TRY_ASSIGN(const Contents contents, load({.kind = kKind, .key = std::string(key)}));
  if (contents.records.empty() || contents.records.front().deleted) return not_found(kKind, key);
  return parse_item<Item>(contents.records.front().json);
}

template <class Item>
Result<std::vector<Item>> StateStore::all() {
  TRY_ASSIGN(const Contents contents, load({.kind = kKindOf<Item>}));
  std::vector<Item> items;
  for (const Record& record : contents.records) {
    if (record.deleted) continue;
    TRY_ASSIGN(Item item, parse_item<Item>(record.json));
    items.push_back(std::move(item));
  }
  return items;
}

Result<Flag> StateStore::put_flag(Flag flag, const Change& change,
                                  std::optional<int64_t> expected_version) {
  return put(std::move(flag), change, expected_version);
}
Status StateStore::remove_flag(std::string_view key, const Change& change,
                               std::optional<int64_t> expected_version) {
  return remove(ItemKind::kFlag, key, change, expected_version);
}
Result<Flag> StateStore::flag(std::string_view key) { return find<Flag>(key); }
Result<std::vector<Flag>> StateStore::flags() { return all<Flag>(); }

Result<Segment> StateStore::put_segment(Segment segment, const Change& change,
                                        std::optional<int64_t> expected_version) {
  return put(std::move(segment), change, expected_version);
}
Status StateStore::remove_segment(std::string_view key, const Change& change,
                                  std::optional<int64_t> expected_version) {
  return remove(ItemKind::kSegment, key, change, expected_version);
}
Result<Segment> StateStore::segment(std::string_view key) { return find<Segment>(key); }
Result<std::vector<Segment>> StateStore::segments() { return all<Segment>(); }

Result<std::shared_ptr<const flags::FlagSnapshot>> StateStore::snapshot() {
  TRY_ASSIGN(const Contents contents, load({}));
  std::vector<Flag> flags;
  std::vector<Segment> segments;
  for (const Record& record : contents.records) {
    if (record.deleted) continue;
    if (record.kind == ItemKind::kFlag) {
      TRY_ASSIGN(Flag flag, flags::parse_flag(record.json));
      flags.push_back(std::move(flag));
    } else {
      TRY_ASSIGN(Segment segment, flags::parse_segment(record.json));
      segments.push_back(std::move(segment));
    }
  }
  return flags::FlagSnapshot::make(std::move(flags), std::move(segments),
                                   static_cast<uint64_t>(contents.newest_history_id));
}

Result<std::vector<HistoryEntry>> StateStore::history(const HistoryQuery& query) {
  HistoryQuery bounded = query;
  bounded.limit = std::clamp(query.limit, 0, kRowsMax);
  return select_history(bounded);
}

Status StateStore::check_marker(const Marker& marker) {
  if (marker.type.empty()) return base::invalid("a marker needs a type");
  TRY(check_length("the type of a marker", marker.type, kMarkerTypeBytesMax));
  TRY(check_length("the message of a marker", marker.message, kMarkerMessageBytesMax));
  TRY(check_length("the URL of a marker", marker.url, kMarkerUrlBytesMax));
  if (marker.time_ns < 0 || (marker.end_time_ns && *marker.end_time_ns < marker.time_ns)) {
    return base::invalid("a marker ends before it starts, or starts before 1970");
  }
  return base::ok_status();
}

Result<Marker> StateStore::add_marker(Marker marker) {
  if (marker.time_ns == 0) marker.time_ns = clock_.unix_ns();
  TRY(check_marker(marker));
  TRY_ASSIGN(marker.id, insert_marker(marker));
  return marker;
}

Result<Marker> StateStore::made_by_somebody(int64_t id) {
  TRY_ASSIGN(const std::vector<Marker> found, select_markers({.before_id = id + 1, .limit = 1}));
  if (found.empty() || found[0].id != id) {
    return base::error(ErrorKind::kNotFound, cat("there is no marker ", id));
  }
  if (found[0].type == kChangeMarkerType || found[0].type == kVerdictMarkerType) {
    return base::error(ErrorKind::kConflict,
                       cat("marker ", id, " is a ", found[0].type, ", which stays what it is"));
  }
  return found[0];
}

Result<Marker> StateStore::change_marker(Marker marker) {
  TRY(made_by_somebody(marker.id));
  TRY(check_marker(marker));
  TRY(update_marker(marker));
  return marker;
}

Result<Marker> StateStore::remove_marker(int64_t id) {
  TRY_ASSIGN(Marker marker, made_by_somebody(id));
  TRY(delete_marker(id));
  return marker;
}

Result<ApiKey> StateStore::add_api_key(ApiKey key, std::string_view who) {
  if (key.name.empty()) return base::invalid("a key needs a name");
  TRY(check_length("the name of a key", key.name, kApiKeyNameBytesMax));
  if (base::printable(key.name) != key.name) {
    return base::invalid("the name of a key has a control character");
  }
  if (key.permissions.empty()) return base::invalid("a key needs at least one permission");
  TRY(check_change({.who = std::string(who), .comment = {}}));
  key.created_ns = clock_.unix_ns();
  key.created_by = who;
  TRY(insert_api_key(key));
  return key;
}

Result<ApiKey> StateStore::revoke_api_key(std::string_view id, std::string_view who) {
  TRY(check_change({.who = std::string(who), .comment = {}}));
  TRY_ASSIGN(std::vector<ApiKey> keys, select_api_keys());
  for (ApiKey& key : keys) {
    if (key.id != id) continue;
    if (!key.revoked()) {
      key.revoked_ns = clock_.unix_ns();
      key.revoked_by = who;
      TRY(update_api_key(key));
    }
    return std::move(key);
  }
  return base::error(ErrorKind::kNotFound,
                     cat("there is no key with the id '", base::printable(id), "'"));
}

Status StateStore::check_new_api_key(const std::vector<ApiKey>& present, const ApiKey& key) {
  if (present.size() >= kApiKeysMax) {
    return base::error(ErrorKind::kLimit, cat("there are ", present.size(), " keys already"));
  }
  for (const ApiKey& other : present) {
    if (other.id == key.id || (!other.revoked() && other.name == key.name)) {
      return base::error(ErrorKind::kConflict, cat("there is a key '", other.name,
                                                   "' already; revoke it or take another name"));
    }
  }
  return base::ok_status();
}

Result<std::vector<Marker>> StateStore::markers(const MarkerQuery& query) {
  MarkerQuery bounded = query;
  bounded.limit = std::clamp(query.limit, 0, kRowsMax);
  return select_markers(bounded);
}

}  // namespace understudy::state
