#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "api/call.h"
#include "api/query_runs.h"
#include "api/route.h"
#include "base/result.h"
#include "flags/value.h"
#include "state/document_store.h"

/// The interface of Honeycomb's v1 API under /1/, so that its clients (the Terraform provider, the
/// Go client, markers from a build) work here as they are.
namespace understudy::api::honeycomb {

/// Stands for every dataset in a path.
inline constexpr std::string_view kAllDatasets = "__all__";

Routes dataset_routes(const Dependencies& dependencies);                 // datasets.cc
Routes column_routes(const Dependencies& dependencies);                  // columns.cc
Routes collection_routes(const Dependencies& dependencies);              // collections.cc
Routes query_routes(const Dependencies& dependencies, QueryRuns& runs);  // queries.cc
Routes marker_routes(const Dependencies& dependencies);                  // markers.cc
Routes auth_routes(const Dependencies& dependencies);                    // auth.cc

using Handler = std::function<base::Result<Response>(const Call&)>;
/// A handler whose errors have Honeycomb's form: application/problem+json with "error", "title",
/// "status", "type", and for what does not validate "type_detail".
Handler with_problems(Handler handle);

/// "My Service" is "my-service" in a path.
std::string slug_of(std::string_view name);
/// The name of the dataset a path means: by its name or its slug, among those with events and those
/// that were made here. kNotFound, also for `__all__`.
base::Result<std::string> dataset_of(const Dependencies& dependencies, std::string_view slug);
/// The scope of documents: the dataset's slug, or `__all__`.
base::Result<std::string> scope_of(const Dependencies& dependencies, std::string_view slug);

/// A document as these clients read it: "id", its members, "created_at", "updated_at".
flags::Value item_json(const state::Document& document);
/// A text member, "" when absent. kInvalid above `bytes_max`.
base::Result<std::string> text_up_to(const flags::Value& body, std::string_view name,
                                     size_t bytes_max);
base::Result<std::string> needed_text(const flags::Value& body, std::string_view name,
                                      size_t bytes_max);
base::Result<bool> bool_member(const flags::Value& body, std::string_view name);

/// The specification with the derived columns it refers to as its calculated fields.
base::Result<flags::Value> with_derived_columns(const Dependencies& dependencies,
                                                std::string_view dataset, flags::Value spec);

}  // namespace understudy::api::honeycomb
