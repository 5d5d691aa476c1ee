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

FifoFile::FifoFile(FifoFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

FifoFile& FifoFile::operator=(FifoFile&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

void FifoFile::remove() noexcept {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
    path_.clear();
  }
}

Result<FifoFile> claim_fifo(const std::string& path, const std::string& doing) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd lock{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (lock) {
    ::flock(lock.get(), LOCK_EX);  // two listeners must not both find it unused
  }
  if (::mkfifo(path.c_str(), S_IRUSR | S_IWUSR) != 0 && errno != EEXIST) {
    switch (errno) {
      case ENOENT:
        return Error{Code::not_found, doing + ": the directory does not exist"};
      case EACCES:
      case EPERM:
      case EROFS:
        return Error{Code::refused, doing + ": permission denied: " + errno_text(errno)};
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
  const UniqueFd reader_is_there{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
  if (reader_is_there) {
    return Error{Code::exists, doing + ": the address is in use; another program reads from it"};
  }
  if (errno != ENXIO) {
    return errno == EACCES ? Error{Code::refused, doing + ": permission denied"}
                           : Error::system(doing, errno);
  }
  return FifoFile::adopt(path);
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
