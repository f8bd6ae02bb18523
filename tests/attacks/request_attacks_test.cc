// What hostile or ambiguous requests get, and what arrives behind the proxy: nothing, or whole
// messages that cannot be read in two ways. One row is one class of attack; the codec alone is
// tested with the same rows in src/http/testdata/requests.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::testing::answer;
using proxy::testing::Received;
using proxy::testing::Request;
using proxy::testing::Service;
using proxy::testing::Socket;
using namespace std::string_literals;

struct Attack {
  int row = 0;  // the class of attack
  std::string name;
  std::string bytes;
  /// Statuses of the answers, in order; the connection must then be closed.
  std::string statuses;
  /// What arrived behind, "METHOD target|content" each, and "|trailers" where there were any.
  std::vector<std::string> arrived = {};
};

/// A POST with these fields and what follows its head.
std::string post(std::string_view fields, std::string_view rest = "") {
  return base::cat("POST /p HTTP/1.1\r\nHost: h\r\n", fields, "\r\n", rest);
}
std::string get(std::string_view fields) {
  return base::cat("GET /g HTTP/1.1\r\nHost: h\r\n", fields, "\r\n");
}
std::string target(std::string_view target) {
  return base::cat("GET ", target, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
}
std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kLast = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

std::vector<Attack> attacks() {
  std::vector<Attack> all;
  int row = 0;
  const auto next_row = [&](int number) { row = number; };
  const auto add = [&](std::string what, std::string bytes, std::string statuses,
                       std::vector<std::string> arrived = {}) {
    all.push_back(
        {row, std::move(what), std::move(bytes), std::move(statuses), std::move(arrived)});
  };

  next_row(1);  // both framings in one message
  add("LengthAndChunked",
      post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + kSmuggled), "400");
  add("ChunkedAndLength",
      post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + kSmuggled), "400");

  next_row(2);  // more than one length
  add("TwoLengthsDiffer", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello" + kSmuggled),
      "400");
  add("TwoLengthsSame", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400");
  add("ListSame", post("Content-Length: 5, 5\r\n", "hello"), "400");
  add("ListDiffers", post("Content-Length: 5,6\r\n", "hello"), "400");

  next_row(3);  // lengths that are no plain number
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"Plus", "+5"},
           {"Minus", "-5"},
           {"Space", "5 5"},
           {"Hex", "0x5"},
           {"Underscore", "5_0"},
           {"Exponent", "5e0"},
           {"Empty", ""},
           {"TwentyOneDigits", "500000000000000000000"},
           {"TwoToThe64th", "18446744073709551616"},
           {"TwoToThe63rd", "9223372036854775808"},
           {"LeadingZeros", "005"}}) {
    add("Length" + name, post("Content-Length: " + value + "\r\n", "hello" + kSmuggled), "400");
  }

  next_row(4);  // transfer codings but one chunked
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"LeadingComma", ",chunked"},
                                                        {"Parameter", "chunked;x=1"},
                                                        {"VerticalTab",
                                                         "\x0b"
                                                         "chunked"},
                                                        {"Nul", "chunked\0"s},
                                                        {"NoBreakSpace",
                                                         "\xa0"
                                                         "chunked"},
                                                        {"Twice", "chunked, chunked"},
                                                        {"NotLast", "chunked, gzip"},
                                                        {"Empty", ""},
                                                        {"Quoted", "\"chunked\""}}) {
    add("Coding" + name, post("Transfer-Encoding: " + value + "\r\n", "0\r\n\r\n" + kSmuggled),
        "400");
  }
  add("CodingUnknown", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + kSmuggled), "501");
  add("CodingGzipFirst", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501");
  add("CodingOnTwoLines",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), "400");
  add("CodingInHttp10", "POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400");
  // A service behind CGI or WSGI reads an underscore as a hyphen.
  add("CodingWithUnderscore", post("Transfer_Encoding: chunked\r\n", "0\r\n\r\n" + kSmuggled),
      "400");

  next_row(5);  // white space before the colon
  add("SpaceBeforeColon", post("Content-Length : 5\r\n", "hello"), "400");
  add("SpaceBeforeColonOfCoding", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "400");
  add("TabBeforeColon", post("Content-Length\t: 5\r\n", "hello"), "400");

  next_row(6);  // folded fields
  add("Folded", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n" + kSmuggled), "400");
  add("FoldedTab", post("X: a\r\n\tContent-Length: 5\r\n", "hello"), "400");
  add("FirstLineSpace", "GET / HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n", "400");

  next_row(7);  // line ends but CR LF
  add("LineFeedInRequestLine", "GET / HTTP/1.1\nHost: h\r\n\r\n", "400");
  add("LineFeedInField", "GET / HTTP/1.1\r\nHost: h\n\r\n", "400");
  add("LineFeedOnly", "GET / HTTP/1.1\nHost: h\n\n", "400");
  add("CarriageReturnInField", get("X: a\rContent-Length: 5\r\n"), "400");
  add("TwoCarriageReturns", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "400");
  add("LineFeedAfterChunkSize", chunked("5\nhello\r\n0\r\n\r\n" + kSmuggled), "400");
  add("LineFeedInTrailer", chunked("0\r\nX: y\n\r\n" + kSmuggled), "400");

  next_row(8);  // bytes that no field may have
  add("NulInValue", get("X: a\0b\r\n"s), "400");
  add("DeleteInValue",
      get("X: a\x7f"
          "b\r\n"),
      "400");
  add("EscapeInValue", get("X: a\x1b[31m\r\n"), "400");
  add("BackspaceInValue", get("X: a\x08\r\n"), "400");
  add("SpaceInName", get("X Y: a\r\n"), "400");
  add("BracketInName", get("X[Y]: a\r\n"), "400");
  add("Utf8InName", get("X\xc3\xa4: a\r\n"), "400");
  add("EmptyName", get(": x\r\n"), "400");
  add("NoColon", get("nonsense\r\n"), "400");

  next_row(9);  // chunks
  for (const auto& [name, body] : std::vector<std::pair<std::string, std::string>>{
           {"ExtensionLineFeed", "5;\nhello\r\n0\r\n\r\n"},
           {"ExtensionCarriageReturn", "5;a\rX\r\nhello\r\n0\r\n\r\n"},
           {"SpaceAfterSize", "5 \r\nhello\r\n0\r\n\r\n"},
           {"ExtensionBadByte", "5;b@d\r\nhello\r\n0\r\n\r\n"},
           {"HexPrefix", "0x5\r\nhello\r\n0\r\n\r\n"},
           {"Plus", "+5\r\nhello\r\n0\r\n\r\n"},
           {"Minus", "-5\r\nhello\r\n0\r\n\r\n"},
           {"Underscore", "5_0\r\nhello\r\n0\r\n\r\n"},
           {"EmptySize", "\r\nhello\r\n0\r\n\r\n"},
           {"SeventeenDigits", "00000000000000005\r\nhello\r\n0\r\n\r\n"},
           {"Overflow", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"},
           {"NegativeInSignedNumbers", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"},
           {"AboveATebibyte", "10000000001\r\nhello\r\n0\r\n\r\n"},
           {"LongExtension", "5;x=" + std::string(65536, 'y') + "\r\nhello\r\n0\r\n\r\n"}}) {
    add("Chunk" + name, chunked(body + kSmuggled), "400");
  }
  // The good beginning of such a body may have gone ahead; a whole message never arrives.
  add("ChunkLongerThanSize", chunked("3\r\nhello\r\n0\r\n\r\n" + kSmuggled), "400");
  add("ChunkShorterThanSize", chunked("6\r\nhello\r\n0\r\n\r\n" + kSmuggled), "400");
  add("LineFeedAfterData", chunked("5\r\nhello\n0\r\n\r\n" + kSmuggled), "400");
  add("BadSecondChunk", chunked("5\r\nhello\r\nxyz\r\n\r\n" + kSmuggled), "400");

  next_row(10);  // trailers that would be fields
  add("ForbiddenTrailersAreDropped",
      chunked("5\r\nhello\r\n0\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
              "Host: evil\r\nAuthorization: Basic x\r\nContent_Length: 1\r\nX-Fine: 1\r\n\r\n" +
              kLast),
      "200 200", {"POST /p|hello|X-Fine: 1", "GET /last|"});

  next_row(11);  // bodies where none is expected
  for (const std::string method : {"GET", "HEAD", "OPTIONS", "DELETE"}) {
    add("BodyOf" + method,
        method + " /b HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kSmuggled.size()) +
            "\r\n\r\n" + kSmuggled + kLast,
        "200 200", {method + " /b|" + kSmuggled, "GET /last|"});
    add("ChunkedBodyOf" + method,
        method +
            " /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
            "0\r\n\r\n" +
            kLast,
        "200 200", {method + " /b|abc", "GET /last|"});
  }

  next_row(12);  // expectations
  add("UnknownExpectation", post("Expect: y\r\nContent-Length: 5\r\n", "hello" + kSmuggled), "417");
  add("ObfuscatedExpectation",
      post("Expect: 100-continue, x\r\nContent-Length: 5\r\n", "hello" + kSmuggled), "417");
  add("ExpectationTwice",
      post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
      "417");
  add("ExpectationWithSpaces",
      post("Expect:  100-continue \r\nContent-Length: 5\r\n", "hello" + kLast), "200 200",
      {"POST /p|hello", "GET /last|"});
  add("ExpectationWithoutBody", post("Expect: 100-continue\r\nContent-Length: 0\r\n", kLast),
      "200 200", {"POST /p|", "GET /last|"});

  next_row(13);  // changes of protocol
  add("UpgradeWithBody",
      post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello" + kLast),
      "200 200", {"POST /p|hello", "GET /last|"});
  add("H2cUpgrade",
      get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n") +
          kLast,
      "200 200", {"GET /g|", "GET /last|"});
  add("Connect", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n" + kSmuggled, "501");
  add("H2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400");

  next_row(14);  // fields named by Connection
  add("ConnectionNamesHost", get("Connection: close, Host\r\n"), "400");
  add("ConnectionNamesLength", post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"),
      "400");
  add("ConnectionNamesCoding",
      post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400");
  for (const std::string name : {"X_Forwarded_For", "Understudy_Shadow", "Proxy_Authorization"}) {
    add("Underscores in " + name, get(name + ": 1\r\n"), "400");
  }
  add("UnderscoresOfAnApplication", get("user_id: 1\r\nConnection: close\r\n"), "200", {"GET /g|"});
  add("ConnectionWithoutEnd", get("Connection: " + std::string(2000, ',') + "a,b,c\r\n") + kLast,
      "200 200", {"GET /g|", "GET /last|"});

  next_row(15);  // Host
  add("HostMissing", "GET / HTTP/1.1\r\n\r\n", "400");
  add("HostTwice", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"Space", "a b"},
                                                        {"User", "a@b"},
                                                        {"Port", "a:99999"},
                                                        {"List", "a, b"},
                                                        {"Path", "a/b"},
                                                        {"Backslash", "a\\b"},
                                                        {"PortText", "a:80x"},
                                                        {"Nothing", ""},
                                                        {"Escape", "a%00"},
                                                        {"EmptyLabel", "a..b"},
                                                        {"ShortAddress", "127.1"},
                                                        {"Brackets", "[::1"}}) {
    add("HostWith" + name, "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n", "400");
  }

  next_row(16);  // targets
  for (const std::string path :
       {"//x", "/a/../b", "/%2e%2e/", "/a;x/../", "/%00", "/\\", "/a#b", "/\xc3\xa4\xff", "/?",
        "/?a=b?c", "/%", "/a%2", "/%7e~", "/./", "/a//b/", "/:80", "/@", "/\"<>{}|^`"}) {
    add("Target " + path, target(path), "200", {"GET " + path + "|"});
  }
  add("OptionsStar", "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200",
      {"OPTIONS *|"});
  add("StarForGet", target("*"), "400");
  add("TargetSpace", target("/a b"), "400");
  add("TargetNul", target("/a\0b"s), "400");
  add("TargetTab", target("/a\tb"), "400");
  add("TargetDelete", target("/a\x7f"), "400");
  add("TargetRelative", target("a"), "400");
  add("TargetOtherScheme", target("ftp://h/"), "400");
  add("Target64KiB", target("/" + std::string(65536, 'a')), "414");

  next_row(17);  // versions and methods
  for (const auto& [name, version, status] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"12", "HTTP/1.2", "505"},
           {"110", "HTTP/1.10", "400"},
           {"20", "HTTP/2.0", "505"},
           {"09", "HTTP/0.9", "505"},
           {"Junk", "HTTP/1.1 x", "400"},
           {"Lowercase", "http/1.1", "400"},
           {"None", "", "400"}}) {
    add("Version" + name, "GET / " + version + "\r\nHost: h\r\n\r\n", status);
  }
  add("Http09", "GET /\r\n", "400");
  add("MethodLowercase", "get /m HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200",
      {"get /m|"});
  add("MethodSlash", "G/T / HTTP/1.1\r\nHost: h\r\n\r\n", "400");
  add("Method1MiB", std::string(1 << 20, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n", "501");

  next_row(18);  // heads without end
  add("Header1MiB", get("X: " + std::string(1 << 20, 'x') + "\r\n"), "431");
  add("NameOf1MiB", get(std::string(1 << 20, 'x') + ": y\r\n"), "431");
  {
    std::string fields;
    for (int i = 0; i < 10'000; ++i) fields += "X" + std::to_string(i) + ": y\r\n";
    add("TenThousandHeaders", get(fields), "431");
    fields.clear();
    for (int i = 0; i < 100'000; ++i) fields += "a:\r\n";
    add("HundredThousandTinyHeaders", get(fields), "431");
  }
  add("HeaderWithoutEnd", "GET / HTTP/1.1\r\nX: " + std::string(8 << 20, 'x'), "431");
  add("ManySmallHeaders", get([] {
        std::string fields;
        for (int i = 0; i < 200; ++i) fields += "a:\r\n";
        return fields;
      }()),
      "431");
  add("TrailersWithoutEnd", chunked("0\r\nX: " + std::string(1 << 20, 'x')), "400");

  next_row(19);  // empty lines before a request
  add("OneEmptyLine", "\r\n" + kLast, "200", {"GET /last|"});
  add(
      "ThousandEmptyLines",
      [] {
        std::string lines;
        for (int i = 0; i < 1000; ++i) lines += "\r\n";
        return lines;
      }() +
          kLast,
      "400");

  next_row(20);  // pipelines
  {
    std::string hundred;
    std::string statuses;
    std::vector<std::string> arrived;
    for (int i = 0; i < 99; ++i) {
      hundred += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
      statuses += "200 ";
      arrived.push_back("GET /" + std::to_string(i) + "|");
    }
    arrived.push_back("GET /last|");
    add("PipelineOfAHundred", hundred + kLast, statuses + "200", arrived);
    add("PipelineWithAnAttackInIt",
        kSmuggled + post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello") + kLast, "200 400",
        {"GET /smuggled|"});
    add("NothingAfterClose", kLast + kSmuggled, "200", {"GET /last|"});
  }
  return all;
}

class RequestAttack : public proxy::testing::ProxyFixture,
                      public ::testing::WithParamInterface<int> {
 protected:
  /// The final answers in a stream.
  static std::string statuses_in(const std::string& stream) {
    std::string statuses;
    size_t at = 0;
    while ((at = stream.find("HTTP/1.1 ", at)) != std::string::npos) {
      const std::string status = stream.substr(at + 9, 3);
      at += 9;
      if (status == "100") continue;
      if (!statuses.empty()) statuses += ' ';
      statuses += status;
    }
    return statuses;
  }
  enum class Cut { kWhole, kByteByByte };
  void each_attack(Mode mode, Cut cut) {
    int tried = 0;
    for (const Attack& one : attacks()) {
      if (one.row != GetParam()) continue;
      if (cut == Cut::kByteByByte && one.bytes.size() > kCutBytesMax) continue;
      SCOPED_TRACE(one.name);
      attack(one, mode, cut);
      ++tried;
    }
    EXPECT_GT(tried, 0);
  }

 private:
  static constexpr size_t kCutBytesMax = 16 * 1024;

  void attack(const Attack& attack, Mode mode, Cut cut) {
    Service control([](Socket& socket, const Request& request) {
      const bool head = request.line().starts_with("HEAD ");
      socket.send(head ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : answer(200, "ok"));
    });
    Service candidate([](Socket& socket, const Request&) { socket.send(answer(200, "ok")); });
    start(mode, control.port(), candidate.port(), "routes: [{name: all, safe_to_repeat: true}]\n");
    {
      const Socket socket = client();
      // A refusal may come, and the rest be thrown away, long before everything is sent.
      std::thread sender([&] {
        if (cut == Cut::kWhole) return void(socket.send(attack.bytes));
        for (const char byte : attack.bytes) {
          if (!socket.send({&byte, 1})) return;
        }
      });
      const Received received = socket.receive_to_end();
      socket.hang_up();
      sender.join();
      EXPECT_EQ(statuses_in(received.bytes), attack.statuses) << received.bytes.substr(0, 2000);
      EXPECT_NE(received.end, Received::End::kSilence) << "the connection is left open";
    }
    const std::string whole = ProxyFixture::get("/sentinel");
    EXPECT_EQ(body_of(whole), "ok") << "the proxy still serves";
    for (Service* service : {&control, &candidate}) {
      if (service == &candidate && mode == Mode::kControlOnly) continue;
      std::vector<std::string> arrived;
      for (const Request& request : service->requests(attack.arrived.size() + 1)) {
        EXPECT_EQ(request.field("Host"), "h") << request.head;
        EXPECT_EQ(request.field("Connection"), "") << request.head;
        for (const char* name : {"Upgrade", "HTTP2-Settings", "Expect", "Keep-Alive", "Trailer"}) {
          EXPECT_EQ(request.field(name), "") << request.head;
        }
        const bool both =
            request.field("Content-Length") != "" && request.field("Transfer-Encoding") != "";
        EXPECT_FALSE(both) << request.head;
        if (request.target() == "/sentinel") continue;
        const std::string line = request.line();
        const std::string trailers = request.trailers();
        arrived.push_back(base::cat(line.substr(0, line.rfind(' ')), "|", request.content(),
                                    trailers.empty() ? "" : "|", trailers));
      }
      // Requests of one client are sent one after the other; copies of them need not be.
      if (service == &candidate) std::sort(arrived.begin(), arrived.end());
      std::vector<std::string> expected = attack.arrived;
      if (service == &candidate) std::sort(expected.begin(), expected.end());
      EXPECT_EQ(arrived, expected);
    }
    EXPECT_TRUE(stop());
    EXPECT_EQ(books_->requests(), books_->settled());
  }
};

TEST_P(RequestAttack, GetsItsAnswerAndNothingElseArrives) {
  each_attack(Mode::kControlOnly, Cut::kWhole);
}

TEST_P(RequestAttack, IsNotReadInAnotherWayByTheShadow) {
  each_attack(Mode::kFullEvaluation, Cut::kWhole);
}

TEST_P(RequestAttack, DoesNotDependOnHowItsBytesAreCut) {
  each_attack(Mode::kControlOnly, Cut::kByteByByte);
}

INSTANTIATE_TEST_SUITE_P(Row, RequestAttack, ::testing::Range(1, 21));

}  // namespace
}  // namespace understudy
