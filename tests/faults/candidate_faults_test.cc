// Whatever the candidate does, the client gets control's answer, byte for byte and without waiting;
// and the other way round, where control is the shadow.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::Account;
using proxy::Exchange;
using proxy::testing::answer;
using proxy::testing::dead_port;
using proxy::testing::Event;
using proxy::testing::kPatienceSeconds;
using proxy::testing::Request;
using proxy::testing::says;
using proxy::testing::Service;
using proxy::testing::Socket;
using namespace std::string_literals;

/// An answer with much that could go wrong on its way.
void answer_as_control(Socket& socket, const Request&) {
  socket.send(
      "HTTP/1.1 203 Odd  Reason\r\nX-One: 1\r\nx-one:  2 \r\nSet-Cookie: a=b; Path=/\r\n"
      "Set-Cookie: c=d\r\nTransfer-Encoding: chunked\r\nX-Empty:\r\n\r\n"
      // In one send: chunks are the hop's own, and those that arrive together leave together.
      "5\r\nold \n\r\n"
      "6;x=y\r\nanswer\r\n0\r\nX-Trailer: t\r\n\r\n");
}

/// What a fault of the shadow must be called in the books.
struct Fault {
  const char* name;
  Service::Behaviour behaviour;
  Account full_evaluation;  // account of a request in this mode
  Account fire_and_forget;
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << fault.name; }

std::vector<Fault> faults() {
  const auto forever = [](Socket& socket, std::string_view piece) {
    while (socket.send(piece)) {
    }
    socket.close();
  };
  return {
      {"CrashesOnTheRequest", [](Socket& socket, const Request&) { socket.reset(); },
       Account::kFailed, Account::kFailed},
      {"ClosesWithoutAnAnswer", [](Socket& socket, const Request&) { socket.close(); },
       Account::kFailed, Account::kFailed},
      {"ResetsInTheHead",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Le");
         socket.reset();
       },
       Account::kFailed, Account::kFailed},
      {"ClosesInTheHead",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
         socket.close();
       },
       Account::kFailed, Account::kFailed},
      {"ResetsInTheBody",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nsome");
         socket.reset();
       },
       Account::kFailed, Account::kFailed},
      {"ClosesInTheBody",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nsome");
         socket.close();
       },
       Account::kFailed, Account::kFailed},
      {"ClosesInAChunk",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nsome");
         socket.close();
       },
       Account::kFailed, Account::kFailed},
      {"ResetsAfterTheAnswer",
       [](Socket& socket, const Request&) {
         socket.send(answer(200, "new"));
         socket.reset();
       },
       Account::kCompared, Account::kNotSampled},
      {"AnswersGarbage",
       [](Socket& socket, const Request&) {
         socket.send("\x16\x03\x01\x02\0\x01\xfc\x03\x03 no http at all"s);
         socket.receive();
       },
       Account::kFailed, Account::kFailed},
      {"AnswersGarbageWithoutEnd",
       [forever](Socket& socket, const Request&) { forever(socket, std::string(65536, 'x')); },
       Account::kFailed, Account::kFailed},
      {"AnswersAHeadWithoutEnd",
       [forever](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\n");
         forever(socket, "X-Header: value\r\n");
       },
       Account::kFailed, Account::kFailed},
      {"AnswersWithoutEnd",
       [forever](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
         forever(socket, std::string(65536, 'x'));
       },
       Account::kTooLarge, Account::kTooLarge},
      {"SendsInformationWithoutEnd",
       [forever](Socket& socket, const Request&) {
         forever(socket, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
       },
       Account::kFailed, Account::kFailed},
      {"SwitchesTheProtocol",
       [](Socket& socket, const Request&) {
         socket.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
         socket.receive();
       },
       Account::kFailed, Account::kFailed},
      {"FramesItsAnswerInTwoWays",
       [](Socket& socket, const Request&) {
         socket.send(
             "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nnew");
         socket.receive();
       },
       Account::kFailed, Account::kFailed},
  };
}

