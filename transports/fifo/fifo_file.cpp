// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace troupe::transports {

Result<FifoFile> FifoFile::create(std::string path) {
  if (::mkfifo(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return errno == EEXIST ? Error{Code::exists, "make the named pipe " + path + ": it exists"}
                           : Error::system("make the named pipe " + path, errno);
  }
  return FifoFile{std::move(path)};
}

FifoFile::FifoFile(std::string path) : path_(std::move(path)), owner_(::getpid()) {}

FifoFile::FifoFile(FifoFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), owner_(other.owner_) {}

FifoFile& FifoFile::operator=(FifoFile&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    owner_ = other.owner_;
  }
  return *this;
}

void FifoFile::remove() noexcept {
  if (!path_.empty() && ::getpid() == owner_) {  // a forked copy must not take the name away
    ::unlink(path_.c_str());
  }
  path_.clear();
}

Result<void> ensure_fifo(const std::string& path, const std::string& doing) {
  if (::mkfifo(path.c_str(), S_IRUSR | S_IWUSR) != 0 && errno != EEXIST) {
    switch (errno) {
      case ENOENT:
        return Error{Code::not_found, doing + ": the directory does not exist"};
      case EACCES:
      case EPERM:
      case EROFS:
        return Error{Code::refused, doing + ": permission denied: " + errno_text(errno)};
      case ENAMETOOLONG:
        return Error{Code::invalid_argument,
                     doing + ": the path is too long; choose a shorter one"};
      default:
        return Error::system(doing, errno);
    }
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return Error::system(doing, errno);
  }
  if (!S_ISFIFO(status.st_mode)) {
    return Error{Code::exists, doing + ": there is a file of that name that is no named pipe"};
  }
  return {};
}

Result<UniqueFd> claim_fifo(const std::string& path, int mode, const std::string& doing) {
  for (;;) {
    if (auto there = ensure_fifo(path, doing); !there) {
      return there.error();
    }
    const bool foreign_reader =
        bool{UniqueFd{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)}};
    auto claimed = try_open_fifo(path, mode, doing);
    if (!claimed) {
      return claimed.error();
    }
    if (foreign_reader || (*claimed && ::flock(claimed->get(), LOCK_EX | LOCK_NB) != 0)) {
      return Error{Code::exists, doing + ": the address is in use; another program reads from it"};
    }
    // Its last owner may have removed it just before we had the lock.
    struct stat named {};
    struct stat locked {};
    if (*claimed && ::stat(path.c_str(), &named) == 0 && ::fstat(claimed->get(), &locked) == 0 &&
        named.st_ino == locked.st_ino && named.st_dev == locked.st_dev) {
      return claimed;
    }
  }
}

Result<UniqueFd> try_open_fifo(const std::string& path, int mode, const std::string& doing) {
  UniqueFd end{::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC)};
  if (!end) {
    switch (errno) {
      case ENXIO:
      case ENOENT:
        return UniqueFd{};
      case EACCES:
      case EPERM:
        return Error{Code::refused, doing + ": permission denied"};
      default:
        return Error::system(doing, errno);
    }
  }
  struct stat status {};
  if (::fstat(end.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
    return Error{Code::invalid_argument,
                 doing + ": there is a file of that name that is no named pipe"};
  }
  return end;
}

}  // namespace troupe::transports
