#pragma once

#include <string_view>

#include "api/call.h"
#include "api/response.h"
#include "base/result.h"
#include "flags/value.h"
#include "state/document_store.h"

namespace understudy::api {

// What the resources of saved documents have in common.

/// The document's JSON with {"id", "version", "created", "updated", "by"} in front.
flags::Value document_json(const state::Document& document);
/// The same as a response, with the version as the ETag.
Response document_response(const state::Document& document, int status = 200);
/// The present and the former versions, newest first: {"history": [{"version", "time", "by",
/// "value"}]}, "value" null for a deletion. kNotFound when there never was one.
base::Result<Response> document_history(state::DocumentStore& documents, state::DocumentKind kind,
                                        std::string_view id);

}  // namespace understudy::api