class CandidateFault : public proxy::testing::ProxyFixture,
                       public ::testing::WithParamInterface<Fault> {
 protected:
  /// Two requests on one connection, then the end.
  static constexpr std::string_view kRequests =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

  /// What a client sees when no candidate is called at all.
  std::string undisturbed(uint16_t control) {
    start(Mode::kControlOnly, control, dead_port());
    std::string text = talk(kRequests);
    EXPECT_TRUE(stop());
    return text;
  }
  /// The client has its answers before the shadow, told by `served`, does anything at all. In
  /// reverse_evaluation the shadow is control.
  void serve_and_then_let_it_fail(Mode mode, Account expected) {
    Service serving(answer_as_control);
    const std::string without = undisturbed(serving.port());
    ASSERT_NE(without.find("X-Trailer: t"), std::string::npos) << without;
    Event served;
    Service shadow([&](Socket& socket, const Request& request) {
      EXPECT_TRUE(served.wait()) << "the client waits for the shadow";
      GetParam().behaviour(socket, request);
    });
    const bool reverse = mode == Mode::kReverseEvaluation;
    const Service& control = reverse ? shadow : serving;
    const Service& candidate = reverse ? serving : shadow;
    start(mode, control.port(), candidate.port(), "shadow: {dropped_bytes_max: 4MiB}\n",
          ", timeout: 20s", ", timeout: 20s");
    const size_t before = sink_.count();
    EXPECT_EQ(talk(kRequests), without);
    EXPECT_EQ(sink_.count(), before) << "the shadow cannot have ended yet";
    served.happen();
    for (size_t i = 0; i < 2; ++i) {
      const Exchange& seen = exchange(before + i);
      EXPECT_EQ(name(seen.account), name(expected)) << seen.reason;
      EXPECT_EQ(seen.served_by, reverse ? base::Side::kCandidate : base::Side::kControl);
      EXPECT_TRUE((reverse ? seen.candidate : seen.control).succeeded());
      const proxy::SideResult& failed = reverse ? seen.control : seen.candidate;
      EXPECT_LE(failed.body.size(), size_t{1} << 20);
      EXPECT_LE(failed.body_bytes, (uint64_t{4} << 20) + 65536);
    }
    EXPECT_TRUE(stop());
  }
};

TEST_P(CandidateFault, IsNotSeenInFullEvaluation) {
  serve_and_then_let_it_fail(Mode::kFullEvaluation, GetParam().full_evaluation);
}

TEST_P(CandidateFault, IsNotSeenInFireAndForget) {
  serve_and_then_let_it_fail(Mode::kFireAndForget, GetParam().fire_and_forget);
}

TEST_P(CandidateFault, OfControlIsNotSeenInReverseEvaluation) {
  serve_and_then_let_it_fail(Mode::kReverseEvaluation, GetParam().full_evaluation);
}

INSTANTIATE_TEST_SUITE_P(Each, CandidateFault, ::testing::ValuesIn(faults()),
                         [](const auto& fault) { return std::string(fault.param.name); });

class CandidateFaults : public proxy::testing::ProxyFixture {};

TEST_F(CandidateFaults, ACandidateThatIsDownIsNotSeen) {
  Service control(says("old"));
  start(Mode::kFullEvaluation, control.port(), dead_port());
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kFailed);
  EXPECT_EQ(exchange(0).candidate.error, net::StreamError::kRefused);
  EXPECT_EQ(exchange(0).reason, "connect_refused");
}

TEST_F(CandidateFaults, ACandidateThatNeverAnswersIsGivenUpAtItsDeadline) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kTimedOut);
  EXPECT_TRUE(candidate.wait_for_open(0)) << "its connection is kept";
}

TEST_F(CandidateFaults, ACandidateThatTricklesIsGivenUpAtItsDeadline) {
  Service control(says("old"));
  Event given_up;
  Service candidate([&](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    // One byte, then a wait for what never comes, once a tenth of a second.
    const timeval pause{.tv_sec = 0, .tv_usec = 100'000};
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
    while (socket.send("x")) socket.receive();
    given_up.happen();
    socket.close();
  });
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kTimedOut);
  EXPECT_TRUE(given_up.wait());
}

