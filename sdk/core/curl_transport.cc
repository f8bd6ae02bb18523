#include "core/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "base/text.h"

namespace understudy::sdk {
namespace {

using base::ErrorKind;

constexpr long kRedirectsMax = 3;
constexpr int kPollMs = 1'000;  // only a safety net: bytes and stop requests wake the poll

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

/// One transfer on a handle of its own.
class Transfer {
 public:
  explicit Transfer(const HttpRequest& request)
      : easy_(curl_easy_init()), multi_(curl_multi_init()) {
    if (!easy_ || !multi_) return;
    for (const std::string& header : request.headers) add_header(header.c_str());
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_USERAGENT, "understudy-sdk");
  }

  bool ready() const { return easy_ && multi_; }
  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }
  void add_header(const char* header) {
    if (curl_slist* longer = curl_slist_append(headers_.get(), header)) {
      static_cast<void>(headers_.release());
      headers_.reset(longer);
    }
  }
  int status() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  /// Runs the transfer. CURLE_WRITE_ERROR is left to the caller, who caused it.
  base::Result<CURLcode> perform(std::stop_token stop) {
    set(CURLOPT_HTTPHEADER, headers_.get());
    curl_multi_add_handle(multi_.get(), easy_.get());
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    int running = 1;
    while (true) {
      const CURLMcode code = curl_multi_perform(multi_.get(), &running);
      if (code != CURLM_OK)
        return ended(base::error(ErrorKind::kInternal, curl_multi_strerror(code)));
      if (running == 0) break;
      if (stop.stop_requested()) return ended(base::error(ErrorKind::kCancelled, "stopped"));
      curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    const CURLcode code = message != nullptr ? message->data.result : CURLE_RECV_ERROR;
    curl_multi_remove_handle(multi_.get(), easy_.get());
    return code;
  }

  base::Error failure(CURLcode code) const {
    return base::error(
        code == CURLE_OPERATION_TIMEDOUT ? ErrorKind::kTimeout : ErrorKind::kUnavailable,
        error_[0] != '\0' ? error_ : curl_easy_strerror(code));
  }

 private:
  base::Error ended(base::Error error) {
    curl_multi_remove_handle(multi_.get(), easy_.get());
    return error;
  }

  List headers_;
  Easy easy_;
  Multi multi_;
  char error_[CURL_ERROR_SIZE] = {};
};

struct PostState {
  HttpAnswer answer;
  size_t bytes_max = 0;
};

size_t take_post_bytes(char* bytes, size_t, size_t count, void* context) {
  auto& state = *static_cast<PostState*>(context);
  if (count > state.bytes_max - state.answer.body.size()) return 0;
  state.answer.body.append(bytes, count);
  return count;
}

size_t take_post_header(char* bytes, size_t, size_t count, void* context) {
  constexpr std::string_view kName = "retry-after:";
  const std::string_view line(bytes, count);
  if (line.size() > kName.size() && base::equals_ignore_case(line.substr(0, kName.size()), kName)) {
    static_cast<PostState*>(context)->answer.retry_after = base::trim(line.substr(kName.size()));
  }
  return count;
}

struct StreamState {
  Transfer* transfer;
  StreamSink* sink;
  bool told_status = false;
  bool ended_by_sink = false;

  bool tell_status() {
    told_status = true;
    if (!sink->on_status(transfer->status())) ended_by_sink = true;
    return !ended_by_sink;
  }
};

size_t take_stream_bytes(char* bytes, size_t, size_t count, void* context) {
  auto& state = *static_cast<StreamState*>(context);
  if (!state.told_status && !state.tell_status()) return 0;
  if (!state.sink->on_bytes({bytes, count})) {
    state.ended_by_sink = true;
    return 0;
  }
  return count;
}

}  // namespace

CurlTransport::CurlTransport() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

base::Result<HttpAnswer> CurlTransport::post(const HttpRequest& request, std::stop_token stop) {
  Transfer transfer(request);
  if (!transfer.ready()) return base::error(ErrorKind::kInternal, "no curl handle");
  PostState state;
  state.bytes_max = request.answer_bytes_max;
  transfer.add_header("expect:");  // a batch is small: asking first costs a round trip
  transfer.set(CURLOPT_POST, 1L);
  transfer.set(CURLOPT_POSTFIELDS, request.body.data());
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  transfer.set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  transfer.set(CURLOPT_WRITEFUNCTION, &take_post_bytes);
  transfer.set(CURLOPT_WRITEDATA, static_cast<void*>(&state));
  transfer.set(CURLOPT_HEADERFUNCTION, &take_post_header);
  transfer.set(CURLOPT_HEADERDATA, static_cast<void*>(&state));
  TRY_ASSIGN(const CURLcode code, transfer.perform(stop));
  if (code != CURLE_OK) return transfer.failure(code);
  state.answer.status = transfer.status();
  return std::move(state.answer);
}

base::Status CurlTransport::stream(const HttpRequest& request, StreamSink& sink,
                                   std::stop_token stop) {
  Transfer transfer(request);
  if (!transfer.ready()) return base::error(ErrorKind::kInternal, "no curl handle");
  StreamState state{&transfer, &sink};
  transfer.set(CURLOPT_FOLLOWLOCATION, 1L);
  transfer.set(CURLOPT_MAXREDIRS, kRedirectsMax);
  transfer.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  const auto idle = std::chrono::duration_cast<std::chrono::seconds>(request.idle_timeout);
  transfer.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  transfer.set(CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(idle.count())));
  transfer.set(CURLOPT_WRITEFUNCTION, &take_stream_bytes);
  transfer.set(CURLOPT_WRITEDATA, static_cast<void*>(&state));
  TRY_ASSIGN(const CURLcode code, transfer.perform(stop));
  if (code == CURLE_OK && !state.told_status) state.tell_status();
  if (code == CURLE_OK || state.ended_by_sink) return base::ok_status();
  return transfer.failure(code);
}

}  // namespace understudy::sdk
