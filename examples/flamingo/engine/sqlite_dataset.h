#pragma once

#include <memory>

#include "engine/dataset.h"

namespace flamingo {

/// Loads the CSV objects of a dataset into SQLite, once, with a covering index for each order of
/// the manifest, and freezes the result: connections read one buffer without locks.
/// Times are milliseconds since 1970. An empty cell is null, but in a string column.
/// A cell that is not of its column's type is a fault of type "MalformedData" with its object and
/// line.
class SqliteLoader final : public DatasetLoader {
 public:
  explicit SqliteLoader(LoadOptions options) : options_(options) {}
  Outcome<std::shared_ptr<Dataset>> load(const Manifest& manifest, ObjectStore& store) override;

 private:
  LoadOptions options_;
};

}  // namespace flamingo
