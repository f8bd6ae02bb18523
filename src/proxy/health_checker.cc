#include "proxy/health_checker.h"

#include <utility>

#include "base/text.h"

namespace understudy::proxy {
namespace {

using net::StreamError;

constexpr int kInterimMax = 16;
/// Of an answer; who sends more is believed without it.
constexpr uint64_t kBodyBytesMax = 64 * 1024;

std::string in_words(StreamError error, std::string_view detail) {
  return detail.empty() ? std::string(net::name(error))
                        : base::cat(net::name(error), " (", detail, ")");
}

}  // namespace

HealthChecker::HealthChecker(net::EventLoop& loop, net::BufferPool& buffers,
                             net::Resolver& resolver, const SideOptions& side,
                             std::shared_ptr<SideHealth> health)
    : loop_(loop),
      buffers_(buffers),
      resolver_(resolver),
      health_(std::move(health)),
      next_side_(side),
      alarm_(loop) {
  scope_.spawn(run());
}

void HealthChecker::follow(const SideOptions& side) {
  if (!same_service(pool_->side(), side)) {
    next_side_ = side;
  } else {
    next_side_.reset();
  }
}

base::Task<void> HealthChecker::run() {
  while (true) {
    if (next_side_) {
      pool_.emplace(loop_, buffers_, resolver_, *std::move(next_side_), http::Limits{}, 1);
      next_side_.reset();
    }
    const int64_t began_ns = loop_.precise_now_ns();
    const std::string failure = co_await check();
    health_->report(failure, loop_.clock().unix_ns());
    // From begin to begin; a check that takes longer than the interval is followed at once.
    alarm_.set_deadline(began_ns + health_->options().interval.count());
    co_await alarm_.due.wait();
  }
}

base::Task<std::string> HealthChecker::check() {
  const int64_t deadline_ns = loop_.precise_now_ns() + health_->options().timeout.count();
  const AcquireResult acquired = co_await pool_->connect(deadline_ns);
  if (acquired.connection == nullptr) co_return in_words(acquired.error, acquired.detail);
  net::H1ClientConnection& service = acquired.connection->http();
  http::RequestHead request;
  request.method = "GET";
  request.method_id = http::MethodId::kGet;
  request.target = health_->options().path;
  request.authority = pool_->side().url.authority;
  request.keep_alive = false;
  request.fields.add("User-Agent", "understudy-health");
  service.begin(request.method_id);
  service.set_deadline(deadline_ns);
  const StreamError sent = co_await service.send_head(request, {}, true);
  if (sent != StreamError::kNone) co_return in_words(sent, {});
  net::HeadResult answer;
  for (int i = 0; i <= kInterimMax; ++i) {
    answer = co_await service.read_head();
    if (answer.error != StreamError::kNone) co_return in_words(answer.error, answer.detail);
    if (!answer.head->interim) break;
  }
  const int status = answer.head->status;
  if (status < 200 || status >= 400) co_return base::cat("status ", status);
  uint64_t body_bytes = 0;
  net::BodyPiece piece = service.body_at_hand();
  while (!piece.end && body_bytes <= kBodyBytesMax) {
    if (piece.error != StreamError::kNone) co_return in_words(piece.error, {});
    body_bytes += piece.data.size();
    piece = co_await service.read_body();
  }
  co_return std::string();
}

}  // namespace understudy::proxy
