// What a hostile or broken service sends must never become the answer to another request.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::Account;
using proxy::testing::answer;
using proxy::testing::Received;
using proxy::testing::Request;
using proxy::testing::says;
using proxy::testing::Service;
using proxy::testing::Socket;
using namespace std::string_literals;

struct Poison {
  const char* name;
  std::string bytes;   // sent for GET /poison, then the service waits for the next request
  std::string status;  // what the client gets for it
  std::string body;    // of that answer
  const char* request = "GET";
  enum class Service { kStays, kCloses } service = Service::kStays;
};

std::ostream& operator<<(std::ostream& out, const Poison& poison) { return out << poison.name; }

std::vector<Poison> poisons() {
  const std::string evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  std::string flood;
  for (int i = 0; i < 100; ++i) flood += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  return {
      {"ExtraBytes", answer(200, "good") + "extra", "200", "good"},
      {"TwoAnswers", answer(200, "good") + evil, "200", "good"},
      {"AnswerInTheExcess", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + evil, "200", ""},
      {"LengthTooShort", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ngood" + evil, "200", "go"},
      {"LengthTooLong", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\ngood", "200", "good", "GET",
       Poison::Service::kCloses},
      {"TwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\ngood", "502",
       ""},
      {"LengthAndChunked",
       "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
       "4\r\ngood\r\n0\r\n\r\n",
       "502", ""},
      {"LengthIsNoNumber", "HTTP/1.1 200 OK\r\nContent-Length: 4x\r\n\r\ngood", "502", ""},
      {"UnknownCoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\ngood", "502", ""},
      {"Folded", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 4\r\n\r\ngood", "502", ""},
      {"LineFeeds", "HTTP/1.1 200 OK\nContent-Length: 4\n\ngood", "502", ""},
      {"NulInValue", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 4\r\n\r\ngood"s, "502", ""},
      {"NoStatus", "HTTP/1.1 OK\r\nContent-Length: 4\r\n\r\ngood", "502", ""},
      {"Version2", "HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\ngood", "502", ""},
      {"BadFirstChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "502", ""},
      {"BadSecondChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\nzz\r\n",
       "200", "4\r\ngood\r\n"},
      {"ExcessAfterLastChunk",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n" + evil, "200",
       "4\r\ngood\r\n0\r\n\r\n"},
      {"InformationFlood", flood + evil, "502", ""},
      {"InformationWithLength", "HTTP/1.1 103 Early Hints\r\nContent-Length: 47\r\n\r\n" + evil,
       "200", "evil"},
      {"NoContentWithBody", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", "204", ""},
      {"NoContentWithAnswer", "HTTP/1.1 204 No Content\r\nContent-Length: 43\r\n\r\n" + evil, "204",
       ""},
      {"NoContentChunked",
       "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", "204",
       ""},
      {"NotModifiedWithBody", "HTTP/1.1 304 Not Modified\r\nContent-Length: 43\r\n\r\n" + evil,
       "304", ""},
      {"HeadWithBody", answer(200, evil), "200", "", "HEAD"},
      {"HeadChunkedWithBody",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", "200", "",
       "HEAD"},
      {"UnaskedSwitch",
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n" +
           evil,
       "502", ""},
      {"AnswersBeforeAndAfter", evil + evil + evil, "200", "evil"},
      {"HeadOf1MiB", "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n", "502", ""},
  };
}

class ResponseAttack : public proxy::testing::ProxyFixture,
                       public ::testing::WithParamInterface<Poison> {
 protected:
  static Service::Behaviour poisonous() {
    return [poison = GetParam()](Socket& socket, const Request& request) {
      if (request.target() != "/poison") {
        socket.send(request.line().starts_with("HEAD ") ? "HTTP/1.1 200 OK\r\n\r\n"
                                                        : answer(200, request.target()));
        return;
      }
      socket.send(poison.bytes);
      if (poison.service == Poison::Service::kCloses) socket.close();
    };
  }
  static std::string final_answer(std::string text) {
    while (text.starts_with("HTTP/1.1 103 ")) text.erase(0, text.find("\r\n\r\n") + 4);
    return text;
  }
  /// Whatever the poison did, each later request gets its own answer.
  void later_requests_get_their_own_answers() {
    for (int i = 0; i < 5; ++i) {
      const std::string path = base::cat("/own", i);
      EXPECT_EQ(body_of(get(path)), path);
    }
  }
};

TEST_P(ResponseAttack, IsNeverTheAnswerToAnotherRequest) {
  Service control(poisonous());
  start(Mode::kControlOnly, control.port(), control.port(), "", "", ", timeout: 2s");
  const std::string response = final_answer(talk(
      base::cat(GetParam().request, " /poison HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")));
  EXPECT_EQ(status_of(response), GetParam().status);
  if (GetParam().status != "502") {
    EXPECT_EQ(body_of(response), GetParam().body);
  }
  later_requests_get_their_own_answers();
}

TEST_P(ResponseAttack, OnOneConnectionOfAClientEither) {
  Service control(poisonous());
  start(Mode::kControlOnly, control.port(), control.port(), "", "", ", timeout: 2s");
  const Socket socket = client();
  socket.send(base::cat(GetParam().request, " /poison HTTP/1.1\r\nHost: h\r\n\r\n",
                        "GET /own HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const std::string all = socket.receive_all();
  const size_t evil = all.find("evil");
  if (GetParam().body == "evil") {
    EXPECT_EQ(all.find("evil", evil + 1), std::string::npos) << all;
  } else {
    EXPECT_EQ(evil, std::string::npos) << all;
  }
  // Either the connection ended with the broken answer, or the second request has its own.
  const size_t second = all.rfind("HTTP/1.1 200");
  if (all.find("/own") != std::string::npos) {
    EXPECT_EQ(body_of(all.substr(second)), "/own") << all;
  }
  later_requests_get_their_own_answers();
}

TEST_P(ResponseAttack, FromTheCandidateIsNotSeen) {
  Service control(says("old"));
  Service candidate(poisonous());
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  const std::string request =
      base::cat(GetParam().request, " /poison HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  // Control's answer to HEAD has a body it should not have; that is its own row.
  if (std::string_view(GetParam().request) == "GET") {
    EXPECT_EQ(body_of(talk(request)), "old");
  } else {
    EXPECT_EQ(status_of(talk(request)), "200");
  }
  for (size_t i = 1; i <= 5; ++i) {
    const std::string path = base::cat("/own", i);
    EXPECT_EQ(body_of(get(path)), "old");
    exchange(i);
  }
  for (size_t i = 0; i <= 5; ++i) {
    const auto& seen = exchange(i);
    if (seen.target == "/poison") continue;
    EXPECT_EQ(seen.candidate.body, seen.target);
    EXPECT_EQ(seen.account, Account::kCompared);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, ResponseAttack, ::testing::ValuesIn(poisons()),
                         [](const auto& poison) { return std::string(poison.param.name); });

}  // namespace
}  // namespace understudy
