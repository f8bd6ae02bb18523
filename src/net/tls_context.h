#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// OpenSSL's own names, so that its headers stay in the .cc files.
struct ssl_ctx_st;
struct ssl_session_st;

namespace understudy::net {

/// What the TLS connections of one end have in common: whom they trust, who they are, what they
/// speak. TLS 1.2 at least, HTTP/1.1 as the protocol inside (ALPN), no renegotiation, no early
/// data. A client trusts the system's authorities and wants the certificate to carry `server_name`,
/// unless it is told otherwise.
/// Failure: the setters that read files say what is wrong with the file; nothing asks for a
/// passphrase. Lifetime: streams share it. Threads: filled by one, then any number may use it.
/// Cost: files are read by the setters, but for the system's authorities: each is read from its
/// directory when a certificate first needs it.
class TlsContext {
 public:
  enum class Role { kClient, kServer };
  enum class Version { kTls12, kTls13 };

  explicit TlsContext(Role role);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  void set_min_version(Version version);
  /// Whom a client means to reach: sent as SNI unless it is an IP address, and looked for in the
  /// certificate.
  void set_server_name(std::string_view name);
  /// Trusts the authorities of a PEM file in place of the system's.
  base::Status trust_only(const std::string& ca_file);
  /// A client takes any certificate: the connection is private, but from whom is anyone's guess.
  void trust_anyone();
  /// Shows the peer this certificate: PEM, leaf first, then the chain. Its key comes next.
  base::Status present_certificate(const std::string& file);
  /// The key of the certificate: PEM, without a passphrase.
  base::Status present_key(const std::string& file);

  Role role() const { return role_; }
  const std::string& server_name() const { return server_name_; }
  ssl_ctx_st* native() const { return context_; }

 private:
  void trust_system();

  const Role role_;
  ssl_ctx_st* context_;
  std::string server_name_;
};

/// The latest session with one service: the next connection resumes it, which saves both ends most
/// of a handshake. Lifetime: outlives the streams that were given it. Threads: the loop's.
class TlsSession {
 public:
  TlsSession() = default;
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// Takes over the caller's reference; null forgets.
  void keep(ssl_session_st* session);
  /// Null when there is none that can be resumed.
  ssl_session_st* resumable() const;

 private:
  ssl_session_st* session_ = nullptr;
};

}  // namespace understudy::net
