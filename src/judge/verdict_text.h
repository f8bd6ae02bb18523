#pragma once

#include <string>

#include "judge/verdict.h"

namespace understudy::judge {

/// How the table is drawn.
struct VerdictTextOptions {
  size_t width_max = 100;  // explanations are wrapped at this column
};

/// The verdict as lines of text for a terminal, one table row per criterion with its explanation
/// below it, no colours, ending in a newline. Pure.
std::string verdict_to_text(const Verdict& verdict, const VerdictTextOptions& options = {});

}  // namespace understudy::judge
