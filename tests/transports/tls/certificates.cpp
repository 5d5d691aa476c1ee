// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/certificates.hpp"

#include "troupe/base/check.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <utility>

namespace troupe::harness {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

File open_new(const std::string& path) {
  File file{std::fopen(path.c_str(), "w"), std::fclose};
  TROUPE_CHECK(file != nullptr);
  return file;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  TROUPE_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer` with its key; by itself where that is null.
X509* make(const std::string& name, const Wish& wish, EVP_PKEY* key, X509* issuer,
           EVP_PKEY* issuer_key) {
  static long serial = 1000;
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.until.count());
  X509_set_pubkey(certificate, key);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes, to OpenSSL
  const auto* letters = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, letters, -1,
                             -1, 0);
  X509* signer = issuer != nullptr ? issuer : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) {
    add_extension(certificate, signer, NID_authority_key_identifier, "keyid");
  }
  if (wish.hosts.empty()) {
    add_extension(certificate, signer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    add_extension(certificate, signer, NID_subject_alt_name, wish.hosts);
  }
  TROUPE_CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
  return certificate;
}

Certificate write(const std::string& directory, const std::string& name, X509* certificate,
                  EVP_PKEY* key) {
  Certificate files{directory + "/" + name + ".pem", directory + "/" + name + ".key"};
  PEM_write_X509(open_new(files.file).get(), certificate);
  PEM_write_PrivateKey(open_new(files.key).get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  ::chmod(files.key.c_str(), S_IRUSR | S_IWUSR);
  return files;
}

}  // namespace

void Authority::Free::operator()(x509_st* certificate) const noexcept {
  X509_free(certificate);
}

void Authority::Free::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

Authority::Authority(std::string directory, std::string name)
    : directory_(std::move(directory)), key_(EVP_EC_gen("P-256")) {
  certificate_.reset(make(name, {.hosts = ""}, key_.get(), nullptr, key_.get()));
  own_ = write(directory_, name, certificate_.get(), key_.get());
}

Authority::~Authority() = default;

Certificate Authority::issue(const std::string& name, const Wish& wish) const {
  const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, Free> certificate{
      make(name, wish, key.get(), certificate_.get(), key_.get())};
  return write(directory_, name, certificate.get(), key.get());
}

Certificate self_signed(const std::string& directory, const std::string& name, const Wish& wish) {
  const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, void (*)(X509*)> certificate{
      make(name, wish, key.get(), nullptr, key.get()), X509_free};
  return write(directory, name, certificate.get(), key.get());
}

std::string with_passphrase(const Certificate& certificate, const std::string& file) {
  const File clear{std::fopen(certificate.key.c_str(), "r"), std::fclose};
  const Key key{PEM_read_PrivateKey(clear.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
  std::string phrase = "a passphrase";
  PEM_write_PrivateKey(open_new(file).get(), key.get(), EVP_aes_256_cbc(), nullptr, 0, nullptr,
                       phrase.data());
  ::chmod(file.c_str(), S_IRUSR | S_IWUSR);
  return file;
}

const TestCertificates& TestCertificates::get() {
  static const TestCertificates made;
  return made;
}

}  // namespace troupe::harness
