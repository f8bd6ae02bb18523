#include "proxy/request_flow.h"

#include <utility>

#include "base/frame_pool.h"
#include "base/text.h"
#include "flags/sha1.h"
#include "http/h1_writer.h"
#include "http/hop_by_hop.h"
#include "http/url.h"
#include "net/tunnel.h"
#include "proxy/bucket_key.h"
#include "proxy/noise_sample.h"
#include "proxy/outgoing_request.h"
#include "proxy/shadow_call.h"
#include "proxy/worker.h"

namespace understudy::proxy {
namespace {

using flags::Service;
using net::StreamError;

constexpr int kInterimMax = 16;

bool repeatable_by_nature(http::MethodId method) {
  return method == http::MethodId::kGet || method == http::MethodId::kHead ||
         method == http::MethodId::kOptions;
}

Service other(Service service) {
  return service == Service::kControl ? Service::kCandidate : Service::kControl;
}

base::Side side_of(Service service) {
  return service == Service::kControl ? base::Side::kControl : base::Side::kCandidate;
}

}  // namespace

RequestFlow::RequestFlow(Worker& worker, std::shared_ptr<MigrationRuntime> runtime,
                         net::ServerStream& client, std::string_view client_address,
                         std::string_view client_scheme)
    : worker_(worker),
      client_(client),
      client_address_(client_address),
      client_scheme_(client_scheme),
      settlement_(std::allocate_shared<Settlement>(base::FrameAllocator<Settlement>(), worker,
                                                   std::move(runtime), worker.new_exchange())),
      runtime_(settlement_->runtime()),
      exchange_(settlement_->exchange()) {}

RequestFlow::~RequestFlow() {
  client_.watch_close(nullptr);
  // Whoever still waits for the rest of the body waits in vain.
  if (tee_ && !tee_->ended()) tee_->break_off();
}

base::Task<void> RequestFlow::run() {
  begin();
  if (runtime_.options->bucket_by.source == BucketBy::Source::kJsonField) {
    co_await read_body_for_key();
  }
  decide();
  if (first_.error != StreamError::kNone) {
    body_error_ = first_.error;
    co_return co_await answer_ourselves(flags::serving_side(exchange_.mode));
  }
  client_.watch_close(this);
  Service service = flags::serving_side(exchange_.mode);
  if (service == Service::kCandidate && passes_over_candidate()) service = Service::kControl;
  Served served = co_await serve_from(service);
  if (served == Served::kNoAnswer && service == Service::kCandidate && may_repeat() &&
      replayable() && runtime_.options->fallback_to_control && !exchange_.client_aborted) {
    service = Service::kControl;
    served = co_await serve_from(service);
  }
  client_.watch_close(nullptr);
  if (served == Served::kNoAnswer) co_await answer_ourselves(service);
  pump_.cancel_all();
  exchange_.duration_ns = settlement_->elapsed_ns();
  if (exchange_.client_aborted) settlement_->cancel_shadow();
}

void RequestFlow::begin() {
  const http::RequestHead& head = client_.head();
  exchange_.id_high = worker_.rng().next_u64();
  exchange_.id_low = worker_.rng().next_u64();
  exchange_.unix_ns = worker_.loop().unix_ns_at(settlement_->began_ns());
  exchange_.method.assign(head.method);
  exchange_.target.assign(head.target);
  exchange_.client_address.assign(client_address_);
  exchange_.worker = worker_.index();
  begin_trace(head.fields);
  first_ = client_.body_at_hand();
}

void RequestFlow::begin_trace(const http::Fields& fields) {
  switch (runtime_.options->trace) {
    case MigrationOptions::Trace::kUntouched:
      return;
    case MigrationOptions::Trace::kContinue:
      http::continue_trace(fields, exchange_.trace);
      break;
    case MigrationOptions::Trace::kBegin:
      http::continue_or_begin_trace(fields, worker_.rng(), exchange_.trace);
      break;
  }
  exchange_.span_id = new_span();
}

/// The parent a side is told; zero without a trace.
http::SpanId RequestFlow::new_span() {
  if (!exchange_.trace.present) return {};
  return http::child_of(exchange_.trace.parent, worker_.rng()).parent_id;
}

base::Task<void> RequestFlow::read_body_for_key() {
  const uint64_t bytes_max = runtime_.options->bucket_by.body_bytes_max;
  while (first_.error == StreamError::kNone) {
    key_body_.append(first_.data);
    if (first_.end || key_body_.size() > bytes_max) break;
    first_ = co_await client_.read_body();
  }
  first_.data = key_body_;
}

void RequestFlow::decide() {
  const http::RequestHead& head = client_.head();
  exchange_.request_body_bytes = first_.data.size();
  // Before a request with a body has ended nobody could say where the other protocol begins.
  upgrade_ = head.upgrade_requested && head.method_id == http::MethodId::kGet && !head.has_body();
  exchange_.route = runtime_.routes.match(head);
  if (exchange_.route < 0) {
    exchange_.reason = "route_not_matched";
    return;
  }
  // Also a larger body that came in one piece: whether it has a key must not hang on the network.
  const bool whole_body = first_.end && first_.error == StreamError::kNone &&
                          key_body_.size() <= runtime_.options->bucket_by.body_bytes_max;
  const BucketKey found =
      bucket_key(runtime_.options->bucket_by, head, client_address_,
                 whole_body ? std::optional<std::string_view>(key_body_) : std::nullopt);
  const std::optional<std::string>& key = found.value;
  // Without a key the shares of the mix still hold, request by request.
  const uint64_t random = worker_.rng().next_u64() | 1;
  const std::string_view random_key(reinterpret_cast<const char*>(&random), sizeof random);
  exchange_.key_missing = found.missing;
  if (key) exchange_.key_hash = flags::Sha1::first_64_bits("", *key);
  const flags::ModeDecision decision =
      runtime_.decide(worker_.flag_snapshot(), key ? std::string_view(*key) : random_key);
  exchange_.mode = decision.mode;
  exchange_.flag_version = decision.decision.flag_version;
  if (upgrade_) {
    // A conversation cannot be held twice.
    exchange_.reason = "upgrade";
    return;
  }
  if (!flags::has_shadow(exchange_.mode)) return;
  if (!may_repeat()) {
    exchange_.reason = "not_safe_to_repeat";
    return;
  }
  exchange_.shadow_wanted = true;
  exchange_.comparison_wanted = flags::compares(exchange_.mode);
}

/// Goes straight to control when the candidate is known not to answer. Nothing is sent twice by
/// that, so it is not asked whether the request may be.
bool RequestFlow::passes_over_candidate() {
  const bool passes = runtime_.options->fallback_to_control &&
                      runtime_.unhealthy(Service::kCandidate) &&
                      !runtime_.unhealthy(Service::kControl);
  if (!passes) return false;
  // Evidence against the candidate all the same: it was its turn.
  SideResult& result = settlement_->side(Service::kCandidate);
  result.called = true;
  end_side(result, StreamError::kUnhealthy, "health");
  if (!exchange_.shadow_wanted) exchange_.reason = "unhealthy";
  return true;
}

bool RequestFlow::may_repeat() const {
  if (repeatable_by_nature(client_.head().method_id)) return true;
  const auto& routes = runtime_.options->routes;
  return exchange_.route >= 0 && static_cast<size_t>(exchange_.route) < routes.size() &&
         routes[static_cast<size_t>(exchange_.route)].safe_to_repeat;
}

/// Whether the request can be sent once more from its beginning: nothing was read beyond what came
/// with its head, or the tee has all that was. What is still to come is passed on as it comes.
bool RequestFlow::replayable() const {
  return !pump_began_ || (tee_ != nullptr && !tee_->overflowed() && !tee_->broken());
}

void RequestFlow::start_shadow() {
  if (shadow_started_ || !exchange_.shadow_wanted) return;
  shadow_started_ = true;
  const Service service = *flags::shadow_side(exchange_.mode);
  // When control serves in place of the candidate there is nothing to hold beside it.
  const bool in_vain = runtime_.unhealthy(service) ||
                       settlement_->side(other(service)).error == StreamError::kUnhealthy;
  if (in_vain) return settlement_->shed(Account::kShed, "unhealthy");
  const ShadowGate::Entry entry = runtime_.gate.try_enter(worker_.loop().now_ns());
  if (!entry.refusal.empty()) return settlement_->shed(Account::kShed, entry.refusal);
  const http::RequestHead& outgoing = outgoing_head(service, new_span(), Copy::kShadow);
  const std::string_view body = tee_ == nullptr ? first_.data : std::string_view();
  worker_.shadows().spawn(run_shadow_call(settlement_, ShadowRole::kOtherSide, service, entry.pass,
                                          &outgoing, body, tee_));
  if (runtime_.options->noise_share > 0) start_noise_call();
}

void RequestFlow::start_noise_call() {
  if (!exchange_.comparison_wanted ||
      !takes_noise_sample(exchange_.id_low, runtime_.options->noise_share) ||
      !settlement_->begin_noise_call()) {
    return;
  }
  const http::RequestHead& outgoing = outgoing_head(Service::kControl, new_span(), Copy::kShadow);
  const std::string_view body = tee_ == nullptr ? first_.data : std::string_view();
  worker_.shadows().spawn(run_shadow_call(settlement_, ShadowRole::kNoise, Service::kControl, {},
                                          &outgoing, body, tee_));
}

const http::RequestHead& RequestFlow::outgoing_head(Service service, const http::SpanId& span_id,
                                                    Copy copy) {
  return worker_.outgoing().build({.client = client_.head(),
                                   .migration = *runtime_.options,
                                   .side = runtime_.pool(service).side(),
                                   .client_address = client_address_,
                                   .client_scheme = client_scheme_,
                                   .trace = exchange_.trace,
                                   .span_id = span_id,
                                   .shadow = copy == Copy::kShadow,
                                   .upgrade = upgrade_});
}

void RequestFlow::copy_body(std::string_view piece, bool end, const http::Fields* trailers) {
  if (tee_ == nullptr || tee_->overflowed()) return;
  if (!settlement_->charge(piece.size())) return tee_->give_up("memory_bytes_max");
  tee_->append(piece, end, trailers);
}

base::Task<RequestFlow::Served> RequestFlow::serve_from(Service service) {
  const bool streams_body = !first_.end;
  const bool needs_copy =
      exchange_.shadow_wanted ||
      (service == Service::kCandidate && runtime_.options->fallback_to_control && may_repeat());
  if (streams_body && needs_copy && tee_ == nullptr) {
    tee_ = std::make_shared<BodyTee>(worker_.loop(), runtime_.options->shadow.request_bytes_max);
    copy_body(first_.data, false, nullptr);
  }
  Pool& pool = runtime_.pool(service);
  SideResult& result = settlement_->side(service);
  for (bool again = false;; again = true) {
    result.called = true;
    result.start_ns = settlement_->elapsed_ns();
    std::unique_ptr<PooledConnection> connection = again ? nullptr : pool.take_idle();
    if (connection == nullptr) {
      start_shadow();
      AcquireResult acquired =
          co_await pool.connect(worker_.loop().precise_now_ns() + pool.side().timeout.count());
      if (acquired.connection == nullptr) {
        overloaded_ = acquired.full;
        end_side(result, acquired.error, "connect", acquired.detail);
        co_return Served::kNoAnswer;
      }
      connection = std::move(acquired.connection);
    }
    if (exchange_.client_aborted) {
      end_side(result, StreamError::kCancelled, "connect");
      co_return Served::kNoAnswer;
    }
    const Served served = co_await exchange_with(service, *connection);
    // A connection may close between two requests; nothing of this one was lost if nothing of its
    // answer came. A fresh connection that fails says something about the service.
    const bool stale =
        connection->http().exchanges() > 0 && !connection->http().answered() &&
        (result.error == StreamError::kClosed || result.error == StreamError::kReset);
    if (served == Served::kNoAnswer && stale && may_repeat() && replayable()) {
      result.clear();
      continue;
    }
    if (result.complete) pool.give_back(std::move(connection));
    co_return served;
  }
}

base::Task<RequestFlow::Served> RequestFlow::exchange_with(Service service,
                                                           PooledConnection& connection) {
  net::H1ClientConnection& side = connection.http();
  SideResult& result = settlement_->side(service);
  const int64_t timeout_ns = runtime_.pool(service).side().timeout.count();
  const http::RequestHead& outgoing = outgoing_head(service, exchange_.span_id, Copy::kMain);
  side.begin(outgoing.method_id);
  side.set_deadline(worker_.loop().now_ns() + timeout_ns);
  main_ = &side;
  awaits_head_ = true;
  // A second attempt sends what the first one had read on from the client.
  const bool replay = pump_began_ && tee_ != nullptr;
  const std::string_view body = replay ? tee_->bytes() : first_.data;
  const bool whole = first_.end || (replay && tee_->ended());
  const StreamError sent = co_await side.send_head(outgoing, body, whole);
  start_shadow();
  if (sent == StreamError::kNone && !whole) {
    pump_began_ = true;
    pump_.spawn(pump_body(side, runtime_.pool(service).side().timeout));
  }

  net::HeadResult answer;
  StreamError passed_on = StreamError::kNone;
  for (int i = 0; i <= kInterimMax; ++i) {
    answer = co_await side.read_head();
    if (answer.error != StreamError::kNone || !answer.head->interim) break;
    if (answer.head->status == 100) continue;  // we answer Expect ourselves
    const http::ResponseHead& interim = outgoing_answer(*answer.head);
    passed_on = co_await client_.send_interim(interim);
    if (passed_on != StreamError::kNone) break;
  }
  awaits_head_ = false;
  Served served = Served::kNoAnswer;
  if (passed_on != StreamError::kNone) {
    exchange_.client_aborted = true;
    end_side(result, StreamError::kCancelled, "read_head");
  } else if (answer.error != StreamError::kNone) {
    // What went wrong first is what went wrong.
    const bool send_failed = sent != StreamError::kNone && !side.answered();
    end_side(result, send_failed ? sent : answer.error, send_failed ? "send" : "read_head",
             answer.detail);
  } else if (answer.head->status == 101 && upgrade_ && asked_for(*answer.head)) {
    served = co_await pass_through(service, side, *answer.head);
  } else if (answer.head->interim || answer.head->status == 101) {
    end_side(result, StreamError::kMalformed, "read_head", "an informational answer too many");
  } else {
    served = co_await pass_on_answer(service, side, *answer.head);
  }
  pump_.cancel_all();
  main_ = nullptr;
  co_return served;
}

base::Task<RequestFlow::Served> RequestFlow::pass_on_answer(Service service,
                                                            net::ClientStream& side,
                                                            const http::ResponseHead& answer) {
  SideResult& result = settlement_->side(service);
  const int64_t timeout_ns = runtime_.pool(service).side().timeout.count();
  side.set_deadline(net::kNever);
  result.status = answer.status;
  result.first_byte_ns = settlement_->elapsed_ns();
  if (exchange_.comparison_wanted) result.headers = http::OwnedFields(answer.fields);

  net::BodyPiece piece = side.body_at_hand();
  if (piece.error != StreamError::kNone && piece.data.empty()) {
    end_side(result, piece.error, "read_body");
    co_return Served::kNoAnswer;
  }
  exchange_.served_by = side_of(service);
  exchange_.served_status = answer.status;
  http::ResponseHead& outgoing = outgoing_answer(answer);
  bool head_sent = false;
  int64_t arrived_ns = result.first_byte_ns;  // when `piece` did
  int64_t client_took_ns = 0;
  while (true) {
    settlement_->capture(result, piece.data);
    exchange_.served_body_bytes += piece.data.size();
    if (piece.end) {
      result.complete = true;
      result.end_ns = arrived_ns - client_took_ns;
    }
    const http::Fields* trailers = piece.end ? &side.trailers() : nullptr;
    StreamError written = StreamError::kNone;
    if (head_sent) {
      written = co_await client_.send_body(piece.data, piece.end, trailers);
    } else {
      head_sent = true;
      written = co_await client_.send_head(outgoing, piece.data, piece.end);
    }
    // How long a slow client takes is not the side's time; without this a candidate that nobody
    // waits for would look fast beside it.
    if (!piece.end) client_took_ns += settlement_->elapsed_ns() - arrived_ns;
    if (written != StreamError::kNone) {
      exchange_.client_aborted = true;
      if (!result.complete) end_side(result, StreamError::kCancelled, "read_body");
      co_return Served::kDone;
    }
    if (piece.end) {
      exchange_.served_complete = true;
      co_return Served::kDone;
    }
    if (piece.error == StreamError::kNone) {
      side.set_deadline(worker_.loop().now_ns() + timeout_ns);
      piece = co_await side.read_body();
      side.set_deadline(net::kNever);
      arrived_ns = settlement_->elapsed_ns();
    }
    if (piece.error != StreamError::kNone) {
      settlement_->capture(result, piece.data);
      end_side(result, piece.error, "read_body");
      client_.abort();
      co_return Served::kDone;
    }
  }
}

base::Task<RequestFlow::Served> RequestFlow::pass_through(Service service,
                                                          net::H1ClientConnection& side,
                                                          const http::ResponseHead& answer) {
  SideResult& result = settlement_->side(service);
  side.set_deadline(net::kNever);
  result.status = answer.status;
  result.first_byte_ns = settlement_->elapsed_ns();
  // As an answer it ends here; how long people talk is nobody's latency.
  result.end_ns = result.first_byte_ns;
  result.complete = true;
  exchange_.served_by = side_of(service);
  exchange_.served_status = answer.status;
  const StreamError written = co_await client_.send_interim(outgoing_answer(answer));
  if (written != StreamError::kNone) {
    exchange_.client_aborted = true;
    co_return Served::kDone;
  }
  exchange_.served_complete = true;
  net::Tunnel tunnel(client_.take_over(), side.take_over(), worker_.buffers(),
                     {.idle_timeout = runtime_.options->upgrade_idle_timeout});
  co_await tunnel.run();
  exchange_.request_body_bytes = tunnel.bytes_from_first();
  exchange_.served_body_bytes = tunnel.bytes_from_second();
  co_return Served::kDone;
}

bool RequestFlow::asked_for(const http::ResponseHead& switching) const {
  bool named = false;
  for (const http::Field& chosen : switching.fields) {
    if (chosen.known != http::KnownField::kUpgrade) continue;
    named = true;
    bool offered = false;
    for (const http::Field& offer : client_.head().fields) {
      offered |= offer.known == http::KnownField::kUpgrade &&
                 http::list_has_token(offer.value, chosen.value);
    }
    if (!offered) return false;
  }
  return named;
}

http::ResponseHead& RequestFlow::outgoing_answer(const http::ResponseHead& answer) {
  http::ForwardOptions options;
  if (runtime_.options->via) options.via = "understudy";
  http::ResponseHead& outgoing = worker_.outgoing_answer();
  outgoing.clear();
  http::forward_response(answer, options, worker_.answer_scratch(), outgoing);
  return outgoing;
}

base::Task<void> RequestFlow::pump_body(net::ClientStream& side, std::chrono::nanoseconds timeout) {
  while (true) {
    // The time the client takes is not the side's.
    if (awaits_head_) side.set_deadline(net::kNever);
    const net::BodyPiece piece = co_await client_.read_body();
    if (awaits_head_) side.set_deadline(worker_.loop().now_ns() + timeout.count());
    exchange_.request_body_bytes += piece.data.size();
    if (piece.error != StreamError::kNone) {
      body_error_ = piece.error;
      if (tee_) tee_->break_off();
      side.cancel(StreamError::kCancelled);
      co_return;
    }
    const http::Fields* trailers = piece.end ? &client_.trailers() : nullptr;
    copy_body(piece.data, piece.end, trailers);
    // When the side stops reading, its answer or its error is seen where the answer is read.
    if (co_await side.send_body(piece.data, piece.end, trailers) != StreamError::kNone) co_return;
    if (piece.end) co_return;
  }
}

base::Task<void> RequestFlow::answer_ourselves(Service service) {
  const SideResult& result = settlement_->side(service);
  int status = 502;
  std::string what;
  if (body_error_ == StreamError::kTooLarge) {
    status = 413;
    what = "the request body is larger than this server takes";
  } else if (body_error_ == StreamError::kMalformed) {
    status = 400;
    what = "the request body is malformed";
  } else if (body_error_ == StreamError::kTimeout) {
    status = 408;
    what = "the request body did not arrive in time";
  }
  // A body that never became whole is the client's failure, whatever became of the rest.
  if (body_error_ != StreamError::kNone) exchange_.client_aborted = true;
  if (exchange_.client_aborted && what.empty()) co_return client_.abort();
  const std::string_view side = service == Service::kControl ? "control" : "candidate";
  if (overloaded_) {
    status = 503;
    what = base::cat("too many connections to ", side);
  } else if (what.empty()) {
    if (result.error == StreamError::kTimeout || result.error == StreamError::kConnectTimeout) {
      status = 504;
    }
    what = base::cat(side, " gave no answer");
  }
  std::string body = base::cat("{\"error\":\"", what, "\"");
  if (result.error != StreamError::kNone && body_error_ == StreamError::kNone) {
    body += base::cat(",\"type\":\"", net::name(result.error), "\"");
  }
  body += "}\n";
  http::ResponseHead head;
  head.status = status;
  head.reason = http::reason_phrase(status);
  head.framing = http::Framing::kLength;
  head.content_length = body.size();
  head.fields.add("content-type", "application/json");
  exchange_.served_status = status;
  exchange_.served_body_bytes = body.size();
  const bool no_body = client_.head().method_id == http::MethodId::kHead;
  const std::string_view sent_body = no_body ? std::string_view() : std::string_view(body);
  const StreamError written = co_await client_.send_head(head, sent_body, true);
  if (written != StreamError::kNone) exchange_.client_aborted = true;
  exchange_.duration_ns = settlement_->elapsed_ns();
}

void RequestFlow::end_side(SideResult& result, StreamError error, const char* where,
                           std::string_view detail) {
  result.error = error;
  result.error_where = where;
  result.error_detail.assign(detail);
  result.end_ns = settlement_->elapsed_ns();
}

void RequestFlow::on_peer_closed() {
  exchange_.client_aborted = true;
  if (main_ != nullptr) main_->cancel(StreamError::kCancelled);
  settlement_->cancel_shadow();
}

}  // namespace understudy::proxy
