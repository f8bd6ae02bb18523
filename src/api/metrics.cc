#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/resources.h"
#include "base/check.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;

/// Prometheus text, version 0.0.4.
class Exposition {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  void family(std::string_view name, std::string_view type, std::string_view meaning) {
    text_ += cat("# HELP ", name, " ", meaning, "\n# TYPE ", name, " ", type, "\n");
  }
  void sample(std::string_view name, uint64_t value, const Labels& labels = {}) {
    text_ += name;
    for (size_t i = 0; i < labels.size(); ++i) {
      text_ += cat(i == 0 ? "{" : ",", labels[i].first, "=\"", escaped(labels[i].second), "\"");
    }
    text_ += cat(labels.empty() ? "" : "}", " ", value, "\n");
  }
  void single(std::string_view name, std::string_view type, std::string_view meaning,
              uint64_t value) {
    family(name, type, meaning);
    sample(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char letter : text) {
      if (letter == '\n') {
        out += "\\n";
      } else {
        if (letter == '\\' || letter == '"') out += '\\';
        out += letter;
      }
    }
    return out;
  }

  std::string text_;
};

void add_accounting(Exposition& out, MigrationDirectory& migrations) {
  struct Books {
    std::string migration;
    AccountingNumbers numbers;
  };
  std::vector<Books> all;
  for (const std::string& name : migrations.names()) {
    auto numbers = migrations.accounting(name);
    if (!numbers || !numbers->counted_here) continue;  // a 0 would say that there are none
    all.push_back({name, *std::move(numbers)});
  }
  if (all.empty()) return;
  out.family("understudy_requests_total", "counter", "Requests of a migration.");
  for (const Books& books : all) {
    out.sample("understudy_requests_total", books.numbers.requests,
               {{"migration", books.migration}});
  }
  out.family("understudy_evaluations_total", "counter",
             "Settled requests by account; they add up to the requests once none is under way.");
  for (const Books& books : all) {
    for (const NamedCount& account : books.numbers.accounts) {
      out.sample("understudy_evaluations_total", account.count,
                 {{"migration", books.migration}, {"accounting", account.name}});
    }
  }
  out.family("understudy_noise_sampled_total", "counter",
             "Evaluations chosen for a second call to control.");
  for (const Books& books : all) {
    out.sample("understudy_noise_sampled_total", books.numbers.noise_sampled,
               {{"migration", books.migration}});
  }
  out.family(
      "understudy_noise_calls_total", "counter",
      "Second calls to control by what became of them; they add up to those chosen once none "
      "is under way.");
  for (const Books& books : all) {
    for (const NamedCount& account : books.numbers.noise) {
      out.sample("understudy_noise_calls_total", account.count,
                 {{"migration", books.migration}, {"accounting", account.name}});
    }
  }
  out.family("understudy_records_dropped_total", "counter",
             "Evaluations without an event because the recorder was full.");
  for (const Books& books : all) {
    out.sample("understudy_records_dropped_total", books.numbers.records_dropped,
               {{"migration", books.migration}});
  }
}

void add_traffic(Exposition& out, MigrationDirectory& migrations) {
  std::vector<std::pair<std::string, TrafficNumbers>> all;
  for (const std::string& name : migrations.names()) {
    if (auto numbers = migrations.traffic(name)) all.emplace_back(name, *std::move(numbers));
  }
  if (all.empty()) return;
  const auto add = [&](std::string_view name, std::string_view type, std::string_view meaning,
                       uint64_t TrafficNumbers::*number) {
    out.family(name, type, meaning);
    for (const auto& [migration, numbers] : all) {
      out.sample(name, numbers.*number, {{"migration", migration}});
    }
  };
  add("understudy_client_connections", "gauge", "Connections of clients that are open.",
      &TrafficNumbers::connections);
  add("understudy_client_connections_max", "gauge",
      "The most that may be open at once: limits.connections_max, or less when the process may not "
      "open enough files.",
      &TrafficNumbers::connections_max);
  add("understudy_client_connections_refused_total", "counter",
      "Connections of clients beyond the bound.", &TrafficNumbers::connections_refused);
  add("understudy_circuits_opened_total", "counter",
      "How often a worker suspended shadow calls because none was answered.",
      &TrafficNumbers::circuits_opened);
}

