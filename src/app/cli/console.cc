#include "app/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace understudy::app {
namespace {

constexpr size_t kWidthMin = 40;
constexpr size_t kComplaintBytesMax = 4000;

void write_to(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
}

const char* escape(Console::Colour colour) {
  switch (colour) {
    case Console::Colour::kGood:
      return "\x1b[32m";
    case Console::Colour::kBad:
      return "\x1b[31m";
    case Console::Colour::kUncertain:
      return "\x1b[33m";
    case Console::Colour::kFaint:
      return "\x1b[2m";
  }
  return "";
}

std::string variable(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? fallback : value;
}

}  // namespace

std::string Console::coloured(Colour colour, std::string_view text) const {
  return colours ? base::cat(escape(colour), text, "\x1b[0m") : std::string(text);
}

void Console::complain(std::string_view what) const {
  error(base::cat("understudy: ", base::printable(what, kComplaintBytesMax), "\n"));
}

Console process_console() {
  Console console;
  console.out = [](std::string_view text) { write_to(stdout, text); };
  console.error = [](std::string_view text) { write_to(stderr, text); };
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  console.colours = terminal && variable("NO_COLOR", "").empty() && variable("TERM", "") != "dumb";
  winsize size{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= kWidthMin) {
    console.width = size.ws_col;
  }
  console.user = variable("USER", variable("LOGNAME", console.user));
  console.url = variable("UNDERSTUDY_URL", console.url);
  console.key = variable("UNDERSTUDY_KEY", console.key);
  return console;
}

}  // namespace understudy::app
