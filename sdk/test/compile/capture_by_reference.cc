// Must not compile: as a shadow, a callable may outlive the frame it refers to.
#include <string>

#include "understudy/understudy.h"

std::string by_reference(understudy::Experiment<std::string>& experiment, const std::string& sql) {
  return experiment.run(
      {.bucket_by = sql}, [&] { return sql; }, [&] { return sql; });
}
