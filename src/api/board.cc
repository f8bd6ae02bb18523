#include "api/board.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/call.h"
#include "base/text.h"
#include "query/query_spec.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;
using flags::Value;

Result<std::string> text_up_to(const Value& object, std::string_view name, size_t bytes_max) {
  TRY_ASSIGN(const auto text, text_member(object, name));
  if (text && text->size() > bytes_max) {
    return base::invalid(cat("\"", name, "\" has ", text->size(), " bytes, more than ", bytes_max));
  }
  return text.value_or("");
}

Result<std::string> needed_text(const Value& object, std::string_view name, size_t bytes_max) {
  TRY_ASSIGN(std::string text, text_up_to(object, name, bytes_max));
  if (text.empty()) return base::invalid(cat("\"", name, "\" is missing"));
  return text;
}

Result<Value> query_panel(const Value& panel) {
  TRY(only_members(panel, {"type", "title", "dataset", "query", "view"}));
  TRY_ASSIGN(const std::string title, text_up_to(panel, "title", kBoardNameBytesMax));
  TRY_ASSIGN(const std::string dataset, needed_text(panel, "dataset", kBoardNameBytesMax));
  const Value* query = panel.find("query");
  if (query == nullptr || !query->is_object()) {
    return base::invalid("\"query\" is not a query specification, such as {\"breakdowns\": []}");
  }
  const auto spec = query::QuerySpec::parse(flags::to_json(*query));
  if (!spec.ok()) return base::invalid(cat("query: ", spec.error().context));
  TRY_ASSIGN(const auto view, text_member(panel, "view"));
  const std::vector<std::string_view> views = {"line", "stacked", "table", "heatmap"};
  const std::string chosen = view.value_or("line");
  if (std::find(views.begin(), views.end(), chosen) == views.end()) {
    return base::invalid(
        cat("\"view\": '", base::printable(chosen), "' is none of ",
            base::join(std::vector<std::string>(views.begin(), views.end()), ", ")));
  }
  return Value(Value::Object{{"type", "query"},
                             {"title", title},
                             {"dataset", dataset},
                             {"query", *query},
                             {"view", chosen}});
}

Result<Value> checked_panel(const Value& panel) {
  if (!panel.is_object()) return base::invalid("it is not an object");
  TRY_ASSIGN(const auto type, text_member(panel, "type"));
  if (type == "query") return query_panel(panel);
  if (type == "text") {
    TRY(only_members(panel, {"type", "text"}));
    TRY_ASSIGN(const std::string text, needed_text(panel, "text", kBoardTextBytesMax));
    return Value(Value::Object{{"type", "text"}, {"text", text}});
  }
  if (type == "criteria") {
    TRY(only_members(panel, {"type", "migration"}));
    TRY_ASSIGN(const std::string migration, needed_text(panel, "migration", kBoardNameBytesMax));
    return Value(Value::Object{{"type", "criteria"}, {"migration", migration}});
  }
  return base::invalid("\"type\" is none of query, text and criteria");
}

}  // namespace

Result<Value> checked_board(const Value& body) {
  TRY(only_members(body,
                   {"name", "description", "panels", "id", "version", "created", "updated", "by"}));
  TRY_ASSIGN(const std::string name, needed_text(body, "name", kBoardNameBytesMax));
  TRY_ASSIGN(const std::string description, text_up_to(body, "description", kBoardTextBytesMax));
  Value::List panels;
  if (const Value* list = body.find("panels")) {
    if (!list->is_list()) return base::invalid("\"panels\" is not a list");
    if (list->as_list().size() > kBoardPanelsMax) {
      return base::invalid(
          cat("\"panels\" has ", list->as_list().size(), " panels, more than ", kBoardPanelsMax));
    }
    for (size_t i = 0; i < list->as_list().size(); ++i) {
      Result<Value> panel = checked_panel(list->as_list()[i]);
      if (!panel.ok()) return base::invalid(cat("panels[", i, "]: ", panel.error().context));
      panels.push_back(*std::move(panel));
    }
  }
  return Value(
      Value::Object{{"name", name}, {"description", description}, {"panels", std::move(panels)}});
}

}  // namespace understudy::api
