#pragma once

#include <cstddef>

#include "event/value.h"
#include "flags/value.h"
#include "store/select.h"

namespace understudy::api {

/// One cell; 64-bit integers stay exact.
flags::Value cell_json(const event::Value& value);
/// One row of a table as an object of its cells that are not null; `time` becomes RFC 3339.
flags::Value row_json(const store::ResultTable& table, size_t row);
/// The text of a cell, empty when it holds none.
std::string_view cell_text(const event::Value& value);
/// The whole number nearest to a count, which is a double where samples were weighted.
int64_t cell_count(const event::Value& value);

}  // namespace understudy::api