TEST_F(CandidateFaults, ACandidateWhoseBacklogIsFullIsGivenUpAtItsDeadline) {
  Service control(says("old"));
  // A listener that never accepts, with its queue filled by connections of our own.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::vector<Socket> fillers;
  for (int i = 0; i < 8; ++i) {
    const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)::connect(filler, reinterpret_cast<sockaddr*>(&address), sizeof address);
    fillers.emplace_back(filler);
  }
  start(Mode::kFullEvaluation, control.port(), ntohs(address.sin_port), "",
        ", timeout: 10s, connect_timeout: 200ms");
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kTimedOut);
  EXPECT_EQ(exchange(0).candidate.error, net::StreamError::kConnectTimeout);
  ::close(listener);
}

/// Answers the first request of a connection and closes it at the second, as a service does whose
/// idle time ends while a request is on its way.
Service::Behaviour closes_at_the_second_request(std::string body, std::vector<int>& served,
                                                std::mutex& mutex) {
  return [=, &served, &mutex](Socket& socket, const Request& request) {
    const std::lock_guard lock(mutex);
    if (std::find(served.begin(), served.end(), request.connection) != served.end()) {
      return socket.close();
    }
    served.push_back(request.connection);
    socket.send(answer(200, body));
  };
}

TEST_F(CandidateFaults, AConnectionThatClosedMeanwhileIsNoFailureOfTheCandidate) {
  std::mutex mutex;
  std::vector<int> served;
  Service control(says("same"));
  Service candidate(closes_at_the_second_request("same", served, mutex));
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "routes: [{name: all, match: {path: \"*\"}, safe_to_repeat: true}]\n");
  const std::string large(20'000, 'b');
  const auto post = [&](const std::string& body) {
    return talk("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(body_of(i < 2 ? get() : post(i == 2 ? "small" : large)), "same");
    // Looked at before the next, so that its shadow finds a connection that was used.
    EXPECT_EQ(exchange(i).account, Account::kCompared) << i;
    EXPECT_TRUE(exchange(i).candidate.succeeded()) << i;
  }
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(served.size(), 4U);  // a connection each
  }
  const std::vector<Request> seen = candidate.requests();
  EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [&](const Request& request) {
    return request.connection == 3 && request.body == large;
  })) << "the large body was not sent whole the second time";
}

TEST_F(CandidateFaults, ACandidateThatDropsEachConnectionHasFailed) {
  Service control(says("old"));
  std::atomic<int> calls{0};
  Service candidate([&](Socket& socket, const Request&) {
    if (calls.fetch_add(1) == 0) return socket.send(answer(200, "old")), void();
    socket.close();
  });
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kCompared);
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(1).account, Account::kFailed);
  EXPECT_EQ(exchange(1).candidate.error, net::StreamError::kClosed);
  EXPECT_EQ(calls.load(), 3);  // once more on a fresh connection, and then no more
}

// Bounds.

TEST_F(CandidateFaults, NoMoreCallsThanAllowedAreUnderWayAtOnce) {
  Service control(says("old"));
  Event all_served;
  Service candidate([&](Socket& socket, const Request&) {
    all_served.wait();
    socket.send(answer(200, "old"));
  });
  start(Mode::kFullEvaluation, control.port(), candidate.port(), "",
        ", timeout: 20s, in_flight_max: 4");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(body_of(get()), "old");
  EXPECT_LE(proxy_->activity().shadows_in_flight, 4u);
  EXPECT_LE(candidate.connections(), 4u);
  all_served.happen();
  int shed = 0;
  int compared = 0;
  for (size_t i = 0; i < 50; ++i) {
    shed += exchange(i).account == Account::kShed && exchange(i).reason == "in_flight_max";
    compared += exchange(i).account == Account::kCompared;
  }
  EXPECT_EQ(shed, 46);
  EXPECT_EQ(compared, 4);
}

