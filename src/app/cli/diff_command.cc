#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "app/cli/commands.h"
#include "base/config_yaml.h"
#include "base/text.h"
#include "compare/comparator.h"
#include "compare/grouping.h"
#include "flags/value.h"
#include "http/fields.h"

namespace understudy::app {
namespace {

using base::cat;
using base::Result;
using compare::Comparison;
using compare::Difference;
using flags::Value;

constexpr int kExitSame = 0;
constexpr int kExitDifferent = 1;
constexpr int kExitTrouble = 2;

constexpr uint64_t kFileBytesMax = 1ull << 30;
/// A person waits for this one, so it may take longer than a comparison beside traffic.
constexpr uint64_t kWorkMax = 20'000'000'000;
constexpr uint32_t kNodesMax = 200'000'000;

struct Options {
  std::string control;
  std::string candidate;
  std::string rules;
  std::string migration;
  std::string kind = "auto";
  size_t shown_max = 20;
  bool json = false;
};

Result<std::string> read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) return base::error(base::ErrorKind::kIo, cat(name, ": ", std::strerror(errno)));
  std::string text;
  char chunk[65536];
  while (file.read(chunk, sizeof chunk) || file.gcount() > 0) {
    text.append(chunk, static_cast<size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) {
      return base::error(base::ErrorKind::kLimit,
                         cat(name, ": larger than ", kFileBytesMax, " bytes"));
    }
  }
  if (file.bad()) return base::error(base::ErrorKind::kIo, cat(name, ": ", std::strerror(errno)));
  return text;
}

/// What a server would have said about such a file.
http::Fields headers_of(std::string_view name) {
  http::Fields headers;
  if (name.ends_with(".gz")) {
    headers.add("content-encoding", "gzip");
    name.remove_suffix(3);
  }
  if (name.ends_with(".json")) headers.add("content-type", "application/json");
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) {
    headers.add("content-type", "application/x-ndjson");
  }
  if (name.ends_with(".csv")) headers.add("content-type", "text/csv");
  if (name.ends_with(".tsv")) headers.add("content-type", "text/tab-separated-values");
  return headers;
}

/// The migration of a whole configuration whose rules are meant: the named or the only one.
Result<const base::ConfigNode*> migration_of(const base::ConfigNode& migrations,
                                             const std::string& wanted) {
  if (wanted.empty() && migrations.items().size() == 1) return &migrations.items().front();
  std::vector<std::string> names;
  for (const base::ConfigNode& migration : migrations.items()) {
    const base::ConfigNode* name = migration.find("name");
    names.push_back(name == nullptr ? std::string() : name->text());
    if (!wanted.empty() && names.back() == wanted) return &migration;
  }
  const std::string all = base::printable(base::join(names, ", "));
  return migrations.error(wanted.empty() ? cat("say with --migration whose rules are meant: ", all)
                                         : cat("there is no migration \"", base::printable(wanted),
                                               "\"; there are: ", all));
}

/// A rules file: a list, a `compare` section, nothing but `rules`, or a whole configuration.
Result<compare::Comparator> make_comparator(const Options& options) {
  compare::ComparatorOptions bounds;
  compare::Rules rules;
  if (!options.rules.empty()) {
    TRY_ASSIGN(const base::ConfigNode root, base::load_yaml(options.rules));
    const base::ConfigNode* holder = &root;
    if (const base::ConfigNode* migrations = root.find("migrations")) {
      TRY_ASSIGN(holder, migration_of(*migrations, options.migration));
    }
    const base::ConfigNode* compare = holder->find("compare");
    const base::ConfigNode& section = compare == nullptr ? *holder : *compare;
    const base::ConfigNode* list = section.is_list() ? &section : section.find("rules");
    if (list == nullptr) {
      return section.error(
          "has no rules; a rules file is a list of rules, a map with \"rules\" or \"compare\", or "
          "a whole configuration");
    }
    if (section.is_map()) {
      TRY_ASSIGN(bounds, compare::ComparatorOptions::parse(section));
    }
    TRY_ASSIGN(rules, compare::Rules::parse(*list));
  }
  bounds.body_bytes_max = kFileBytesMax;
  bounds.decoded_bytes_max = kFileBytesMax;
  bounds.work_max = kWorkMax;
  bounds.nodes_max = kNodesMax;
  bounds.headers.clear();
  return compare::Comparator(std::move(rules), std::move(bounds));
}

Value json_of(const Difference& difference) {
  Value json = Value::Object{{"dimension", compare::name(difference.dimension)},
                             {"path", difference.path},
                             {"control_type", compare::name(difference.control_type)},
                             {"candidate_type", compare::name(difference.candidate_type)},
                             {"control", difference.control_value},
                             {"candidate", difference.candidate_value},
                             {"explanation", compare::name(difference.explanation)}};
  if (*difference.distance_unit != '\0') {
    json.set("distance", difference.distance);
    json.set("distance_unit", difference.distance_unit);
  }
  if (!difference.rule.empty()) json.set("rule", difference.rule);
  return json;
}

Value json_of(const compare::DifferenceGroup& group) {
  Value json = Value::Object{{"text", group.describe()},
                             {"count", static_cast<int64_t>(group.count)},
                             {"path", group.path_pattern},
                             {"dimension", compare::name(group.dimension)},
                             {"explanation", compare::name(group.explanation)}};
  if (!group.rule.empty()) json.set("rule", group.rule);
  return json;
}

std::string shown(const std::string& value, compare::ValueType type) {
  if (type == compare::ValueType::kMissing) return "(missing)";
  return base::printable(value, 60);
}

