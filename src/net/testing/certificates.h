#pragma once

// Certificates made for one test by the openssl command. Header only: not in the product.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/text.h"

namespace understudy::net::testing {

/// A certificate and its key, as PEM files.
struct Identity {
  std::string certificate;
  std::string key;
};

struct CertificateOptions {
  std::string names = "DNS:service.test,IP:127.0.0.1";  // subjectAltName; empty: none
  int days = 2;                                         // below 0: it has expired
};

/// An authority of its own in a folder of its own, which goes with it.
class Certificates {
 public:
  Certificates() {
    std::string pattern = std::filesystem::temp_directory_path() / "understudy-tls-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    authority_ = self_signed("authority", {.names = ""});
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() { std::filesystem::remove_all(folder_); }

  const std::string& folder() const { return folder_; }
  /// The authority's own certificate.
  const std::string& ca_file() const { return authority_.certificate; }

  Identity self_signed(const std::string& name, const CertificateOptions& options = {}) const {
    Identity made = paths(name);
    run(base::cat("req -x509 ", kNewKey, " -keyout ", made.key, " -out ", made.certificate,
                  " -subj /CN=", name, " -days ", options.days, extension(options)));
    return made;
  }
  /// Signed by the authority.
  Identity issued(const std::string& name, const CertificateOptions& options = {}) const {
    Identity made = paths(name);
    const std::string request = base::cat(folder_, "/", name, ".request");
    run(base::cat("req ", kNewKey, " -keyout ", made.key, " -out ", request, " -subj /CN=", name,
                  extension(options)));
    run(base::cat("x509 -req -in ", request, " -CA ", authority_.certificate, " -CAkey ",
                  authority_.key, " -CAcreateserial -copy_extensions copy -days ", options.days,
                  " -out ", made.certificate));
    return made;
  }
  /// The same key under a passphrase.
  std::string encrypted(const Identity& identity) const {
    const std::string path = identity.key + ".encrypted";
    run(base::cat("pkey -in ", identity.key, " -aes256 -passout pass:secret -out ", path));
    return path;
  }
  std::string file(const std::string& name, std::string_view text) const {
    const std::string path = base::cat(folder_, "/", name);
    std::ofstream(path) << text;
    return path;
  }

 private:
  static constexpr std::string_view kNewKey =
      "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

  Identity paths(const std::string& name) const {
    return {base::cat(folder_, "/", name, ".pem"), base::cat(folder_, "/", name, ".key")};
  }
  static std::string extension(const CertificateOptions& options) {
    return options.names.empty() ? "" : base::cat(" -addext subjectAltName=", options.names);
  }
  void run(const std::string& arguments) const {
    const std::string log = base::cat(folder_, "/log");
    const int code = std::system(base::cat("openssl ", arguments, " >", log, " 2>&1").c_str());
    if (code == 0) return;
    std::ifstream text(log);
    const std::string said(std::istreambuf_iterator<char>(text), {});
    std::fprintf(stderr, "openssl %s: %s\n", arguments.c_str(), said.c_str());
    std::abort();  // no test can go on without
  }

  std::string folder_;
  Identity authority_;
};

}  // namespace understudy::net::testing
