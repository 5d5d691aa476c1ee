// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/inspection_socket.hpp"

#include "troupe/runtime/node/internal/inspection_wire.hpp"
#include "troupe/serialization/codec.hpp"
#include "troupe/transports/private_directory.hpp"
#include "troupe/transports/socket/unix_socket.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

namespace troupe::node {
namespace {

constexpr unsigned kMostRuntimes = 64;  // of a process, that can be seen at once

}  // namespace

Result<std::unique_ptr<InspectionSocket>> InspectionSocket::open(Report report) {
  auto directory = transports::private_directory();
  if (!directory) {
    return directory.error();
  }
  for (unsigned number = 0;; ++number) {
    const std::string path = *directory + "/" + std::string{kInspectionFile} +
                             std::to_string(::getpid()) + "." + std::to_string(number);
    auto listening = transports::listen_at_place(path, "listen at " + path);
    if (listening) {
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR);  // as well: nobody else can enter the directory
      return std::make_unique<InspectionSocket>(*std::move(directory), *std::move(listening),
                                                std::move(report));
    }
    // Another runtime of this process has it; or another container's, where they share a directory.
    if (listening.error() != Code::exists || number + 1 == kMostRuntimes) {
      return listening.error();
    }
  }
}

void InspectionSocket::clean_up() const {
  std::error_code failed;
  for (std::filesystem::directory_iterator at{directory_, failed}, end; !failed && at != end;
       at.increment(failed)) {
    const auto place = place_of(at->path());
    const bool is_dead = place && ::kill(static_cast<pid_t>(place->pid), 0) != 0 && errno == ESRCH;
    if (is_dead) {
      transports::remove_if_stale(place->path);  // it may be alive in another container
    }
  }
}

InspectionSocket::InspectionSocket(std::string directory, transports::UnixListening listening,
                                   Report report)
    : directory_(std::move(directory)),
      listening_(std::move(listening)),
      report_(std::move(report)) {}

InspectionSocket::~InspectionSocket() {
  listening_.release();
}

void InspectionSocket::add_waits(std::vector<pollfd>& waits) const {
  if (clients_.size() < kMostClients && resting_.passed()) {
    waits.push_back({listening_.socket.get(), POLLIN, 0});
  }
  for (const Client& client : clients_) {
    waits.push_back(
        {client.socket.get(), static_cast<short>(client.reply.empty() ? POLLIN : POLLOUT), 0});
  }
}

Deadline InspectionSocket::next() const {
  Deadline first = resting_.passed() ? Deadline{forever} : resting_;
  for (const Client& client : clients_) {
    first = earlier(first, client.until);
  }
  return first;
}

void InspectionSocket::serve() {
  accept();
  std::erase_if(clients_, [this](Client& client) { return !advance(client); });
}

void InspectionSocket::accept() {
  while (clients_.size() < kMostClients) {
    UniqueFd peer{
        ::accept4(listening_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!peer) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        resting_ = Deadline{std::chrono::seconds{1}};
      }
      return;
    }
    if (transports::is_same_user(peer.get())) {
      clients_.push_back({std::move(peer), Deadline{kPatience}, {}, {}, 0});
    }
  }
}

bool InspectionSocket::advance(Client& client) const {
  if (client.until.passed()) {
    return false;
  }
  return client.reply.empty() ? read(client) && (client.reply.empty() || write(client))
                              : write(client);
}

bool InspectionSocket::read(Client& client) const {
  std::array<char, kLongestRequest> piece;
  const ssize_t count = ::recv(client.socket.get(), piece.data(),
                               kLongestRequest - client.request.size(), MSG_DONTWAIT);
  if (count <= 0) {
    return count < 0 && (errno == EAGAIN || errno == EINTR);
  }
  client.request.append(piece.data(), static_cast<std::size_t>(count));
  const std::size_t end = client.request.find('\n');
  if (end == std::string::npos) {
    return client.request.size() < kLongestRequest &&
           kInspectionGreeting.starts_with(
               std::string_view{client.request}.substr(0, kInspectionGreeting.size()));
  }
  try {
    client.reply = reply_to(std::string_view{client.request}.substr(0, end));
  } catch (const std::exception&) {
    return false;  // no memory for it
  }
  client.until = Deadline{kPatience};
  return !client.reply.empty();
}

bool InspectionSocket::write(Client& client) const {
  while (client.sent < client.reply.size()) {
    const ssize_t sent = ::send(client.socket.get(), client.reply.data() + client.sent,
                                client.reply.size() - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    client.sent += static_cast<std::size_t>(sent);
  }
  return false;
}

Bytes InspectionSocket::reply_to(std::string_view request) const {
  InspectionReply reply;
  if (!request.starts_with(kInspectionGreeting)) {
    return {};
  }
  request.remove_prefix(kInspectionGreeting.size());
  if (request == name_of(Detail::summary)) {
    reply.report = report_(Detail::summary);
  } else if (request == name_of(Detail::actors)) {
    reply.report = report_(Detail::actors);
  } else {
    reply.error = "there is no request \"" + std::string{request} + "\"; it is of another version";
  }
  Encoded encoded;
  if (!encode(encoded, reply)) {
    return {};
  }
  return encoded.joined();
}

}  // namespace troupe::node
