#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/result.h"
#include "base/text.h"
#include "flags/flag_json.h"

namespace understudy::api {

// What the resources of items with a key and a version, flags and segments, have in common.

/// One page of items sorted by key: {"total", "next_after" when there are more, LIST: [...]}. Goes
/// by the parameters `limit` and `after`.
template <class Item>
base::Result<Response> page_of(const Call& call, const std::vector<Item>& items,
                               std::string_view list_name, int64_t limit_default,
                               int64_t limit_max) {
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 1, limit_max, limit_default));
  const std::string_view after = call.query("after").value_or(std::string_view());
  flags::Value::List list;
  flags::Value shown = flags::Value::Object{{"total", static_cast<int64_t>(items.size())}};
  for (const Item& item : items) {
    if (!after.empty() && item.key <= after) continue;
    if (std::cmp_equal(list.size(), limit)) {
      shown.set("next_after", list.back().find("key")->as_string());
      break;
    }
    list.push_back(flags::to_value(item));
  }
  shown.set(list_name, std::move(list));
  return json_response(shown);
}

/// The item, with its version as the ETag.
template <class Item>
Response item_response(const Item& item) {
  Response response = json_response(flags::to_value(item));
  response.headers.emplace_back("ETag", base::cat("\"", item.version, "\""));
  return response;
}

/// The error for an unknown key, with the nearest one. `what`: "flag".
template <class Item>
base::Error no_item(std::string_view what, std::string_view key,
                    const std::vector<const Item*>& items) {
  std::vector<std::string_view> keys;
  for (const Item* item : items) {
    if (!item->deleted) keys.push_back(item->key);
  }
  const std::string_view meant = base::nearest(key, keys);
  return base::error(
      base::ErrorKind::kNotFound,
      base::cat("there is no ", what, " '", base::printable(key), "'",
                meant.empty() ? std::string() : base::cat("; did you mean '", meant, "'?")));
}

/// The body of a PUT, with the key of its path, which it may leave out but not contradict.
base::Result<flags::Value> body_with_key(const Call& call);

/// 204, for what was deleted.
Response no_content();

}  // namespace understudy::api
