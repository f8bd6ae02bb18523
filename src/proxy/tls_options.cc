#include "proxy/tls_options.h"

#include "http/url.h"
#include "net/tcp_stream.h"

namespace understudy::proxy {
namespace {

using base::ConfigNode;
using Context = net::TlsContext;

constexpr size_t kServerNameBytesMax = 253;

/// A complaint about a file becomes one about the key that names it.
base::Status at(const ConfigNode& node, const base::Status& status) {
  if (status.ok()) return {};
  return node.error(status.error().context);
}

base::Status parse_server_name(const ConfigNode& node, Context& context) {
  TRY_ASSIGN(const std::string name, node.as_string());
  const bool host_name = http::valid_authority(name) && name.find(':') == std::string::npos &&
                         name.size() <= kServerNameBytesMax;
  if (!host_name && !net::parse_ip_address(name, 0).ok()) {
    return node.error("is neither a host name nor an IP address");
  }
  context.set_server_name(name);
  return {};
}

base::Status parse_min_version(const ConfigNode& node, Context& context) {
  TRY_ASSIGN(const std::string version, node.as_string());
  if (version != "1.2" && version != "1.3") return node.error("is neither 1.2 nor 1.3");
  context.set_min_version(version == "1.3" ? Context::Version::kTls13 : Context::Version::kTls12);
  return {};
}

base::Status parse_trust(const ConfigNode& node, Context& context) {
  const ConfigNode* ca_file = node.find("ca_file");
  if (ca_file != nullptr) {
    TRY_ASSIGN(const std::string path, ca_file->as_string());
    TRY(at(*ca_file, context.trust_only(path)));
  }
  if (const ConfigNode* verify = node.find("verify")) {
    TRY_ASSIGN(const std::string word, verify->as_string());
    if (word != "full" && word != "none") return verify->error("is neither \"full\" nor \"none\"");
    if (word == "none") {
      if (ca_file != nullptr) return verify->error("\"none\" makes ca_file pointless");
      context.trust_anyone();
    }
  }
  return {};
}

base::Status parse_identity(const ConfigNode& certificate, const ConfigNode& key,
                            Context& context) {
  TRY_ASSIGN(const std::string certificate_file, certificate.as_string());
  TRY_ASSIGN(const std::string key_file, key.as_string());
  TRY(at(certificate, context.present_certificate(certificate_file)));
  return at(key, context.present_key(key_file));
}

base::Status parse_client_identity(const ConfigNode& node, Context& context) {
  const ConfigNode* certificate = node.find("client_cert");
  const ConfigNode* key = node.find("client_key");
  if (certificate == nullptr && key == nullptr) return {};
  if (certificate == nullptr) return key->error("needs \"client_cert\"");
  if (key == nullptr) return certificate->error("needs \"client_key\"");
  return parse_identity(*certificate, *key, context);
}

}  // namespace

base::Result<std::shared_ptr<const Context>> parse_tls(const ConfigNode* node,
                                                       const std::string& host) {
  auto context = std::make_shared<Context>(Context::Role::kClient);
  context->set_server_name(host);
  if (node != nullptr) {
    TRY(node->only_keys(
        {"ca_file", "server_name", "verify", "client_cert", "client_key", "min_version"}));
    if (const ConfigNode* name = node->find("server_name")) TRY(parse_server_name(*name, *context));
    if (const ConfigNode* version = node->find("min_version")) {
      TRY(parse_min_version(*version, *context));
    }
    TRY(parse_trust(*node, *context));
    TRY(parse_client_identity(*node, *context));
  }
  return std::shared_ptr<const Context>(std::move(context));
}

base::Result<std::shared_ptr<const Context>> parse_listen_tls(const ConfigNode& node) {
  auto context = std::make_shared<Context>(Context::Role::kServer);
  TRY(node.only_keys({"cert", "key", "min_version"}));
  TRY_ASSIGN(const ConfigNode* certificate, node.require("cert"));
  TRY_ASSIGN(const ConfigNode* key, node.require("key"));
  TRY(parse_identity(*certificate, *key, *context));
  if (const ConfigNode* version = node.find("min_version")) {
    TRY(parse_min_version(*version, *context));
  }
  return std::shared_ptr<const Context>(std::move(context));
}

}  // namespace understudy::proxy
