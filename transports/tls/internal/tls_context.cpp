// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/tls_context.hpp"

#include "troupe/transports/tls/internal/pem_file.hpp"
#include "troupe/transports/tls/internal/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <utility>

namespace troupe::transports {
namespace {

// One read takes several records along; the memory is given back while nothing comes.
constexpr std::size_t kReadAhead = 64U << 10U;

Error out_of_memory(const std::string& doing) {
  ERR_clear_error();
  return {Code::overloaded, doing + ": OpenSSL could not be set up; memory is short"};
}

// An expired certificate would only make each client fail.
Result<void> check_time(const X509* certificate, const std::string& doing) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    return Error{Code::invalid_argument, doing + ": the certificate has expired on " +
                                             date_of(X509_get0_notAfter(certificate)) +
                                             "; make a new one"};
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
    return Error{Code::invalid_argument, doing + ": the certificate is valid only from " +
                                             date_of(X509_get0_notBefore(certificate)) +
                                             " on; is this host's clock right?"};
  }
  return {};
}

Result<void> use_certificate(SSL_CTX* context, const std::filesystem::path& path,
                             const std::string& doing) {
  auto chain = PemFile::certificates(path, doing + ": read the certificate " + path.string());
  if (!chain) {
    return chain.error();
  }
  const std::string using_it = doing + ": use the certificate " + path.string();
  if (auto valid = check_time(chain->front().get(), using_it); !valid) {
    return valid;
  }
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return Error{Code::invalid_argument, using_it + ": " + openssl_text()};
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return Error{Code::invalid_argument, using_it + ": " + openssl_text()};
    }
  }
  return {};
}

Result<void> use_key(SSL_CTX* context, const TlsOptions& options, const std::string& doing) {
  const std::string file = options.private_key.string();
  auto key = PemFile::private_key(options.private_key, doing + ": read the private key " + file);
  if (!key) {
    return key.error();
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return Error{Code::invalid_argument,
                 doing + ": the private key " + file + " does not fit the certificate " +
                     options.certificate.string() +
                     "; name the key that the certificate was made for (the file's first "
                     "certificate counts)"};
  }
  return {};
}

Result<void> use_trust(SSL_CTX* context, const std::filesystem::path& path,
                       const std::string& doing) {
  if (path.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
      return Error{Code::system, doing + ": whom the system trusts: " + openssl_text()};
    }
    return {};
  }
  auto trusted =
      PemFile::certificates(path, doing + ": read the trusted certificates " + path.string());
  if (!trusted) {
    return trusted.error();
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  // One that is named here is believed whoever has signed it: the peer's own may be.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  for (const auto& certificate : *trusted) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1 ||
        SSL_CTX_add_client_CA(context, certificate.get()) != 1) {
      return out_of_memory(doing);
    }
  }
  return {};
}

}  // namespace

// What both sides have in common.
Result<TlsContext> TlsContext::create(const TlsOptions& options, const std::string& doing) {
  std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
    return out_of_memory(doing);
  }
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadAhead);
  // No session is taken up again: a ticket that nobody reads would turn the client's close into a
  // reset, which throws away what it has sent.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);

  if (options.certificate.empty() != options.private_key.empty()) {
    return Error{Code::invalid_argument,
                 doing +
                     ": a certificate and its private key belong together; name both "
                     "(TlsOptions::certificate, TlsOptions::private_key)"};
  }
  if (!options.certificate.empty()) {
    if (auto used = use_certificate(context.get(), options.certificate, doing); !used) {
      return used.error();
    }
    if (auto used = use_key(context.get(), options, doing); !used) {
      return used.error();
    }
  }
  std::string trusts =
      options.trust.empty() ? "those that the system trusts" : "those in " + options.trust.string();
  return TlsContext{std::move(context), std::move(trusts)};
}

Result<TlsContext> TlsContext::for_client(const TlsOptions& options, const std::string& doing) {
  auto made = create(options, doing);
  if (!made) {
    return made;
  }
  if (auto used = use_trust(made->get(), options.trust, doing); !used) {
    return used.error();
  }
  SSL_CTX_set_verify(made->get(), SSL_VERIFY_PEER, note_certificate_failure);
  return made;
}

Result<TlsContext> TlsContext::for_listener(const TlsOptions& options, const std::string& doing) {
  if (options.certificate.empty()) {
    return Error{Code::invalid_argument, doing +
                                             ": it has no certificate to show; name the files in "
                                             "TlsOptions::certificate and TlsOptions::private_key"};
  }
  auto made = create(options, doing);
  if (!made || options.trust.empty()) {
    return made;
  }
  if (auto used = use_trust(made->get(), options.trust, doing); !used) {
    return used.error();
  }
  SSL_CTX_set_verify(made->get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     note_certificate_failure);
  return made;
}

}  // namespace troupe::transports
