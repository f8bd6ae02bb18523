// Must compile: the same, with callables that own what they use, or vouch for it.
#include <functional>
#include <string>

#include "understudy/understudy.h"

std::string by_value(understudy::Experiment<std::string>& experiment, const std::string& sql) {
  return experiment.run(
      {.bucket_by = sql}, [sql] { return sql; }, [sql] { return sql; });
}

std::string by_request(understudy::Experiment<std::string>& experiment, const std::string& sql) {
  return experiment.run(
      {.bucket_by = sql}, sql, [](const std::string& text) { return text; },
      [](const std::string& text) { return text; });
}

std::string vouched(understudy::Experiment<std::string>& experiment,
                    const std::function<std::string()>& lives_as_long_as_the_program) {
  return experiment.run({}, understudy::owned([&] { return lives_as_long_as_the_program(); }),
                        [] { return std::string(); });
}
