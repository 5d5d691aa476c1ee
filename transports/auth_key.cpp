// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/auth_key.hpp"

#include "troupe/base/random.hpp"
#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace troupe {

AuthKey AuthKey::random() {
  std::array<std::byte, 32> secret{};
  fill_random(secret);
  return AuthKey{std::span<const std::byte>{secret}};
}

Result<AuthKey> AuthKey::from_file(const std::filesystem::path& path) {
  constexpr std::size_t kMaxSize = 4096;
  const std::string doing = "read the key file " + path.string();
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    return Error::system(doing, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return Error::system(doing, errno);
  }
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::refused, doing + ": others may read it; try chmod 600"};
  }
  std::array<std::byte, kMaxSize + 1> content{};
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Error::system(doing, errno);
    }
    if (count == 0) {
      break;
    }
    size += static_cast<std::size_t>(count);
  }
  if (size > kMaxSize) {
    return Error{Code::invalid_argument, doing + ": a key has at most 4096 bytes"};
  }
  if (size > 0 && content.at(size - 1) == std::byte{'\n'}) {
    --size;
  }
  if (size == 0) {
    return Error{Code::invalid_argument, doing + ": it is empty"};
  }
  return AuthKey{std::span{content}.first(size)};
}

}  // namespace troupe
