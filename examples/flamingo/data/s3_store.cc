#include "data/s3_store.h"

#include <openssl/evp.h>

#include <charconv>
#include <optional>

namespace flamingo {
namespace {

/// Percent-encodes as Signature Version 4 wants it: everything but unreserved characters. What is
/// sent is then already in canonical form, which libcurl before 8.3 does not make itself.
std::string encode(std::string_view text, bool keep_slash) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                            c == '~' || (c == '/' && keep_slash);
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

/// The header that S3 wants beside the signature. libcurl makes it from version 8.3 on; before, it
/// takes the hash that it signs from here.
std::string sha256_hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned int i = 0; i < length; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

std::string unescape_xml(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string out;
  for (size_t i = 0; i < text.size();) {
    bool replaced = false;
    for (const auto& [entity, c] : kEntities) {
      if (text.substr(i, entity.size()) == entity) {
        out += c;
        i += entity.size();
        replaced = true;
        break;
      }
    }
    if (!replaced) out += text[i++];
  }
  return out;
}

/// The text of the first element <name> at or after `from`; `from` moves behind it.
std::optional<std::string_view> element(std::string_view xml, std::string_view name, size_t& from) {
  const std::string open = "<" + std::string(name) + ">";
  const std::string close = "</" + std::string(name) + ">";
  const size_t start = xml.find(open, from);
  if (start == std::string_view::npos) return std::nullopt;
  const size_t end = xml.find(close, start);
  if (end == std::string_view::npos) return std::nullopt;
  from = end + close.size();
  return xml.substr(start + open.size(), end - start - open.size());
}

std::optional<std::string> first_element(std::string_view xml, std::string_view name) {
  size_t from = 0;
  const auto text = element(xml, name, from);
  if (!text) return std::nullopt;
  return unescape_xml(*text);
}

FaultKind kind_of(long status) {
  if (status == 404) return FaultKind::kNotFound;
  return status == 503 ? FaultKind::kThrottled : FaultKind::kUnavailable;
}

/// Whether the same request may find a better answer a moment later.
bool may_pass(const Outcome<HttpAnswer>& answer) {
  return answer.ok() ? answer->status >= 500 : answer.fault().kind == FaultKind::kUnavailable;
}

}  // namespace

Outcome<std::string> S3Store::ask(std::string method, std::string_view path_and_query,
                                  std::string_view body) {
  HttpCall call{.method = std::move(method),
                .url = options_.endpoint + "/" + options_.bucket + std::string(path_and_query),
                .headers = {{"x-amz-content-sha256", sha256_hex(body)}},
                .body = body,
                .sign_with = &options_.credentials,
                .aws_service = "s3"};
  if (call.method != "GET") call.headers.emplace_back("Content-Type", "application/octet-stream");
  TRY_OUTCOME(HttpAnswer answer, call_patiently(call));
  if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
  const std::string code =
      first_element(answer.body, "Code").value_or("HTTP" + std::to_string(answer.status));
  const std::string message = call.url + ": " + first_element(answer.body, "Message").value_or("");
  return Fault{kind_of(answer.status), code, message};
}

Outcome<HttpAnswer> S3Store::call_patiently(const HttpCall& call) {
  auto pause = options_.first_pause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    auto answer = http_.call(call);
    if (attempt >= options_.attempts_max || !may_pass(answer)) return answer;
    options_.pause(pause);
  }
}

Outcome<std::string> S3Store::get(std::string_view key) {
  return ask("GET", "/" + encode(key, /*keep_slash=*/true));
}

Done S3Store::put(std::string_view key, std::string_view bytes) {
  TRY_DONE(ask("PUT", "/" + encode(key, /*keep_slash=*/true), bytes));
  return done();
}

Done S3Store::create_bucket() {
  const auto answer = ask("PUT", "");
  if (!answer.ok() && answer.fault().type.rfind("Bucket", 0) != 0) return answer.fault();
  return done();
}

Outcome<std::vector<ObjectInfo>> S3Store::list(std::string_view prefix) {
  std::vector<ObjectInfo> objects;
  std::optional<std::string> continuation;
  do {
    // Parameters in the order of their names, as the signature has them.
    std::string query = "?";
    if (continuation) query += "continuation-token=" + encode(*continuation, false) + "&";
    query += "list-type=2&max-keys=" + std::to_string(options_.page_keys_max) +
             "&prefix=" + encode(prefix, false);
    TRY_OUTCOME(const std::string xml, ask("GET", query));
    size_t from = 0;
    while (const auto contents = element(xml, "Contents", from)) {
      ObjectInfo object;
      object.key = first_element(*contents, "Key").value_or("");
      const std::string size = first_element(*contents, "Size").value_or("0");
      std::from_chars(size.data(), size.data() + size.size(), object.bytes);
      objects.push_back(std::move(object));
      if (objects.size() > kObjectsMax) {
        return Fault{FaultKind::kTooLarge, "TooManyObjects", options_.bucket};
      }
    }
    continuation = first_element(xml, "IsTruncated") == "true"
                       ? first_element(xml, "NextContinuationToken")
                       : std::nullopt;
  } while (continuation);
  return objects;
}

}  // namespace flamingo
