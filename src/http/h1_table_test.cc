// Golden tables of hostile and legal HTTP/1 streams: src/http/testdata/{requests,responses}.
// One case:
//   == what it is about
//   @limits head_bytes_max=100          (optional; @request HEAD for responses)
//   GET / HTTP/1.1\r\n                  input; line ends of the file do not count, \r \n \t \xHH
//   Host: a\r\n\r\n                     \\ are bytes, \{A*1000} is a repetition
//   --
//   request                             what the codec made of it, `>` the head as forwarded
//   > GET / HTTP/1.1
// Each case is read at once, byte by byte, and cut in two at every place, with the same outcome.
// UPDATE_GOLDEN=1 writes the outcomes into the files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "http/h1_bytes.h"
#include "http/testing/h1_transcript.h"

namespace understudy::http {
namespace {

struct Case {
  std::string heading;  // the lines up to the input, as they stand in the file
  std::string title;
  std::string source;   // the lines of the input, as they stand in the file
  std::string escaped;  // the same in one piece
  std::string input;
  std::string expected;
  Limits limits;
  MethodId request = MethodId::kGet;
};

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const char kind = text.at(++i);
    switch (kind) {
      case 'r':
        bytes += '\r';
        break;
      case 'n':
        bytes += '\n';
        break;
      case 't':
        bytes += '\t';
        break;
      case 'x':
        bytes += static_cast<char>(bytes::hex_value(text.at(i + 1)) * 16 +
                                   bytes::hex_value(text.at(i + 2)));
        i += 2;
        break;
      case '{': {
        const std::size_t end = text.find('}', i);
        const std::size_t star = text.rfind('*', end);
        const std::string unit = unescape(text.substr(i + 1, star - i - 1));
        const int times = std::stoi(std::string(text.substr(star + 1, end - star - 1)));
        for (int n = 0; n < times; ++n) bytes += unit;
        i = end;
        break;
      }
      default:
        bytes += kind;
        break;
    }
  }
  return bytes;
}

void set_limit(Limits& limits, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const std::string name = setting.substr(0, equals);
  const auto value = static_cast<std::size_t>(std::stoull(setting.substr(equals + 1)));
  if (name == "request_line_bytes_max") {
    limits.request_line_bytes_max = value;
  } else if (name == "method_bytes_max") {
    limits.method_bytes_max = value;
  } else if (name == "head_bytes_max") {
    limits.head_bytes_max = value;
  } else if (name == "field_count_max") {
    limits.field_count_max = value;
  } else if (name == "leading_crlf_max") {
    limits.leading_crlf_max = value;
  } else if (name == "chunk_extension_bytes_max") {
    limits.chunk_extension_bytes_max = value;
  } else if (name == "trailer_bytes_max") {
    limits.trailer_bytes_max = value;
  } else if (name == "trailer_count_max") {
    limits.trailer_count_max = value;
  } else if (name == "body_bytes_max") {
    limits.body_bytes_max = value;
  } else {
    ADD_FAILURE() << "unknown limit " << name;
  }
}

/// The comment before the first case, then the cases.
std::pair<std::string, std::vector<Case>> read_table(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string comment, line;
  std::vector<Case> cases;
  bool in_outcome = false;
  while (std::getline(file, line)) {
    if (line.starts_with("== ")) {
      cases.emplace_back();
      cases.back().title = line.substr(3);
      cases.back().heading = line + "\n";
      in_outcome = false;
    } else if (cases.empty()) {
      comment += line + "\n";
    } else if (in_outcome) {
      if (!line.empty()) cases.back().expected += line + "\n";
    } else if (line == "--") {
      in_outcome = true;
    } else if (line.starts_with("@limits ")) {
      cases.back().heading += line + "\n";
      std::istringstream settings(line.substr(8));
      for (std::string setting; settings >> setting;) set_limit(cases.back().limits, setting);
    } else if (line.starts_with("@request ")) {
      cases.back().heading += line + "\n";
      cases.back().request = method_id(line.substr(9));
    } else {
      cases.back().source += line + "\n";
      cases.back().escaped += line;
    }
  }
  for (Case& test : cases) test.input = unescape(test.escaped);
  return {comment, cases};
}

std::vector<std::filesystem::path> tables(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TEST_DATA_DIR) + "/testdata/" + folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string table_name(const ::testing::TestParamInfo<std::filesystem::path>& info) {
  return info.param.stem().string();
}

using Feed = std::function<std::string(const Case&, const std::function<std::size_t()>&)>;

/// `transcript_of` at once is the outcome; every other way to cut the input must give the same.
void check_table(const std::filesystem::path& path, const Feed& transcript_of) {
  auto [comment, cases] = read_table(path);
  ASSERT_FALSE(cases.empty()) << path;
  const bool update = std::getenv("UPDATE_GOLDEN") != nullptr;
  for (Case& test : cases) {
    SCOPED_TRACE(path.filename().string() + ": " + test.title);
    const std::string outcome = transcript_of(test, [&] { return test.input.size(); });
    if (update) {
      test.expected = outcome;
    } else {
      EXPECT_EQ(outcome, test.expected);
    }
    // Long inputs are cut at about 400 places and fed in as many pieces.
    const std::size_t stride = 1 + test.input.size() / 400;
    EXPECT_EQ(transcript_of(test, [&] { return stride; }), outcome) << "in pieces of " << stride;
    for (std::size_t cut = 1; cut < test.input.size(); cut += stride) {
      bool first = true;
      const std::string cut_outcome = transcript_of(
          test, [&] { return std::exchange(first, false) ? cut : test.input.size(); });
      ASSERT_EQ(cut_outcome, outcome) << "cut after byte " << cut;
    }
  }
  if (!update) return;
  std::ofstream file(path);
  file << comment;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    file << cases[i].heading << cases[i].source << "--\n" << cases[i].expected;
    if (i + 1 < cases.size()) file << "\n";
  }
}

class RequestTable : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(RequestTable, GivesTheSameOutcomeHoweverItArrives) {
  check_table(GetParam(), [](const Case& test, const std::function<std::size_t()>& next_size) {
    return testing::request_transcript(test.input, test.limits, next_size);
  });
}

INSTANTIATE_TEST_SUITE_P(Http, RequestTable, ::testing::ValuesIn(tables("requests")), table_name);

class ResponseTable : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(ResponseTable, GivesTheSameOutcomeHoweverItArrives) {
  check_table(GetParam(), [](const Case& test, const std::function<std::size_t()>& next_size) {
    return testing::response_transcript(test.input, test.limits, test.request, next_size);
  });
}

INSTANTIATE_TEST_SUITE_P(Http, ResponseTable, ::testing::ValuesIn(tables("responses")), table_name);

}  // namespace
}  // namespace understudy::http
