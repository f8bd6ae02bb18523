#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "api/board.h"
#include "api/change_conditions.h"
#include "api/error_response.h"
#include "api/keyed_items.h"
#include "api/resources.h"
#include "api/saved_document.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;
using state::Document;
using state::DocumentKind;

constexpr int64_t kBoardsDefault = 100;
/// Boards are listed whole.
constexpr int64_t kBoardsMax = 200;

Result<Response> list_boards(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 1, kBoardsMax, kBoardsDefault));
  TRY_ASSIGN(const int64_t after,
             call.query_int("after", 0, std::numeric_limits<int64_t>::max(), 0));
  TRY_ASSIGN(const std::vector<Document> found,
             dependencies.state.documents().list({.kind = DocumentKind::kBoard,
                                                  .after_sequence = after,
                                                  .limit = static_cast<int>(limit) + 1}));
  Value::List boards;
  Value shown = Value::Object{};
  for (const Document& board : found) {
    if (std::cmp_equal(boards.size(), limit)) {
      shown.set("next_after", found[boards.size() - 1].sequence);
      break;
    }
    boards.push_back(document_json(board));
  }
  shown.set("boards", std::move(boards));
  return json_response(shown);
}

Result<Response> get_board(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Document board,
             dependencies.state.documents().find(DocumentKind::kBoard, call.path("id")));
  return document_response(board);
}

Result<Response> post_board(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const Value board, checked_board(body));
  TRY_ASSIGN(std::string id, state::new_document_id());
  TRY_ASSIGN(const Document made,
             dependencies.state.documents().put({.kind = DocumentKind::kBoard,
                                                 .id = std::move(id),
                                                 .who = call.actor(&body),
                                                 .json = flags::to_json(board)},
                                                0));
  Response response = document_response(made, 201);
  response.headers.emplace_back("Location", base::cat("/api/boards/", made.id));
  return response;
}

Result<Response> put_board(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const auto expected, expected_version(call));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const Value board, checked_board(body));
  state::DocumentStore& documents = dependencies.state.documents();
  TRY(documents.find(DocumentKind::kBoard, call.path("id")));
  TRY_ASSIGN(const Document changed, documents.put({.kind = DocumentKind::kBoard,
                                                    .id = std::string(call.path("id")),
                                                    .who = call.actor(&body),
                                                    .json = flags::to_json(board)},
                                                   expected));
  return document_response(changed);
}

Result<Response> delete_board(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const auto expected, expected_version(call));
  TRY(dependencies.state.documents().remove(DocumentKind::kBoard, call.path("id"), call.actor(),
                                            expected));
  return no_content();
}

Result<Response> get_board_history(const Dependencies& dependencies, const Call& call) {
  return document_history(dependencies.state.documents(), DocumentKind::kBoard, call.path("id"));
}

}  // namespace

Routes board_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/boards",
           .parameters = {"limit", "after"},
           .handle = [&](const Call& call) { return list_boards(dependencies, call); }},
          {.method = "POST",
           .path = "/api/boards",
           .body = BodyKind::kJson,
           .parameters = {"by"},
           .handle = [&](const Call& call) { return post_board(dependencies, call); }},
          {.method = "GET",
           .path = "/api/boards/{id}",
           .handle = [&](const Call& call) { return get_board(dependencies, call); }},
          {.method = "PUT",
           .path = "/api/boards/{id}",
           .body = BodyKind::kJson,
           .parameters = {"by", "expected_version"},
           .handle = [&](const Call& call) { return put_board(dependencies, call); }},
          {.method = "DELETE",
           .path = "/api/boards/{id}",
           .parameters = {"by", "expected_version"},
           .handle = [&](const Call& call) { return delete_board(dependencies, call); }},
          {.method = "GET", .path = "/api/boards/{id}/history", .handle = [&](const Call& call) {
             return get_board_history(dependencies, call);
           }}};
}

}  // namespace understudy::api