void add_health(Exposition& out, MigrationDirectory& migrations) {
  struct Watched {
    std::string migration;
    const char* side;
    HealthNumbers numbers;
  };
  std::vector<Watched> all;
  for (const std::string& name : migrations.names()) {
    const auto traffic = migrations.traffic(name);
    if (!traffic) continue;
    if (traffic->control_health) all.push_back({name, "control", *traffic->control_health});
    if (traffic->candidate_health) all.push_back({name, "candidate", *traffic->candidate_health});
  }
  if (all.empty()) return;
  out.family("understudy_service_healthy", "gauge",
             "0 when the health checks of a service fail, else 1.");
  for (const Watched& one : all) {
    out.sample("understudy_service_healthy", one.numbers.state == "unhealthy" ? 0 : 1,
               {{"migration", one.migration}, {"side", one.side}});
  }
  out.family("understudy_health_checks_total", "counter", "Health checks of a service.");
  for (const Watched& one : all) {
    const auto add = [&](std::string_view result, uint64_t count) {
      out.sample("understudy_health_checks_total", count,
                 {{"migration", one.migration}, {"side", one.side}, {"result", result}});
    };
    add("passed", one.numbers.passed);
    add("failed", one.numbers.failed);
  }
}

void add_store(Exposition& out, store::EventStore& events) {
  const store::StoreStats stats = events.stats();
  out.single("understudy_store_events_appended_total", "counter", "Events acknowledged.",
             stats.events_appended);
  out.single("understudy_store_events_queryable", "gauge", "Events that can be queried.",
             stats.events_queryable);
  out.single("understudy_store_events_waiting", "gauge",
             "Events acknowledged that cannot be queried yet.", stats.events_waiting);
  out.single("understudy_store_replay_events", "gauge",
             "Events found in the log at the start, about.", stats.replay_events);
  out.single("understudy_store_replay_events_done", "gauge",
             "Those read so far; queries wait for all of them.", stats.replay_events_done);
  out.single("understudy_store_events_aged_out_total", "counter", "Events that retention removed.",
             stats.events_aged_out);
  out.single("understudy_store_fields_dropped_total", "counter",
             "Fields beyond the columns a dataset can have.", stats.fields_dropped);
  out.single("understudy_store_append_failures_total", "counter", "Appends that failed.",
             stats.append_failures);
  out.single("understudy_store_failing", "gauge", "1 while events cannot be stored.",
             stats.failing_since_ns != 0 ? 1 : 0);
  out.single("understudy_store_log_bytes", "gauge", "Bytes of the event log.", stats.log_bytes);
  out.single("understudy_store_log_files", "gauge", "Files of the event log.", stats.log_files);
  out.single("understudy_store_tail_bytes", "gauge",
             "Memory of events that are not in segments yet.", stats.tail_bytes);
  out.single("understudy_store_segments", "gauge", "Files of segments.", stats.segments);
  out.single("understudy_store_segment_bytes", "gauge", "Bytes of segments.", stats.segment_bytes);
  out.single("understudy_store_segments_damaged", "gauge",
             "Segments that were damaged and set aside.", stats.segments_damaged);
  out.single("understudy_store_log_bytes_cut", "gauge", "Torn tail cut off at the start.",
             stats.log_bytes_cut);
  out.single("understudy_store_log_bytes_damaged", "gauge", "Bytes no record could be read from.",
             stats.log_bytes_damaged);
}

Result<Response> metrics(const Dependencies& dependencies) {
  Exposition out;
  add_accounting(out, dependencies.migrations);
  add_traffic(out, dependencies.migrations);
  add_health(out, dependencies.migrations);
  for (const NamedCount& one : dependencies.migrations.recorder_counters()) {
    out.single(cat("understudy_recorder_", one.name), "untyped", "A counter of the recorder.",
               one.count);
  }
  add_store(out, dependencies.events);
  out.single("understudy_flags_version", "gauge", "Number of the newest flag change.",
             dependencies.flags.current()->version());
  out.single("understudy_flag_streams_open", "gauge", "Flag streams that are open.",
             dependencies.flags.streams_open());
  out.single("understudy_bugs_seen_total", "counter",
             "Broken assumptions that were survived; each is in the log.", base::bugs_seen());
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = out.take();
  return response;
}

}  // namespace

Routes metrics_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/metrics",
           .handle = [&](const Call&) { return metrics(dependencies); },
           .any_parameters = true}};
}

}  // namespace understudy::api
