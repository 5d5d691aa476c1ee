// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/key_file.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace troupe::transports {
namespace {

constexpr std::size_t kMostBytes = 4U << 20U;

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

}  // namespace

KeyFile::~KeyFile() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

Result<KeyFile> KeyFile::read(const std::filesystem::path& path, const std::string& doing) {
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
  KeyFile read;
  read.others_may_ = (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0;
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

Result<void> KeyFile::expect_private(const std::string& doing) const {
  return others_may_ ? Error{Code::refused, doing +
                                                ": others may read or write it; try chmod 600, and "
                                                "a new key if it was so for long"}
                     : Result<void>{};
}

}  // namespace troupe::transports
