#include "core/sse_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace understudy::sdk {
namespace {

class SseParserTest : public testing::Test {
 protected:
  base::Status feed(std::string_view bytes) { return parser_.feed(bytes); }

  std::vector<std::string> events_;
  SseParser parser_{64, [this](const ServerEvent& event) {
                      events_.push_back(std::string(event.type) + "=" + std::string(event.data));
                      return base::ok_status();
                    }};
};

TEST_F(SseParserTest, AnEventIsTheSameAtEveryByteBoundary) {
  const std::string stream =
      ": hello\n\nevent: put\ndata: {\ndata:  }\nid: 1\nretry: 5\n\r\ndata:x\r\n\r\nevent: "
      "none\n\n";
  const std::vector<std::string> expected = {"put={\n }", "message=x"};
  ASSERT_TRUE(feed(stream).ok());
  EXPECT_EQ(events_, expected);
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    events_.clear();
    parser_.reset();
    ASSERT_TRUE(feed(std::string_view(stream).substr(0, cut)).ok());
    ASSERT_TRUE(feed(std::string_view(stream).substr(cut)).ok());
    EXPECT_EQ(events_, expected) << "cut at " << cut;
  }
}

TEST_F(SseParserTest, AnEventThatIsNotFinishedIsNotDelivered) {
  ASSERT_TRUE(feed("data: half\n").ok());
  EXPECT_TRUE(events_.empty());
}

TEST_F(SseParserTest, ALineOrAnEventAboveTheBoundIsAnError) {
  EXPECT_EQ(feed(std::string(65, 'x')).error().kind, base::ErrorKind::kLimit);
  parser_.reset();
  const std::string line = "data: " + std::string(40, 'x') + "\n";
  ASSERT_TRUE(feed(line).ok());
  EXPECT_EQ(feed(line).error().kind, base::ErrorKind::kLimit);
}

}  // namespace
}  // namespace understudy::sdk
