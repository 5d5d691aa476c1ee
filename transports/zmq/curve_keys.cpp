// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/curve_keys.hpp"

#include "troupe/base/bytes.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/key_file.hpp"

#include <fcntl.h>
#include <link.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace troupe::transports {
namespace {

constexpr std::size_t kLetters = 40;
constexpr std::string_view kZ85 = ".-:+=^!/*?&<>()[]{}@%$#";

// The value in `name = "value"`; empty where there is none.
std::string value_of(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  const std::size_t begin = at == std::string_view::npos ? at : text.find('"', at);
  const std::size_t end = begin == std::string_view::npos ? begin : text.find('"', begin + 1);
  return end == std::string_view::npos ? std::string{}
                                       : std::string{text.substr(begin + 1, end - begin - 1)};
}

Result<void> write_file(const std::string& path, mode_t mode, const std::string& text) {
  const std::string doing = "write " + path;
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!file) {
    return errno == EEXIST   ? Error{Code::exists, doing + ": it is there already"}
           : errno == ENOENT ? Error{Code::not_found, doing + ": there is no such folder"}
           : errno == EACCES ? Error{Code::refused, doing + ": permission denied"}
                             : Error::system(doing, errno);
  }
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  return written == static_cast<ssize_t>(text.size()) ? Result<void>{}
                                                      : Error::system(doing, errno);
}

}  // namespace

bool is_curve_key(std::string_view text) noexcept {
  return text.size() == kLetters && std::ranges::all_of(text, [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                  (letter >= 'A' && letter <= 'Z') || kZ85.find(letter) != std::string_view::npos;
         });
}

Result<CurveKeys> CurveKeys::make() {
  std::array<char, kLetters + 1> public_key{};
  std::array<char, kLetters + 1> secret_key{};
  if (::zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    return Error{Code::refused, "make a key: this libzmq was built without CURVE"};
  }
  return CurveKeys{public_key.data(), secret_key.data()};
}

Result<CurveKeys> CurveKeys::read(const std::filesystem::path& path, bool secret,
                                  const std::string& doing) {
  const std::string reading = doing + ": key file " + path.string();
  const auto file = KeyFile::read(path, reading);
  if (!file) {
    return file.error();
  }
  const std::string_view text = text_of(file->bytes());
  CurveKeys keys{value_of(text, "public-key"), secret ? value_of(text, "secret-key") : ""};
  if (!is_curve_key(keys.public_key)) {
    return Error{Code::invalid_argument,
                 reading + ": it has no line public-key = \"…\"; troupe keygen makes such files"};
  }
  if (secret && !is_curve_key(keys.secret_key)) {
    return Error{Code::invalid_argument,
                 reading + ": it has no line secret-key = \"…\": is it the public half?"};
  }
  if (secret) {
    if (auto kept = file->expect_private(reading); !kept) {
      return kept.error();
    }
  }
  return keys;
}

Result<void> CurveKeys::write(const std::filesystem::path& path) const {
  const std::string known = "    public-key = \"" + public_key + "\"\n";
  const std::string heading = "metadata\ncurve\n" + known;
  if (auto written = write_file(path.string() + ".key_secret", 0600,
                                heading + "    secret-key = \"" + secret_key + "\"\n");
      !written) {
    return written.error();
  }
  return write_file(path.string() + ".key", 0644, heading);
}

bool curve_is_fast() noexcept {
  const auto is_sodium = [](dl_phdr_info* object, std::size_t /*size*/, void* /*data*/) {
    return std::string_view{object->dlpi_name}.find("libsodium") != std::string_view::npos ? 1 : 0;
  };
  return ::dl_iterate_phdr(is_sodium, nullptr) != 0;
}

}  // namespace troupe::transports
