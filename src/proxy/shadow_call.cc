#include "proxy/shadow_call.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "proxy/outgoing_request.h"
#include "proxy/worker.h"

namespace understudy::proxy {
namespace {

using net::StreamError;

// Informational answers before the real one; more is a peer that plays games.
constexpr int kInterimMax = 16;

/// An opening is told unless one was a moment ago, by whichever worker; then the next failed probe
/// makes up for it. Each that was told is told to have closed, so the log never ends on a lie.
void note_circuit(MigrationRuntime& runtime, flags::Service service, CircuitChange change,
                  int64_t now_ns) {
  if (change == CircuitChange::kNone) return;
  if (change == CircuitChange::kOpened) runtime.accounting->count_opened_circuit();
  const MigrationOptions& options = *runtime.options;
  const char* side = service == flags::Service::kControl ? "control" : "candidate";
  if (change == CircuitChange::kClosed) {
    if (!std::exchange(runtime.circuit_told, false)) return;
    base::log_info("migration ", options.name, ": the circuit of the ", side,
                   " is closed again: it answers");
  } else if (!runtime.circuit_told && runtime.accounting->may_tell_of_circuit(now_ns)) {
    runtime.circuit_told = true;
    base::log_warn("migration ", options.name, ": the circuit of the ", side,
                   " is open: ", options.shadow.breaker_failures,
                   " shadow calls in a row got no answer, so none is made but a probe every ",
                   options.shadow.breaker_open_for / std::chrono::milliseconds(1), " ms");
  }
}

/// Tells the gate at the end, however the call ends, and keeps the stream known for cancellation.
class Presence {
 public:
  Presence(Settlement& settlement, ShadowRole role, flags::Service service, ShadowGate::Pass pass)
      : settlement_(settlement), role_(role), service_(service), pass_(pass) {
    settlement_.worker().shadow_started();
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence() {
    settlement_.shadow_stream(role_) = nullptr;
    MigrationRuntime& runtime = settlement_.runtime();
    if (role_ == ShadowRole::kNoise) {
      runtime.gate.leave_noise();
    } else {
      const int64_t now_ns = settlement_.worker().loop().now_ns();
      note_circuit(runtime, service_, runtime.gate.leave(pass_, sign_, now_ns), now_ns);
    }
    settlement_.worker().shadow_ended();
  }
  void answered() { sign_ = Sign::kAlive; }
  /// Nobody can say whether the service is alive, because we gave up.
  void gave_up() { sign_ = Sign::kUnknown; }

 private:
  Settlement& settlement_;
  const ShadowRole role_;
  const flags::Service service_;
  const ShadowGate::Pass pass_;
  Sign sign_ = Sign::kSilent;
};

struct Outcome {
  StreamError error = StreamError::kNone;
  const char* where = "";
  std::string detail;
};

/// Of a request's body that is copied at a time, so that a large one is no long pause.
constexpr size_t kPieceBytesMax = 64 * 1024;

/// Each piece has `timeout` to be taken; the time the client takes is not counted.
base::Task<Outcome> send_body_from(BodyTee& tee, BodyTee::Reader reader, net::ClientStream& stream,
                                   net::EventLoop& loop, std::chrono::nanoseconds timeout) {
  size_t sent = 0;
  while (true) {
    if (tee.overflowed()) {
      co_return Outcome{StreamError::kTooLarge, "send", std::string(tee.bound())};
    }
    if (tee.broken()) co_return Outcome{StreamError::kCancelled, "send", {}};
    const bool ended = tee.ended();
    if (sent < tee.bytes().size() || ended) {
      // A copy, because the tee grows while the write waits.
      const std::string piece(tee.bytes().substr(sent, kPieceBytesMax));
      sent += piece.size();
      const bool last = ended && sent == tee.bytes().size();
      const http::Fields* trailers = last ? &tee.trailers() : nullptr;
      const StreamError error = co_await stream.send_body(piece, last, trailers);
      if (error != StreamError::kNone) co_return Outcome{error, "send", {}};
      if (last) co_return Outcome{};
      continue;
    }
    stream.set_deadline(net::kNever);
    co_await tee.changed(reader);
    stream.set_deadline(loop.now_ns() + timeout.count());
  }
}

base::Task<Outcome> read_answer(Settlement& settlement, ShadowRole role,
                                net::H1ClientConnection& stream, SideResult& result) {
  net::HeadResult head;
  for (int i = 0; i <= kInterimMax; ++i) {
    head = co_await stream.read_head();
    if (head.error != StreamError::kNone) co_return Outcome{head.error, "read_head", head.detail};
    if (!head.head->interim) break;
  }
  if (head.head->interim || head.head->status == 101) {
    co_return Outcome{StreamError::kMalformed, "read_head", "an informational answer too many"};
  }
  result.status = head.head->status;
  result.first_byte_ns = settlement.elapsed_ns();
  if (settlement.exchange().comparison_wanted) {
    result.headers = http::OwnedFields(head.head->fields);
  }
  const uint64_t dropped_bytes_max = settlement.runtime().options->shadow.dropped_bytes_max;
  net::BodyPiece piece = stream.body_at_hand();
  while (true) {
    settlement.capture(result, piece.data);
    if (piece.error != StreamError::kNone) co_return Outcome{piece.error, "read_body", {}};
    if (piece.end) break;
    // A second answer of control that cannot be compared is good for nothing.
    if (role == ShadowRole::kNoise && result.over_budget) {
      co_return Outcome{StreamError::kTooLarge, "read_body", std::string(result.bound)};
    }
    // Past the budget of the comparison only the copy is given up: whether the answer becomes
    // whole, and when, is evidence all the same.
    if (stream.received_bytes() > dropped_bytes_max) {
      result.bound = "dropped_bytes_max";
      co_return Outcome{StreamError::kTooLarge, "read_body", "dropped_bytes_max"};
    }
    piece = co_await stream.read_body();
  }
  result.complete = true;
  co_return Outcome{};
}

/// A bound of ours ended the call.
void shed(Settlement& settlement, ShadowRole role, Account account, std::string_view reason) {
  if (role == ShadowRole::kOtherSide) return settlement.shed(account, reason);
  settlement.noise().account = NoiseAccount::kShed;
  settlement.noise().reason = reason;
}

}  // namespace

base::Task<void> run_shadow_call(std::shared_ptr<Settlement> settlement, ShadowRole role,
                                 flags::Service service, ShadowGate::Pass pass,
                                 const http::RequestHead* head, std::string_view body,
                                 std::shared_ptr<BodyTee> tee) {
  Presence presence(*settlement, role, service, pass);
  MigrationRuntime& runtime = settlement->runtime();
  Pool& pool = runtime.shadow_pool(service);
  const bool noise = role == ShadowRole::kNoise;
  SideResult& result = noise ? settlement->noise().answer : settlement->shadow_result(service);
  const std::chrono::nanoseconds timeout = settlement->shadow_timeout();
  const int64_t deadline_ns = settlement->worker().loop().precise_now_ns() + timeout.count();
  result.called = true;
  result.start_ns = settlement->elapsed_ns();

  const auto end_with = [&](Outcome outcome) {
    result.end_ns = settlement->elapsed_ns();
    result.error = outcome.error;
    result.error_where = outcome.where;
    result.error_detail = std::move(outcome.detail);
  };

  const auto not_connected = [&](AcquireResult acquired) {
    if (!acquired.full) return end_with({acquired.error, "connect", std::move(acquired.detail)});
    presence.gave_up();
    result.clear();
    shed(*settlement, role, Account::kShed, "connections_max");
  };

  const http::MethodId method = head->method_id;
  std::optional<OwnedRequestHead> owned_head;
  std::string owned_body;
  if (body.size() > net::H1ClientConnection::kCopiedBodyBytesMax) {
    // Sending it may take longer than the client's buffer holds it.
    owned_body.assign(body);
    body = owned_body;
  }
  std::unique_ptr<PooledConnection> connection = pool.take_idle();
  std::unique_ptr<PooledConnection> stale;
  Outcome outcome;
  while (true) {
    if (connection == nullptr) {
      if (stale == nullptr) {
        owned_head.emplace(*head);
        owned_body.assign(body);
        head = &owned_head->head();
        body = owned_body;
      }
      AcquireResult acquired = co_await pool.connect(deadline_ns);
      if (acquired.connection == nullptr) co_return not_connected(std::move(acquired));
      connection = std::move(acquired.connection);
    }
    net::H1ClientConnection& stream = connection->http();
    stream.begin(method);
    stream.set_deadline(deadline_ns);
    settlement->shadow_stream(role) = &stream;
    if (settlement->shadow_cancelled) {
      presence.gave_up();
      co_return end_with({StreamError::kCancelled, "connect", {}});
    }
    const bool whole = tee == nullptr;
    Outcome sent;
    sent.where = "send";
    if (stale == nullptr) {
      sent.error = co_await stream.send_head(*head, body, whole);
    } else {
      sent.error = co_await stream.send_again(stale->http(), body, whole);
    }
    if (sent.error == StreamError::kNone && tee != nullptr) {
      sent =
          co_await send_body_from(*tee, noise ? BodyTee::Reader::kNoise : BodyTee::Reader::kShadow,
                                  stream, settlement->worker().loop(), timeout);
    }
    if (sent.error == StreamError::kTooLarge) {
      presence.gave_up();
      shed(*settlement, role, Account::kTooLarge, tee->bound());
      result.bound = tee->bound();
      co_return end_with(std::move(sent));
    }
    // Half a request would be waited for until the deadline, and the service with it.
    if (sent.error == StreamError::kCancelled) stream.cancel(StreamError::kCancelled);
    // A side that refuses a body while it still comes has answered, and the answer counts.
    outcome = co_await read_answer(*settlement, role, stream, result);
    settlement->shadow_stream(role) = nullptr;
    const bool cut_short = sent.error == StreamError::kCancelled;
    // As for the serving side: a connection may close between two requests, which says nothing
    // about the service. A fresh one that fails does.
    const bool met_its_end =
        stale == nullptr && stream.exchanges() > 0 && !stream.answered() && !cut_short &&
        (outcome.error == StreamError::kClosed || outcome.error == StreamError::kReset);
    if (met_its_end) {
      stale = std::move(connection);
      result.clear();
      result.called = true;
      result.start_ns = settlement->elapsed_ns();
      continue;
    }
    if (stream.answered()) {
      presence.answered();
    } else if (cut_short || outcome.error == StreamError::kCancelled) {
      presence.gave_up();
    }
    if (outcome.error != StreamError::kNone && sent.error != StreamError::kNone &&
        !stream.answered()) {
      outcome = std::move(sent);
    }
    break;
  }
  end_with(std::move(outcome));
  if (result.complete) pool.give_back(std::move(connection));
}

}  // namespace understudy::proxy