/// "3 rows", "1 row", "0.5 s".
std::string distance_text(const Difference& difference) {
  std::string_view unit = difference.distance_unit;
  if (difference.distance == 1 && unit.size() > 1 && unit.ends_with('s')) unit.remove_suffix(1);
  return cat(difference.distance, " ", unit);
}

std::string text_of(const Comparison& comparison, const compare::DifferenceGroups& groups,
                    const Options& options, const Console& console) {
  using Colour = Console::Colour;
  std::string out;
  switch (comparison.outcome) {
    case compare::Outcome::kMatch:
      return cat(console.coloured(Colour::kGood, "the same"), "\n");
    case compare::Outcome::kIgnored:
      return cat(console.coloured(Colour::kGood, "the same"), " after rules: ", comparison.ignored,
                 comparison.ignored == 1 ? " difference" : " differences", " accepted\n");
    case compare::Outcome::kIncomparable:
      return cat("cannot be compared: ", base::printable(comparison.reason, 500), "\n");
    case compare::Outcome::kMismatch:
      break;
  }
  const uint64_t count = comparison.difference_count();
  out = cat(console.coloured(Colour::kBad, cat(count, count == 1 ? " difference" : " differences")),
            comparison.ignored > 0 ? cat(", ", comparison.ignored, " more accepted by rules") : "",
            comparison.reason.empty() ? "" : cat("; ", base::printable(comparison.reason, 500)),
            "\n\n");
  std::vector<std::vector<std::string>> rows{
      {"where", "what", "control", "candidate", "explanation"}};
  for (const Difference& difference : comparison.differences) {
    if (rows.size() > options.shown_max) break;
    std::string explanation = difference.explanation == compare::Explanation::kNone
                                  ? std::string("-")
                                  : compare::name(difference.explanation);
    if (*difference.distance_unit != '\0') {
      explanation += cat(" (", distance_text(difference), ")");
    }
    rows.push_back({base::printable(difference.path), compare::name(difference.dimension),
                    shown(difference.control_value, difference.control_type),
                    shown(difference.candidate_value, difference.candidate_type),
                    std::move(explanation)});
  }
  const size_t listed = rows.size() - 1;
  out += columns(rows);
  if (count > listed) out += cat("... and ", count - listed, " more (--max)\n");
  out += "\nGroups:\n";
  for (const compare::DifferenceGroup& group : groups.groups()) {
    out += cat("  ", base::printable(group.describe(), 500), "\n");
    if (!group.rule.empty()) {
      out += console.coloured(Colour::kFaint, cat("    accept with ", group.rule));
      out += "\n";
    }
  }
  return out;
}

int diff(const Options& options, const Console& console) {
  const auto comparator = make_comparator(options);
  if (!comparator.ok()) return fail(console, comparator.error(), kExitTrouble);
  const auto kind = compare::parse_body_kind(options.kind);
  if (!kind.ok()) return fail(console, kind.error(), kExitTrouble);
  const auto control = read_file(options.control);
  if (!control.ok()) return fail(console, control.error(), kExitTrouble);
  const auto candidate = read_file(options.candidate);
  if (!candidate.ok()) return fail(console, candidate.error(), kExitTrouble);
  const http::Fields control_headers = headers_of(options.control);
  const http::Fields candidate_headers = headers_of(options.candidate);
  const Comparison comparison = comparator->compare(
      {.status = 200, .headers = &control_headers, .body = *control},
      {.status = 200, .headers = &candidate_headers, .body = *candidate}, *kind);
  compare::DifferenceGroups groups;
  for (const Difference& difference : comparison.differences) groups.add("", difference);

  if (options.json) {
    Value::List differences;
    for (const Difference& difference : comparison.differences) {
      differences.push_back(json_of(difference));
    }
    Value::List grouped;
    for (const compare::DifferenceGroup& group : groups.groups()) grouped.push_back(json_of(group));
    Value json = Value::Object{{"outcome", compare::name(comparison.outcome)},
                               {"differences", std::move(differences)},
                               {"dropped", static_cast<int64_t>(comparison.dropped)},
                               {"ignored", static_cast<int64_t>(comparison.ignored)},
                               {"groups", std::move(grouped)}};
    if (!comparison.reason.empty()) json.set("reason", comparison.reason);
    console.out(cat(flags::to_json(json), "\n"));
  } else {
    console.out(text_of(comparison, groups, options, console));
  }
  switch (comparison.outcome) {
    case compare::Outcome::kMatch:
    case compare::Outcome::kIgnored:
      return kExitSame;
    case compare::Outcome::kMismatch:
      return kExitDifferent;
    case compare::Outcome::kIncomparable:
      return kExitTrouble;
  }
  return kExitTrouble;
}

}  // namespace

void add_diff(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("diff", "Compare two answers in files, without a server");
  command->add_option("control", options->control, "The old service's answer")->required();
  command->add_option("candidate", options->candidate, "The new service's answer")->required();
  command->add_option("--rules", options->rules,
                      "YAML or JSON: a list of rules, a compare section, or a configuration");
  command->add_option("--migration", options->migration,
                      "Whose rules, when --rules is a configuration with several");
  command->add_option("--kind", options->kind, "auto, table, json, text or bytes")
      ->capture_default_str();
  command->add_option("--max", options->shown_max, "Differences listed")->capture_default_str();
  command->add_flag("--json", options->json, "Answer as JSON");
  command->footer(R"(
Exit code: 0 the same (perhaps after rules), 1 different, 2 trouble.

Examples:
  understudy diff control.json candidate.json
  understudy diff --kind table --rules rules.yaml a.csv b.csv)");
  command->callback([options, &invocation] {
    invocation.run = [options](const Console& console) { return diff(*options, console); };
  });
}

}  // namespace understudy::app
