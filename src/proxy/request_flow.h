#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "flags/mode.h"
#include "net/http_stream.h"
#include "net/task_scope.h"
#include "proxy/body_tee.h"
#include "proxy/migration_runtime.h"
#include "proxy/settlement.h"

namespace understudy::proxy {

class Worker;

/// The life of one request, in order: see run(). Mirrored by docs/life-of-a-request.md.
/// Lifetime: the client and what is said of it outlive it. Threads: the worker's.
class RequestFlow final : private net::CloseWatcher {
 public:
  RequestFlow(Worker& worker, std::shared_ptr<MigrationRuntime> runtime, net::ServerStream& client,
              std::string_view client_address, std::string_view client_scheme);
  ~RequestFlow();

  base::Task<void> run();

 private:
  /// How far an attempt to serve from one side came.
  enum class Served {
    kDone,      // the client has an answer, or as much of it as there was
    kNoAnswer,  // nothing reached the client: another side may be asked, or we answer ourselves
  };

  void begin();
  void begin_trace(const http::Fields& fields);
  http::SpanId new_span();
  base::Task<void> read_body_for_key();
  void decide();
  void start_shadow();
  void start_noise_call();
  enum class Copy { kMain, kShadow };
  /// Valid until the worker's next outgoing head.
  const http::RequestHead& outgoing_head(flags::Service service, const http::SpanId& span_id,
                                         Copy copy);
  /// Gives the tee its copy, as far as there is memory for it.
  void copy_body(std::string_view piece, bool end, const http::Fields* trailers);
  base::Task<Served> serve_from(flags::Service service);
  base::Task<Served> exchange_with(flags::Service service, PooledConnection& connection);
  base::Task<Served> pass_on_answer(flags::Service service, net::ClientStream& side,
                                    const http::ResponseHead& answer);
  /// After the side's 101: the client and the side speak with each other until one of them ends it.
  base::Task<Served> pass_through(flags::Service service, net::H1ClientConnection& side,
                                  const http::ResponseHead& answer);
  /// Whether a 101 switches to a protocol that the client has asked for.
  bool asked_for(const http::ResponseHead& switching) const;
  /// Valid until the worker's next answer.
  http::ResponseHead& outgoing_answer(const http::ResponseHead& answer);
  base::Task<void> pump_body(net::ClientStream& side, std::chrono::nanoseconds timeout);
  base::Task<void> answer_ourselves(flags::Service service);
  bool passes_over_candidate();
  bool may_repeat() const;
  bool replayable() const;
  void end_side(SideResult& result, net::StreamError error, const char* where,
                std::string_view detail = {});
  void on_peer_closed() override;

  Worker& worker_;
  net::ServerStream& client_;
  const std::string_view client_address_;
  const std::string_view client_scheme_;
  std::shared_ptr<Settlement> settlement_;
  MigrationRuntime& runtime_;
  Exchange& exchange_;
  net::BodyPiece first_;  // what had arrived of the request's body when it began
  std::string key_body_;  // the body, when it had to be read to find the key
  std::shared_ptr<BodyTee> tee_;
  net::ClientStream* main_ = nullptr;
  net::StreamError body_error_ = net::StreamError::kNone;
  net::TaskScope pump_;
  bool upgrade_ = false;     // the client asked for another protocol, in a way we pass on
  bool pump_began_ = false;  // more of the request's body may have been read than `first_` has
  bool shadow_started_ = false;
  bool awaits_head_ = false;  // the request was sent, at least in part, and nothing came back
  bool overloaded_ = false;
};

}  // namespace understudy::proxy
