// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/start_request.hpp"

#include "troupe/base/deadline.hpp"
#include "troupe/base/os/pidfd.hpp"
#include "troupe/runtime/process/internal/packet_socket.hpp"
#include "troupe/serialization/codec.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

namespace troupe::process {
namespace {

// What one message says about how its sender fares.
struct Word {
  bool started = false;
  std::int32_t pid = 0;
  std::uint8_t code = 0;  // of the refusal
  std::string what;
};

UniqueFd take_first(std::vector<UniqueFd>& fds, bool present, std::size_t& next) {
  return present && next < fds.size() ? std::move(fds[next++]) : UniqueFd{};
}

Result<void> send_word(int socket, const Word& word, std::span<const int> fds) {
  Encoded encoded;
  if (auto done = encode(encoded, word); !done) return done;
  std::vector<std::span<const std::byte>> pieces;
  encoded.gather(pieces);
  return send_packet(socket, pieces, fds);
}

Reply receive_reply(int socket) {
  auto packet = receive_packet(socket);
  if (!packet) return {Reply::Kind::unheard, {}, packet.error()};
  auto word = decode<Word>({packet->bytes}, kOfTheFamily);
  if (!word) return {Reply::Kind::unheard, {}, word.error()};
  if (word->started && packet->fds.size() == 1) {
    return {Reply::Kind::started, {word->pid, std::move(packet->fds.front())}, {}};
  }
  if (word->pid > 0) {
    siginfo_t ended{};
    while (::waitid(P_PID, static_cast<id_t>(word->pid), &ended, WEXITED | __WALL) != 0 &&
           errno == EINTR) {
    }
  }
  return {Reply::Kind::refused, {}, Error{static_cast<Code>(word->code), word->what}};
}

}  // namespace

Result<void> send_request(int socket, const StartRequest& request, const StartFds& fds,
                          const Encoded& arguments) {
  Encoded encoded;
  if (auto done = encode(encoded, request); !done) return done;
  const std::uint64_t size = encoded.size();
  std::vector<std::span<const std::byte>> pieces{std::as_bytes(std::span{&size, 1})};
  encoded.gather(pieces);
  arguments.gather(pieces);

  std::vector<int> numbers;
  for (const UniqueFd* fd : {&fds.output, &fds.error_output, &fds.status, &fds.directory}) {
    if (*fd) numbers.push_back(fd->get());
  }
  std::ranges::transform(arguments.fds, std::back_inserter(numbers),
                         [](const UniqueFd& fd) { return fd.get(); });
  return send_packet(socket, pieces, numbers);
}

Result<ReceivedRequest> open_request(Packet packet) {
  const Buffer all = Buffer::owning(std::move(packet.bytes));
  std::uint64_t size = 0;
  if (all.size() < sizeof(size)) {
    return Error{Code::malformed, "a start request was cut off"};
  }
  std::memcpy(&size, all.bytes().data(), sizeof(size));
  if (size > all.size() - sizeof(size)) {
    return Error{Code::malformed, "a start request was cut off"};
  }
  auto request = decode<StartRequest>({all.bytes().subspan(sizeof(size), size)}, kOfTheFamily);
  if (!request) return request.error();

  ReceivedRequest received;
  received.request = std::move(*request);
  const std::size_t arguments = sizeof(size) + size;
  received.arguments = all.part(arguments, all.size() - arguments);
  std::size_t next = 0;
  received.fds.output = take_first(packet.fds, received.request.has_output, next);
  received.fds.error_output = take_first(packet.fds, received.request.has_error_output, next);
  received.fds.status = take_first(packet.fds, true, next);
  received.fds.directory = take_first(packet.fds, received.request.changes.directory, next);
  received.argument_fds.assign(
      std::make_move_iterator(packet.fds.begin() + static_cast<std::ptrdiff_t>(next)),
      std::make_move_iterator(packet.fds.end()));
  return received;
}

Result<void> send_started(int socket) {
  auto pidfd = os::open_pidfd(::getpid());
  if (!pidfd) return pidfd.error();
  Word word;
  word.started = true;
  word.pid = ::getpid();
  return send_word(socket, word, std::array{pidfd->get()});
}

Result<void> send_refusal(int socket, const Error& why, pid_t ending) {
  Word word;
  word.pid = ending;
  word.code = static_cast<std::uint8_t>(why.code());
  word.what = why.what();
  return send_word(socket, word, {});
}

Reply await_reply(int socket, int status) {
  std::array<pollfd, 2> either{{{socket, POLLIN, 0}, {status, 0, 0}}};
  const Deadline until{kPatience};
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.left());
    ready = ::poll(either.data(), either.size(), static_cast<int>(left.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    return {Reply::Kind::unheard, {}, Error{Code::timed_out, "it does not answer"}};
  }
  // The child may have answered and ended since.
  if (either[0].revents == 0 && ::poll(either.data(), 1, 0) <= 0) {
    return {Reply::Kind::refused,
            {},
            Error{Code::failed, "the new process ended while it was being set up"}};
  }
  return receive_reply(socket);
}

}  // namespace troupe::process
