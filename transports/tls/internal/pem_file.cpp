// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/pem_file.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace troupe::transports {
namespace {

constexpr std::size_t kMostBytes = 4U << 20U;

enum class Content : std::uint8_t { open, secret };

// A file's bytes, wiped at the end.
class FileBytes final {
 public:
  FileBytes() = default;
  FileBytes(FileBytes&&) noexcept = default;
  FileBytes& operator=(FileBytes&&) = delete;
  ~FileBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  static Result<FileBytes> read(const std::filesystem::path& path, Content content,
                                const std::string& doing);

  std::unique_ptr<BIO, void (*)(BIO*)> reader() const {
    return {BIO_new_mem_buf(bytes_.data(), static_cast<int>(bytes_.size())),
            [](BIO* bio) { BIO_free(bio); }};
  }

 private:
  std::vector<std::byte> bytes_;
};

Error cannot_open(const std::string& doing, int os_errno) {
  switch (os_errno) {
    case ENOENT:
    case ENOTDIR:
      return {Code::not_found, doing + ": there is no such file"};
    case EACCES:
    case EPERM:
      return {Code::refused, doing + ": permission denied; it must be readable by this user"};
    default:
      return Error::system(doing, os_errno);
  }
}

Result<FileBytes> FileBytes::read(const std::filesystem::path& path, Content content,
                                  const std::string& doing) {
  // Without waiting, should it be a named pipe.
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file) {
    return cannot_open(doing, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return Error::system(doing, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{Code::invalid_argument, doing + ": it is no regular file"};
  }
  if (content == Content::secret && (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
    return Error{Code::refused,
                 doing +
                     ": others may read or write it; try chmod 600, and a new key if it was "
                     "so for long"};
  }
  FileBytes read;
  read.bytes_.resize(static_cast<std::size_t>(status.st_size));
  if (read.bytes_.empty() || read.bytes_.size() > kMostBytes) {
    return Error{Code::invalid_argument,
                 doing + (read.bytes_.empty() ? ": it is empty" : ": it has more than 4 MiB")};
  }
  std::size_t size = 0;
  while (size < read.bytes_.size()) {
    const ssize_t count = ::read(file.get(), read.bytes_.data() + size, read.bytes_.size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Error::system(doing, errno);
    }
    if (count == 0) {
      break;  // it has become shorter
    }
    size += static_cast<std::size_t>(count);
  }
  read.bytes_.resize(size);
  return read;
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
  const auto file = FileBytes::read(path, Content::open, doing);
  if (!file) {
    return file.error();
  }
  const auto reader = file->reader();
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
  const auto file = FileBytes::read(path, Content::secret, doing);
  if (!file) {
    return file.error();
  }
  const auto reader = file->reader();
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
