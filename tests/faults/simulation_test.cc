// Hundreds of requests with random faults of the client and of both services at once. The seed
// decides what each client sends and when it leaves, what each service does with it, and the order
// of the modes. Threads, sockets and timers are real: which of these meet is decided anew in every
// run. A failure prints the seed; UNDERSTUDY_SEED=<seed> asks for the same things again, and it may
// take several runs until they meet as they did.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::Account;
using proxy::testing::answer;
using proxy::testing::Request;
using proxy::testing::Service;
using proxy::testing::Socket;

/// What a service does with a request; the client writes it into the target, so that both sides
/// and the check of the answer know it.
enum class Act { kAnswer, kChunks, kEarlyClose, kReset, kHalf, kGarbage, kHang, kExcess, kLarge };
constexpr int kActs = 9;

std::string body_for(const Request& request) {
  return base::cat("<", request.target(), "|", request.content(), ">");
}

void perform(Act act, Socket& socket, const Request& request) {
  const std::string body = body_for(request);
  switch (act) {
    case Act::kAnswer:
      socket.send(answer(200, body));
      return;
    case Act::kChunks:
      socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n<\r\n");
      socket.send(base::cat(base::hex(static_cast<uint64_t>(body.size() - 1)), "\r\n",
                            body.substr(1), "\r\n0\r\n\r\n"));
      return;
    case Act::kEarlyClose:
      socket.close();
      return;
    case Act::kReset:
      socket.reset();
      return;
    case Act::kHalf:
      socket.send(base::cat("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", body));
      socket.close();
      return;
    case Act::kGarbage:
      socket.send("\x01\x02 garbage\r\n\r\n");
      socket.close();
      return;
    case Act::kHang:
      socket.receive();
      return;
    case Act::kExcess:
      socket.send(answer(200, body) + answer(200, "<poison>"));
      return;
    case Act::kLarge:
      socket.send(base::cat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size() + 300'000,
                            "\r\n\r\n", body, std::string(300'000, 'x')));
      return;
  }
}

/// Targets read /<number>/<act of control><act of candidate>.
Service::Behaviour by_target(size_t place) {
  return [place](Socket& socket, const Request& request) {
    const std::string target = request.target();
    const size_t acts = target.rfind('/') + 1;
    perform(static_cast<Act>(target.at(acts + place) - '0'), socket, request);
  };
}

class Simulation : public proxy::testing::ProxyFixture,
                   public ::testing::WithParamInterface<uint64_t> {
 protected:
  static uint64_t seed() {
    const char* fixed = std::getenv("UNDERSTUDY_SEED");
    return fixed != nullptr ? std::strtoull(fixed, nullptr, 10) : GetParam();
  }

  /// One client's life: requests on connections that it keeps, leaves or breaks at random.
  void play_client(uint64_t client_seed, int number, int requests) {
    base::Rng client_rng(client_seed);
    Socket socket = client();
    std::string history;  // what was sent on the connection
    for (int i = 0; i < requests; ++i) {
      // Of its own, so that what came back does not change what is asked next.
      base::Rng rng(client_rng.next_u64());
      if (!socket.is_open()) {
        socket = client();
        history.clear();
      }
      // Most requests go well on control's side, else nothing would be left to check.
      const auto control_act =
          rng.below(3) != 0 ? Act::kAnswer : static_cast<Act>(rng.below(kActs));
      const auto candidate_act = static_cast<Act>(rng.below(kActs));
      const std::string target = base::cat("/", number, "-", i, "/", static_cast<int>(control_act),
                                           static_cast<int>(candidate_act));
      std::string content;
      std::string request;
      if (rng.below(2) == 0) {
        request = base::cat("GET ", target, " HTTP/1.1\r\nHost: h\r\n\r\n");
      } else {
        content = std::string(rng.below(2) == 0 ? rng.below(100) : rng.below(50'000), 'c');
        request =
            base::cat("POST ", target, " HTTP/1.1\r\nHost: h\r\nContent-Length: ", content.size(),
                      "\r\n\r\n", content);
      }
      const uint64_t fate = rng.below(20);
      if (fate == 0) {  // leaves in the middle of its request
        socket.send(std::string_view(request).substr(0, rng.below(request.size())));
        if (rng.below(2) == 0) socket.reset();
        socket.close();
        continue;
      }
      socket.send(request);
      history += base::cat(" ", target, content.empty() ? "" : "+", content.size());
      if (fate == 1) {  // does not wait for its answer
        socket.close();
        continue;
      }
      const std::string head = socket.receive_until("\r\n\r\n");
      EXPECT_FALSE(socket.met_silence())
          << "no answer at all to " << target << " after " << history;
      if (head.find("200 ") != 9) {  // a fault of the serving side, or a broken connection
        socket.close();
        continue;
      }
      if (fate == 2) {  // leaves in the middle of its answer
        socket.close();
        continue;
      }
      const std::string own = base::cat("<", target, "|", content, ">");
      const bool chunked = head.find("Transfer-Encoding: chunked") != std::string::npos;
      const std::string_view end = chunked ? "\r\n0\r\n\r\n" : ">";
      std::string got = body_of(head);
      while (got.find(end) == std::string::npos) {
        const std::string more = socket.receive();
        if (more.empty()) break;
        got += more;
      }
      EXPECT_FALSE(socket.met_silence()) << "half an answer to " << target << " after " << history;
      if (chunked) got = Request{.head = "Transfer-Encoding: chunked\r\n", .body = got}.content();
      EXPECT_TRUE(got.starts_with(own))
          << "wrong answer to " << target << ": " << got.substr(0, 99);
      if (rng.below(3) == 0 || got != own) socket.close();
    }
  }
};

TEST_P(Simulation, NobodyGetsAWrongAnswerAndTheBooksAddUp) {
  SCOPED_TRACE(base::cat("the same requests again: UNDERSTUDY_SEED=", seed()));
  workers_ = 2;
  Service control(by_target(0));
  Service candidate(by_target(1));
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "fallback: control\nroutes: [{name: all, safe_to_repeat: true}]\n"
        "compare: {body_bytes_max: 64KiB}\nshadow: {in_flight_max: 16, breaker_open_for: 1ms}\n",
        ", timeout: 100ms, connections_max: 32", ", timeout: 200ms, connections_max: 64");
  base::Rng rng(seed());
  std::vector<std::thread> clients;
  for (int number = 0; number < 6; ++number) {
    const uint64_t client_seed = rng.next_u64();
    clients.emplace_back([this, client_seed, number] { play_client(client_seed, number, 40); });
  }
  base::Rng changes(rng.next_u64());
  // Each change waits for some more requests to end; those that are left over come with the last.
  for (size_t ended = 0; ended < 150; ended += 10) {
    set_mode(flags::kAllModes[changes.below(flags::kAllModes.size())]);
    EXPECT_NE(sink_.at(ended), nullptr);
  }
  for (std::thread& thread : clients) thread.join();
  const proxy::ProxyActivity now = proxy_->activity();
  EXPECT_LE(now.shadows_in_flight, 16u);
  EXPECT_TRUE(stop());
  EXPECT_EQ(books_->requests(), books_->settled());
  EXPECT_EQ(books_->requests(), sink_.count());
  for (size_t i = 0; i < sink_.count(); ++i) {
    const auto& seen = exchange(i);
    if (seen.account == Account::kCompared) {
      EXPECT_TRUE(seen.control.complete && seen.candidate.complete) << seen.target;
    }
    EXPECT_LE(seen.candidate.body.size(), size_t{64} << 10);
  }
}

INSTANTIATE_TEST_SUITE_P(Seed, Simulation, ::testing::Range<uint64_t>(1, 7));

}  // namespace
}  // namespace understudy