TEST_F(CandidateFaults, ADeadCandidateIsLeftAloneForAWhile) {
  Service control(says("old"));
  start(Mode::kFullEvaluation, control.port(), dead_port(),
        "shadow: {breaker_failures: 5, breaker_open_for: 1h}\n");
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(body_of(get()), "old");
    EXPECT_EQ(exchange(i).account, i < 5 ? Account::kFailed : Account::kShed) << i;
  }
  EXPECT_EQ(exchange(19).reason, "circuit_open");
}

TEST_F(CandidateFaults, ImpatientClientsDoNotHideASilentCandidateFromTheBreaker) {
  Service control([](Socket& socket, const Request& request) {
    if (request.target() == "/slow") return void(socket.receive());
    socket.send(answer(200, "old"));
  });
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "shadow: {breaker_failures: 3, breaker_open_for: 1h}\n");
  get();
  get();
  EXPECT_EQ(exchange(1).account, Account::kTimedOut);
  {
    const Socket impatient = client();
    impatient.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(candidate.wait_for_heads(3));
  }
  EXPECT_EQ(exchange(2).account, Account::kClientAborted);
  get();
  EXPECT_EQ(exchange(3).account, Account::kTimedOut);
  get();
  EXPECT_EQ(exchange(4).account, Account::kShed);
  EXPECT_EQ(exchange(4).reason, "circuit_open");
}

TEST_F(CandidateFaults, ALargeAnswerOfBothIsServedWholeAndTooLargeToCompare) {
  const std::string large(3 << 20, 'o');
  Service control(says(large));
  Service candidate(says(large));
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), large);
  EXPECT_EQ(exchange(0).account, Account::kTooLarge);
  EXPECT_EQ(exchange(0).reason, "body_bytes_max");
  EXPECT_LE(exchange(0).control.body.size(), size_t{1} << 20);
  EXPECT_LE(exchange(0).candidate.body.size(), size_t{1} << 20);
  EXPECT_TRUE(exchange(0).candidate.succeeded()) << "only the comparison is given up";
  EXPECT_EQ(exchange(0).candidate.body_bytes, large.size());
}

TEST_F(CandidateFaults, ALargeErrorIsReadToItsEndAndStaysAnError) {
  Service control(says("old"));
  Service candidate(
      [](Socket& socket, const Request&) { socket.send(answer(500, std::string(3 << 20, 'e'))); });
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kTooLarge);
  EXPECT_EQ(exchange(0).candidate.status, 500);
  EXPECT_TRUE(exchange(0).candidate.complete);
  EXPECT_FALSE(exchange(0).candidate.succeeded());
}

TEST_F(CandidateFaults, TheBoundThatAnAnswerWentPastIsTheOneThatIsNamed) {
  const std::string small(100, 's');
  const std::string large(4000, 'l');
  struct Case {
    std::string_view old_answer, new_answer, more, reason;
    Mode mode = Mode::kFullEvaluation;
  };
  for (const Case& one : {
           Case{large, small, "compare: {body_bytes_max: 1KiB}\n", "body_bytes_max"},
           Case{small, large, "compare: {body_bytes_max: 1KiB}\n", "body_bytes_max"},
           Case{small, small, "shadow: {memory_bytes_max: 150}\n", "memory_bytes_max"},
           Case{small, small, "shadow: {memory_bytes_max: 50}\n", "memory_bytes_max"},
           Case{small, large, "shadow: {dropped_bytes_max: 1KiB}\n", "dropped_bytes_max",
                Mode::kFireAndForget},
       }) {
    SCOPED_TRACE(one.more);
    Service control(says(std::string(one.old_answer)));
    Service candidate([&](Socket& socket, const Request&) {
      const std::string whole = answer(200, one.new_answer);
      if (one.mode != Mode::kFireAndForget) {
        socket.send(whole);
      } else {
        socket.send(whole.substr(0, whole.size() - 1));
        socket.receive();  // the bound is seen before the end
      }
    });
    start(one.mode, control.port(), candidate.port(), one.more);
    const size_t index = sink_.count();
    EXPECT_EQ(body_of(get()), one.old_answer);
    EXPECT_EQ(exchange(index).account, Account::kTooLarge);
    EXPECT_EQ(exchange(index).reason, one.reason);
    stop();
  }
}

