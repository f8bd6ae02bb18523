#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/check.h"
#include "base/text.h"
#include "net/tls_stream.h"

namespace understudy::net {
namespace {

/// ALPN's list of protocols: a length and a name, for each.
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// A server's answer to the client's list. Without HTTP/1.1 in it there is nothing to talk about.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_bytes, kHttp11, sizeof kHttp11, offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

/// A key under a passphrase is an error, not a question at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

base::Status readable_file(const std::string& path) {
  std::string why;
  if (access(path.c_str(), R_OK) != 0) {
    why = std::strerror(errno);
  } else if (std::error_code ignored; !std::filesystem::is_regular_file(path, ignored)) {
    why = "it is no file";
  } else {
    return {};
  }
  return base::error(base::ErrorKind::kNotFound, base::cat("cannot read ", path, ": ", why));
}

/// What OpenSSL complained of: the first in its list is the cause of the others.
std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_error());
  std::string copy = text == nullptr ? "unknown reason" : text;
  ERR_clear_error();
  return copy;
}

/// Whether the directory has authorities under the hash of their names, as OpenSSL looks for them.
bool has_hashed_authorities(const char* directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == ".0") return true;
  }
  return false;
}

}  // namespace

TlsContext::TlsContext(Role role)
    : role_(role),
      context_(SSL_CTX_new(role == Role::kClient ? TLS_client_method() : TLS_server_method())) {
  CHECK(context_ != nullptr);
  set_min_version(Version::kTls12);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context_, 1);  // one recv for a record, not one for its header too
  SSL_CTX_set_default_passwd_cb(context_, no_passphrase);
  if (role == Role::kClient) {
    SSL_CTX_set_alpn_protos(context_, kHttp11, sizeof kHttp11);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(context_,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context_, TlsStream::on_new_session);
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(context_),
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    trust_system();
  } else {
    SSL_CTX_set_alpn_select_cb(context_, choose_protocol, nullptr);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);  // clients keep tickets
  }
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

void TlsContext::set_min_version(Version version) {
  SSL_CTX_set_min_proto_version(context_,
                                version == Version::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
}

void TlsContext::set_server_name(std::string_view name) {
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);  // SNI has no root
  server_name_ = name;
  X509_VERIFY_PARAM* wanted = SSL_CTX_get0_param(context_);
  X509_VERIFY_PARAM_set1_host(wanted, nullptr, 0);
  X509_VERIFY_PARAM_set1_ip(wanted, nullptr, 0);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, server_name_.c_str()) == 1) return;
  ERR_clear_error();
  CHECK(X509_VERIFY_PARAM_set1_host(wanted, server_name_.data(), server_name_.size()) == 1);
}

void TlsContext::trust_system() {
  SSL_CTX_set_default_verify_dir(context_);
  const char* directory = std::getenv(X509_get_default_cert_dir_env());
  if (directory == nullptr) directory = X509_get_default_cert_dir();
  // The one large file is read only where it has to be: it costs each side a megabyte.
  if (std::getenv(X509_get_default_cert_file_env()) != nullptr ||
      !has_hashed_authorities(directory)) {
    SSL_CTX_set_default_verify_file(context_);
  }
  ERR_clear_error();
}

base::Status TlsContext::trust_only(const std::string& ca_file) {
  TRY(readable_file(ca_file));
  X509_STORE* store = X509_STORE_new();
  CHECK(store != nullptr);
  if (X509_STORE_load_file(store, ca_file.c_str()) != 1) {
    X509_STORE_free(store);
    return base::invalid(base::cat(ca_file, " has no certificates in PEM: ", reason()));
  }
  SSL_CTX_set_cert_store(context_, store);  // takes it over
  return {};
}

void TlsContext::trust_anyone() { SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr); }

base::Status TlsContext::present_certificate(const std::string& file) {
  TRY(readable_file(file));
  if (SSL_CTX_use_certificate_chain_file(context_, file.c_str()) == 1) return {};
  return base::invalid(base::cat(file, " has no certificate in PEM: ", reason()));
}

base::Status TlsContext::present_key(const std::string& file) {
  TRY(readable_file(file));
  if (SSL_CTX_use_PrivateKey_file(context_, file.c_str(), SSL_FILETYPE_PEM) == 1) return {};
  return base::invalid(
      base::cat(file, " has no key of that certificate in PEM without a passphrase: ", reason()));
}

TlsSession::~TlsSession() { keep(nullptr); }

void TlsSession::keep(ssl_session_st* session) {
  if (session_ != nullptr) SSL_SESSION_free(session_);
  session_ = session;
}

ssl_session_st* TlsSession::resumable() const {
  return session_ != nullptr && SSL_SESSION_is_resumable(session_) == 1 ? session_ : nullptr;
}

}  // namespace understudy::net
