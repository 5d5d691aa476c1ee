// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/inspection.hpp"

#include "troupe/base/bytes.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/node/internal/inspection_wire.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/socket/unix_socket.hpp"

#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

namespace troupe::node {
namespace {

constexpr std::size_t kLargestReply = std::size_t{64} << 20;

// The user's directories that a program may have chosen, whatever it had in its environment.
std::vector<std::string> directories() {
  const std::string user = std::to_string(::geteuid());
  std::vector<std::string> all{"/run/user/" + user + "/troupe", "/tmp/troupe-" + user};
  if (auto own = transports::private_directory();
      own && std::ranges::find(all, *own) == all.end()) {
    all.push_back(*std::move(own));
  }
  std::erase_if(all, [](const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
           status.st_uid != ::geteuid();
  });
  return all;
}

template <class Number>
bool read_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

std::string doing(const ProgramPlace& place) {
  return "ask program " + std::to_string(place.pid) + " at " + place.path;
}

// Waits until the socket is ready. Errors: timed_out, system.
Result<void> wait_for(const UniqueFd& socket, short events, const ProgramPlace& place,
                      Deadline until) {
  pollfd item{socket.get(), events, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.left()).count();
    const int ready = ::poll(&item, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
    if (ready > 0) {
      return {};
    }
    if (ready < 0 && errno != EINTR) {
      return Error::system(doing(place), errno);
    }
    if (until.passed()) {
      return Error{Code::timed_out, doing(place) +
                                        ": it does not answer; it may be stopped (fg, or kill "
                                        "-CONT), or the machine may be busy"};
    }
  }
}

Error cannot_connect(const ProgramPlace& place, int os_errno) {
  switch (os_errno) {
    case ENOENT:
    case ECONNREFUSED:
      return {Code::not_found, doing(place) + ": it has ended"};
    case EACCES:
    case EPERM:
      return {Code::refused, doing(place) + ": it belongs to another user"};
    default:
      return Error::system(doing(place), os_errno);
  }
}

Result<UniqueFd> connect_to(const ProgramPlace& place, Deadline until) {
  auto address = transports::unix_address(place.path, doing(place));
  if (!address) {
    return address.error();
  }
  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) {
    return Error::system(doing(place), errno);
  }
  while (::connect(socket.get(), address->get(), address->size) != 0) {
    if (errno != EAGAIN && errno != EINTR) {
      return cannot_connect(place, errno);
    }
    if (until.passed()) {
      return Error{Code::timed_out, doing(place) + ": too many ask it already"};
    }
    constexpr int kAgain = 10;  // ms: a full queue of a Unix socket cannot be waited for
    ::poll(nullptr, 0, kAgain);
  }
  // A program that belongs to somebody else could tell anything.
  if (!transports::is_same_user(socket.get())) {
    return Error{Code::refused, doing(place) + ": it belongs to another user"};
  }
  // A copy that fork() has made may hold the socket of a program that has ended: nobody answers.
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0 &&
      ::kill(peer.pid, 0) != 0 && errno == ESRCH) {
    return Error{Code::not_found, doing(place) + ": it has ended"};
  }
  return socket;
}

Result<void> send_all(const UniqueFd& socket, std::string_view text, const ProgramPlace& place,
                      Deadline until) {
  while (!text.empty()) {
    const ssize_t sent =
        ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return Error{Code::not_found, doing(place) + ": it has just ended"};
    } else if (errno != EAGAIN && errno != EINTR) {
      return Error::system(doing(place), errno);
    } else if (auto waited = wait_for(socket, POLLOUT, place, until); !waited) {
      return waited;
    }
  }
  return {};
}

Result<Bytes> receive_all(const UniqueFd& socket, const ProgramPlace& place, Deadline until) {
  Bytes all;
  std::array<std::byte, std::size_t{64} << 10> piece;
  for (;;) {
    const ssize_t count = ::recv(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count == 0) {
      return all;
    }
    if (count > 0) {
      all.insert(all.end(), piece.begin(), piece.begin() + count);
      if (all.size() > kLargestReply) {
        return Error{Code::malformed, doing(place) + ": the answer has no end"};
      }
    } else if (errno == ECONNRESET) {
      return Error{Code::not_found, doing(place) + ": it has just ended"};
    } else if (errno != EAGAIN && errno != EINTR) {
      return Error::system(doing(place), errno);
    } else if (auto waited = wait_for(socket, POLLIN, place, until); !waited) {
      return waited.error();
    }
  }
}

}  // namespace

std::optional<ProgramPlace> place_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::string_view rest = name;
  ProgramPlace place{.path = path.string()};
  if (!rest.starts_with(kInspectionFile)) {
    return std::nullopt;
  }
  rest.remove_prefix(kInspectionFile.size());
  if (!read_number(rest, place.pid) || !rest.starts_with('.')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  const bool whole = read_number(rest, place.number) && rest.empty();
  return whole && place.pid > 0 ? std::optional{std::move(place)} : std::nullopt;
}

std::vector<ProgramPlace> find_programs() {
  std::vector<ProgramPlace> found;
  for (const std::string& directory : directories()) {
    std::error_code failed;
    for (std::filesystem::directory_iterator at{directory, failed}, end; !failed && at != end;
         at.increment(failed)) {
      auto place = place_of(at->path());
      if (place && !transports::remove_if_stale(place->path)) {
        found.push_back(*std::move(place));
      }
    }
  }
  std::ranges::sort(found, std::less<>{}, [](const ProgramPlace& place) {
    return std::tuple{place.pid, place.number, place.path};
  });
  return found;
}

Result<ProgramReport> ask_program(const ProgramPlace& place, Detail detail, Deadline until) {
  auto socket = connect_to(place, until);
  if (!socket) {
    return socket.error();
  }
  const std::string request =
      std::string{kInspectionGreeting} + std::string{name_of(detail)} + "\n";
  if (auto sent = send_all(*socket, request, place, until); !sent) {
    return sent.error();
  }
  auto bytes = receive_all(*socket, place, until);
  if (!bytes) {
    return bytes.error();
  }
  if (bytes->empty()) {
    return Error{Code::not_found, doing(place) + ": it has just ended"};
  }
  // An older program tells less, a newer one more.
  auto reply = decode<InspectionReply>({*bytes}, {.members = Members::prefix});
  if (!reply) {
    return reply.error().within(doing(place));
  }
  if (!reply->error.empty()) {
    return Error{Code::refused, doing(place) + ": it says: " + reply->error};
  }
  return std::move(reply->report);
}

}  // namespace troupe::node