TEST_F(CandidateFaults, ARequestTooLargeToKeepIsServedWholeAndNotSentTwice) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(answer(200, base::cat(request.body.size())));
  });
  Service candidate(says("new"));
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "routes: [{name: all, safe_to_repeat: true}]\n");
  const std::string body(3 << 20, 'b');
  EXPECT_EQ(body_of(talk(base::cat("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                   "Content-Length: ",
                                   body.size(), "\r\n\r\n", body))),
            base::cat(body.size()));
  EXPECT_EQ(exchange(0).account, Account::kTooLarge);
  EXPECT_EQ(exchange(0).reason, "request_bytes_max");
  EXPECT_EQ(candidate.requests().size(), 0u);
}

TEST_F(CandidateFaults, CopiesOfRequestsShareOneBudgetOfMemory) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(answer(200, base::cat(request.body.size())));
  });
  Service candidate(says("new"));
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "routes: [{name: all, safe_to_repeat: true}]\nshadow: {memory_bytes_max: 256KiB}\n");
  const std::string body(512 << 10, 'b');
  EXPECT_EQ(body_of(talk(base::cat("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                   "Content-Length: ",
                                   body.size(), "\r\n\r\n", body))),
            base::cat(body.size()));
  EXPECT_EQ(exchange(0).account, Account::kTooLarge);
  EXPECT_EQ(exchange(0).reason, "memory_bytes_max");
  // What it took has been given back.
  EXPECT_EQ(body_of(get()), "0");
  EXPECT_EQ(exchange(1).account, Account::kCompared);
}

TEST_F(CandidateFaults, TheFramingOfAnAnswerCountsTowardsWhatIsReadOfIt) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::string chunks;
    for (int i = 0; i < 10'000; ++i) chunks += "1\r\nx\r\n";
    while (socket.send(chunks)) {
    }
    socket.close();
  });
  start(Mode::kFireAndForget, control.port(), candidate.port(),
        "shadow: {dropped_bytes_max: 600KiB}\n", ", timeout: 20s");
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).account, Account::kTooLarge);
  EXPECT_EQ(exchange(0).reason, "dropped_bytes_max");
  EXPECT_LE(exchange(0).candidate.body_bytes, size_t{120} << 10);
}

TEST_F(CandidateFaults, ALargeRequestReachesTheCandidateWholeInManyTurns) {
  const auto tells_its_request = [](Socket& socket, const Request& request) {
    socket.send(answer(200, base::cat(std::hash<std::string>()(request.content()))));
  };
  Event served;
  Service control([&](Socket& socket, const Request& request) {
    tells_its_request(socket, request);
    served.happen();
  });
  Service candidate(tells_its_request, [&] { served.wait(); });
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "routes: [{name: all, safe_to_repeat: true}]\nshadow: {request_bytes_max: 16MiB}\n",
        ", timeout: 20s");
  std::string body(10 << 20, 'b');
  for (size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
  talk(base::cat("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ", body.size(),
                 "\r\n\r\n", body));
  char size[32];
  std::snprintf(size, sizeof size, "%zx", body.size());
  talk(
      base::cat("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                "Transfer-Encoding: chunked\r\n\r\n",
                size, "\r\n", body, "\r\n0\r\n\r\n"));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(exchange(i).account, Account::kCompared);
    EXPECT_EQ(exchange(i).control.body, exchange(i).candidate.body);
  }
}

TEST_F(CandidateFaults, ARecorderThatCannotKeepUpOnlyLosesRecords) {
  Service control(says("old"));
  Service candidate(says("old"));
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  sink_.refuse_all();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(body_of(get()), "old");
  EXPECT_TRUE(stop());
  EXPECT_EQ(books_->of(Account::kShed), 10u);
  EXPECT_EQ(books_->records_dropped(), 10u);
}

}  // namespace
}  // namespace understudy
