// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace troupe {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Result<UniqueFd> UniqueFd::duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    return Error::system("duplicate file descriptor " + std::to_string(fd), errno);
  }
  return UniqueFd{copy};
}

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) {
    const int saved = errno;  // closing must not hide the error that led here
    ::close(std::exchange(fd_, -1));
    errno = saved;
  }
}

}  // namespace troupe
