#include "query/trace.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "query/query_spec.h"
#include "query/rfc3339.h"
#include "query/value_json.h"
#include "store/event_store.h"

namespace understudy::query {
namespace {

using event::Value;
using nlohmann::ordered_json;

constexpr std::string_view kTraceId = "trace.trace_id";

const Value* field(const Span& span, std::string_view name) {
  for (const auto& [known, value] : span.fields) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::string text(const Span& span, std::string_view name) {
  const Value* value = field(span, name);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

bool says_yes(const Value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_number()) return value.as_number() != 0;
  if (value.is_string()) return !value.as_string().empty() && value.as_string() != "false";
  return false;
}

bool is_error(const Span& span) {
  if (const Value* error = field(span, "error"); error != nullptr && says_yes(*error)) return true;
  if (field(span, "exception.type") != nullptr) return true;
  const Value* success = field(span, "success");
  if (success != nullptr && success->is_number() && success->as_number() == 0) return true;
  const Value* status = field(span, "http.response.status_code");
  return status != nullptr && status->is_number() && status->as_number() >= 500;
}

void name_parts(Span& span) {
  span.span_id = text(span, "trace.span_id");
  span.parent_id = text(span, "trace.parent_id");
  span.name = text(span, "name");
  if (span.name.empty()) {
    span.name = std::string(
        base::trim(base::cat(text(span, "http.request.method"), " ", text(span, "http.route"))));
  }
  span.service = text(span, "service.name");
  if (span.service.empty()) span.service = text(span, "service_name");
  if (span.service.empty()) span.service = span.dataset;
  const Value* duration = field(span, kDurationColumn);
  if (duration != nullptr && duration->is_number() && std::isfinite(duration->as_number())) {
    span.duration_ms = duration->as_number();
  }
  span.error = is_error(span);
}

base::Status add_spans(store::EventStore& store, const std::string& dataset,
                       const TraceRequest& request, Trace& trace) {
  store::Select select{
      .dataset = dataset,
      .filter = store::test(std::string(kTraceId), store::FilterOp::kEqual, {request.trace_id}),
      .order = {{.by = store::Order::By::kTime}},
      .limit = kSpansMax};
  if (request.start_ns) select.start_ns = *request.start_ns;
  if (request.end_ns) select.end_ns = *request.end_ns;
  TRY_ASSIGN(store::ResultTable table, store.select(select));
  trace.truncated = trace.truncated || table.truncated;
  constexpr size_t kLeading = 2;  // time and sample rate
  for (auto& row : table.rows) {
    Span span{.dataset = dataset, .time_ns = row[0].as_int()};
    for (size_t i = kLeading; i < row.size(); ++i) {
      if (!row[i].is_null()) span.fields.emplace_back(table.columns[i].name, std::move(row[i]));
    }
    name_parts(span);
    trace.spans.push_back(std::move(span));
  }
  return {};
}

/// The datasets to look through.
base::Result<std::vector<std::string>> datasets_of(store::EventStore& store,
                                                   const TraceRequest& request) {
  std::vector<std::string> names;
  if (!request.dataset.empty()) {
    names.push_back(request.dataset);
  } else {
    for (const store::DatasetInfo& info : store.datasets()) names.push_back(info.name);
  }
  std::vector<std::string> with_traces;
  for (const std::string& name : names) {
    const auto columns = store.columns(name);
    if (!columns.ok() && request.dataset.empty()) continue;  // gone meanwhile
    if (!columns.ok()) return columns.error();
    const bool has_traces = std::any_of(columns->begin(), columns->end(),
                                        [](const auto& one) { return one.name == kTraceId; });
    if (has_traces) with_traces.push_back(name);
  }
  return with_traces;
}

}  // namespace

base::Result<Trace> find_trace(store::EventStore& store, const TraceRequest& request) {
  if (request.trace_id.empty()) return base::invalid("trace_id: is empty");
  if (request.trace_id.size() > kTraceIdBytesMax) {
    return base::invalid(base::cat("trace_id: is longer than ", kTraceIdBytesMax, " bytes"));
  }
  Trace trace{.trace_id = request.trace_id};
  TRY_ASSIGN(const std::vector<std::string> datasets, datasets_of(store, request));
  for (const std::string& dataset : datasets) TRY(add_spans(store, dataset, request, trace));
  std::stable_sort(trace.spans.begin(), trace.spans.end(),
                   [](const Span& a, const Span& b) { return a.time_ns < b.time_ns; });
  if (trace.spans.size() > kSpansMax) {
    trace.spans.resize(kSpansMax);
    trace.truncated = true;
  }
  return trace;
}

std::string render_json(const Trace& trace) {
  const auto or_null = [](const std::string& id) {
    return id.empty() ? ordered_json() : ordered_json(id);
  };
  ordered_json json = {{"trace_id", trace.trace_id}, {"spans", ordered_json::array()}};
  for (const Span& span : trace.spans) {
    ordered_json fields = ordered_json::object();
    for (const auto& [name, value] : span.fields) fields[name] = value_json(value);
    json["spans"].push_back(
        {{"dataset", span.dataset},
         {"time", rfc3339_nanoseconds(span.time_ns)},
         {"duration_ms", span.duration_ms ? ordered_json(*span.duration_ms) : ordered_json()},
         {"name", span.name},
         {"service", span.service},
         {"span_id", or_null(span.span_id)},
         {"parent_id", or_null(span.parent_id)},
         {"error", span.error},
         {"fields", std::move(fields)}});
  }
  json["truncated"] = trace.truncated;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace understudy::query
