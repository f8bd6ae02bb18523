#include "data/http_client.h"

#include <curl/curl.h>

#include <mutex>

namespace flamingo {
namespace {

struct Received {
  std::string body;
  size_t bytes_max;
  bool too_large = false;
};

size_t receive(char* bytes, size_t, size_t count, void* target) {
  auto& received = *static_cast<Received*>(target);
  if (received.body.size() + count > received.bytes_max) {
    received.too_large = true;
    return 0;
  }
  received.body.append(bytes, count);
  return count;
}

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

Fault fault_of(CURLcode code, const Received& received, const std::string& url) {
  const std::string message = url + ": " + curl_easy_strerror(code);
  if (received.too_large) return {FaultKind::kTooLarge, "AnswerTooLarge", message};
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return {FaultKind::kUnavailable, "ConnectFailed", message};
    case CURLE_OPERATION_TIMEDOUT:
      return {FaultKind::kTimeout, "Timeout", message};
    default:
      return {FaultKind::kUnavailable, "TransferFailed", message};
  }
}

void initialise_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

/// Idle easy handles, each with the connection it last used.
class HttpClient::Handles {
 public:
  explicit Handles(size_t idle_max) : idle_max_(idle_max) { initialise_curl(); }
  ~Handles() {
    for (CURL* handle : idle_) curl_easy_cleanup(handle);
  }

  CURL* take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return curl_easy_init();
    CURL* const handle = idle_.back();
    idle_.pop_back();
    return handle;
  }

  void give_back(CURL* handle) {
    curl_easy_reset(handle);  // keeps the connection
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < idle_max_) {
        idle_.push_back(handle);
        return;
      }
    }
    curl_easy_cleanup(handle);
  }

 private:
  std::mutex mutex_;
  std::vector<CURL*> idle_;
  size_t idle_max_;
};

HttpClient::HttpClient(HttpClientOptions options)
    : options_(options), handles_(std::make_unique<Handles>(options.idle_connections_max)) {}

HttpClient::~HttpClient() = default;

Outcome<HttpAnswer> HttpClient::call(const HttpCall& call, std::chrono::milliseconds timeout) {
  CURL* const handle = handles_->take();
  if (handle == nullptr) return Fault{FaultKind::kInternal, "TransferFailed", "no curl handle"};
  if (timeout.count() <= 0) timeout = options_.timeout;

  Received received{{}, options_.answer_bytes_max};
  HeaderList headers;
  for (const auto& [name, value] : call.headers) headers.add(name + ": " + value);
  headers.add("Expect:");  // no pause before a body

  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
  if (call.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data() ? call.body.data() : "");
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  if (call.sign_with != nullptr) {
    const std::string scope = "aws:amz:" + call.sign_with->region + ":" + call.aws_service;
    const std::string keys = call.sign_with->access_key + ":" + call.sign_with->secret_key;
    curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, scope.c_str());
    curl_easy_setopt(handle, CURLOPT_USERPWD, keys.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.list);

  const CURLcode code = curl_easy_perform(handle);
  HttpAnswer answer;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
  handles_->give_back(handle);
  if (code != CURLE_OK) return fault_of(code, received, call.url);
  answer.body = std::move(received.body);
  return answer;
}

}  // namespace flamingo
