#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/bubble_up.h"
#include "query/query_spec.h"

namespace understudy::store {
class EventStore;
}

namespace understudy::query {

/// Holds the dataset and columns that a question names against those there are: the built-in ones
/// and all that were seen, which takes in the fields of an application's own events. `columns` are
/// those asked for beside the specification, of raw events. To be called after the question was
/// answered, when the store has read all it holds.
/// Failure: kInvalid for a name that a dataset with events has never had, and for one that is
/// nearly a known one: "breakdowns[0]: "evaluations" has no column "http.rout"; did you mean
/// "http.route"?"; and for a filter that holds text against a column of numbers, or the reverse.
/// Nobody may have written yet: then it gives one sentence for the reader, why the answer is empty.
/// Cost: linear in the columns of the dataset, no query.
base::Result<std::vector<std::string>> check_names(store::EventStore& store,
                                                   std::string_view dataset, const QuerySpec& spec,
                                                   std::span<const std::string> columns = {});

/// The same for a comparison of columns: its query, its selection and the columns it asks for.
base::Result<std::vector<std::string>> check_names(store::EventStore& store,
                                                   const BubbleUpRequest& request);

}  // namespace understudy::query
