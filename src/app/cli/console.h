#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace understudy::app {

/// Where a command writes, and what it may assume of it.
struct Console {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> error;
  bool colours = false;
  size_t width = 80;                          // of the terminal, in characters
  std::string user = "cli";                   // who changes flags
  std::string url = "http://127.0.0.1:8081";  // of the server, unless --url says otherwise
  std::string key;                            // for its API; empty: none is sent

  enum class Colour { kGood, kBad, kUncertain, kFaint };
  /// `text` in that colour, or as it is.
  std::string coloured(Colour colour, std::string_view text) const;
  /// One line on the error side: "understudy: what".
  void complain(std::string_view what) const;
};

/// The process's own: colours only on a terminal and without NO_COLOR, UNDERSTUDY_URL,
/// UNDERSTUDY_KEY, USER.
Console process_console();

}  // namespace understudy::app
