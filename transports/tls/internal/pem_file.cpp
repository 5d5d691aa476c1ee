// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/pem_file.hpp"

#include "troupe/transports/key_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

namespace troupe::transports {
namespace {

// The file's bytes, as OpenSSL reads them.
std::unique_ptr<BIO, void (*)(BIO*)> reader_of(const KeyFile& file) {
  return {BIO_new_mem_buf(file.bytes().data(), static_cast<int>(file.bytes().size())),
          [](BIO* bio) { BIO_free(bio); }};
}

// OpenSSL would ask at the terminal.
int no_passphrase(char* /*place*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

void PemFile::Free::operator()(x509_st* certificate) const noexcept {
  X509_free(certificate);
}

void PemFile::Free::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

Result<std::vector<PemFile::Certificate>> PemFile::certificates(const std::filesystem::path& path,
                                                                const std::string& doing) {
  const auto file = KeyFile::read(path, doing);
  if (!file) {
    return file.error();
  }
  const auto reader = reader_of(*file);
  std::vector<Certificate> found;
  bool asked = false;
  while (Certificate next{PEM_read_bio_X509_AUX(reader.get(), nullptr, no_passphrase, &asked)}) {
    found.push_back(std::move(next));
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (found.empty() || !at_end) {
    return Error{Code::invalid_argument,
                 doing + (at_end ? ": there is none in it" : ": one in it is damaged") +
                     "; it must be in PEM form (-----BEGIN CERTIFICATE-----)"};
  }
  return found;
}

Result<PemFile::Key> PemFile::private_key(const std::filesystem::path& path,
                                          const std::string& doing) {
  const auto file = KeyFile::read(path, doing);
  if (!file) {
    return file.error();
  }
  if (auto kept = file->expect_private(doing); !kept) {
    return kept.error();
  }
  const auto reader = reader_of(*file);
  bool asked = false;
  Key key{PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, &asked)};
  ERR_clear_error();
  if (key != nullptr) {
    return key;
  }
  return Error{Code::invalid_argument,
               doing + (asked ? ": it has a passphrase; take it off (openssl pkey -in … -out …) "
                                "and protect the file by its permissions"
                              : ": there is none in it; it must be in PEM form (-----BEGIN "
                                "PRIVATE KEY-----)")};
}

}  // namespace troupe::transports
