#pragma once

#include <cstddef>
#include <string_view>

namespace flamingo {

/// One file of pages/, as it was when the program was built.
struct Page {
  std::string_view name;
  std::string_view text;
};

extern const Page kPages[];
extern const size_t kPagesCount;

}  // namespace flamingo
