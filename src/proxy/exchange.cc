#include "proxy/exchange.h"

namespace understudy::proxy {
namespace {

constexpr size_t kTextKeptBytesMax = 4096;

void empty(std::string& text) {
  if (text.capacity() > kTextKeptBytesMax) {
    std::string().swap(text);
  } else {
    text.clear();
  }
}

}  // namespace

void SideResult::clear() {
  if (!called) return;  // nothing was written to it
  called = false;
  error = net::StreamError::kNone;
  empty(error_where);
  empty(error_detail);
  status = 0;
  complete = false;
  over_budget = false;
  bound = {};
  start_ns = 0;
  first_byte_ns = 0;
  end_ns = 0;
  body_bytes = 0;
  headers.clear();
  empty(body);
}

void Exchange::clear() {
  migration.reset();
  accounting.reset();
  route = -1;
  mode = flags::Mode::kControlOnly;
  flag_version = 0;
  shadow_wanted = false;
  comparison_wanted = false;
  account = Account::kNotSampled;
  reason = {};
  id_high = 0;
  id_low = 0;
  key_hash = 0;
  key_missing = {};
  unix_ns = 0;
  empty(method);
  empty(target);
  empty(client_address);
  request_body_bytes = 0;
  trace.parent = {};
  empty(trace.tracestate);
  trace.present = false;
  trace.remote = false;
  span_id = {};
  worker = 0;
  served_by = base::Side::kNone;
  served_status = 0;
  served_body_bytes = 0;
  duration_ns = 0;
  client_aborted = false;
  served_complete = false;
  control.clear();
  candidate.clear();
}

}  // namespace understudy::proxy
