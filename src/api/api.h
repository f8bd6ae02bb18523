#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/flag_publisher.h"
#include "api/migration_directory.h"
#include "api/request.h"
#include "api/response.h"
#include "base/clock.h"
#include "base/result.h"
#include "state/state_store.h"
#include "store/event_store.h"
#include "store/sql_console.h"

namespace understudy::api {

/// What a reload did.
struct Reloaded {
  std::string text;  // one sentence for the operator, with the notes
  /// One for each flag that does not follow the file, or does so again.
  std::vector<std::string> notes;
};

/// What the resources work on. All of it outlives the Api and may be used from any thread.
struct Dependencies {
  state::StateStore& state;
  store::EventStore& events;
  FlagPublisher& flags;
  MigrationDirectory& migrations;
  const base::Clock& clock;
  /// Reads the configuration again. Empty: not offered.
  std::function<base::Result<Reloaded>()> reload;
  /// Whether traffic may be sent here, beyond what the Api checks itself. Empty: yes.
  std::function<base::Status()> ready;
  /// Answers SQL. Null: not offered.
  store::SqlConsole* sql = nullptr;
};

struct ApiOptions {
  /// Names the interface is reached under besides "localhost" and every IP address. A request for
  /// another Host is refused: a web page must not reach it through a DNS name it controls.
  std::vector<std::string> host_names;
  /// Every request but health checks needs a key that allows it. Off: whoever can connect may do
  /// everything, but a key of ours that is presented has to be good.
  bool require_keys = false;
  /// Requests that read or write the stores at the same time are the server's to bound.
  size_t body_bytes_max = size_t{8} << 20;
  size_t ingest_body_bytes_max = size_t{32} << 20;  // as sent and after decompression
};

/// The admin HTTP interface without the sockets: requests in, responses out. docs/api.md describes
/// every route.
/// Failure: every request gets a response; what goes wrong is its status and {"error": "..."}.
/// Trust: with `require_keys` a key decides what a request may do, see state::Permission; without,
/// whoever can connect may do everything. Web pages of other origins may nothing (Host and Origin
/// are checked, and changes need Content-Type application/json).
/// Threads: handle may run at once on any number of threads. Cost: may wait for the disk and for
/// queries, seconds in the worst case: never call it from an event loop that serves traffic.
class Api {
 public:
  explicit Api(Dependencies dependencies, ApiOptions options = {});
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  Response handle(const Request& request);

  /// What the head alone says about a request: whether its body is wanted, and up to where.
  struct BodyTerms {
    std::optional<Response> refusal;  // what handle() would answer, whatever the body were
    size_t bytes_max = 0;
  };
  /// For the server to ask before it takes a byte of a body. May wait for the disk, as handle().
  BodyTerms body_terms(const Request& head) const;
  /// Whether the answer takes questions to the event store, which may take seconds: the server has
  /// those answered apart from all else. Any thread, at once.
  bool takes_queries(const Request& head) const;
  static Response too_large(size_t body_bytes_max);

  /// The answer to a health check or a file of the web UI, which need no disk and no key and so may
  /// be given at once on any thread, however long the queue for handle() is; nothing for any other
  /// request.
  std::optional<Response> answer_at_once(const Request& request) const;

  /// "GET /api/migrations/{name}", ... in the order of the documentation.
  std::vector<std::string> routes() const;

 private:
  struct Inside;
  const std::unique_ptr<Inside> inside_;
};

}  // namespace understudy::api
