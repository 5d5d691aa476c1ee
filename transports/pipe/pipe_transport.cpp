// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/pipe/pipe_transport.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

namespace troupe::transports {
namespace {

struct PipeEnds {
  UniqueFd reader;
  UniqueFd writer;
};

Result<PipeEnds> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error::system("make a pipe", errno);
  }
  return PipeEnds{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

// The descriptor that an option names; empty when the option is absent.
Result<UniqueFd> inherited(const Address& address, std::string_view option, int mode) {
  const auto text = address.option(option);
  if (!text) {
    return UniqueFd{};
  }
  const std::string doing = "open " + address.text();
  int fd = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), fd);
  if (error != std::errc{} || end != text->data() + text->size() || fd < 0) {
    return Error{Code::invalid_argument,
                 doing + ": \"" + std::string{*text} + "\" is no file descriptor"};
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) {
    return Error{Code::invalid_argument,
                 doing + ": file descriptor " + std::to_string(fd) + " is not open"};
  }
  if ((flags & O_ACCMODE) != O_RDWR && (flags & O_ACCMODE) != mode) {
    return Error{Code::invalid_argument, doing + ": file descriptor " + std::to_string(fd) +
                                             " is the other end of its pipe"};
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return UniqueFd{fd};
}

class PipeDial final : public Dial {
 public:
  explicit PipeDial(std::unique_ptr<FrameConnection> connection)
      : connection_(std::move(connection)) {}
  Result<std::unique_ptr<FrameConnection>> step() override { return std::move(connection_); }
  Readiness readiness() const noexcept override { return {}; }

 private:
  std::unique_ptr<FrameConnection> connection_;
};

}  // namespace

std::unique_ptr<FrameConnection> make_pipe_connection(UniqueFd input, UniqueFd output,
                                                      const Address& peer,
                                                      const ConnectOptions& options) {
  const Capabilities capabilities{.duplex = input && output};
  return std::make_unique<StreamConnection>(
      std::make_unique<PipeStream>(std::move(input), std::move(output)),
      StreamConnection::Setup{peer, capabilities, options.framing, options.max_message});
}

Result<std::unique_ptr<FrameConnection>> adopt_pipe(Handover handover) {
  if (!handover.input && !handover.output) {
    return Error{Code::malformed, "continue " + handover.peer + ": its pipe is missing"};
  }
  const Capabilities capabilities{.duplex = handover.input && handover.output};
  auto connection = std::make_unique<StreamConnection>(
      std::make_unique<PipeStream>(std::move(handover.input), std::move(handover.output)),
      StreamConnection::Setup{handover.peer, capabilities, handover.framing, handover.max_message});
  connection->preload(handover.received.bytes());
  return std::unique_ptr<FrameConnection>{std::move(connection)};
}

Capabilities PipeTransport::capabilities() const noexcept {
  return {.duplex = true};
}

Result<std::unique_ptr<Dial>> PipeTransport::dial(const Address& address,
                                                  const ConnectOptions& options) {
  auto input = inherited(address, "in", O_RDONLY);
  if (!input) {
    return input.error();
  }
  auto output = inherited(address, "out", O_WRONLY);
  if (!output) {
    return output.error();
  }
  if (!*input && !*output) {
    return Error{Code::invalid_argument, "open " + address.text() +
                                             ": a pipe has no name; an inherited end is written "
                                             "pipe:?in=FD or pipe:?out=FD"};
  }
  return std::unique_ptr<Dial>{std::make_unique<PipeDial>(
      make_pipe_connection(std::move(*input), std::move(*output), address, options))};
}

Result<std::unique_ptr<FrameListener>> PipeTransport::listen(const Address& address,
                                                             const ConnectOptions& /*options*/) {
  return Error{Code::invalid_argument,
               "listen at " + address.text() +
                   ": an anonymous pipe cannot be found by others; use fifo:/path "
                   "or unix:/path"};
}

Result<ConnectionPair> PipeTransport::pair(const Address& address, Direction direction,
                                           const ConnectOptions& options) {
  const Address peer = address.empty() ? Address{"pipe:"} : address;
  auto there = make_pipe();
  if (!there) {
    return there.error();
  }
  PipeEnds back;
  if (direction == Direction::duplex) {
    auto made = make_pipe();
    if (!made) {
      return made.error();
    }
    back = std::move(*made);
  }
  auto first =
      make_pipe_connection(std::move(there->reader), std::move(back.writer), peer, options);
  auto second =
      make_pipe_connection(std::move(back.reader), std::move(there->writer), peer, options);
  return ConnectionPair{std::move(first), std::move(second)};
}

Result<std::unique_ptr<FrameConnection>> PipeTransport::adopt(Handover handover) {
  return adopt_pipe(std::move(handover));
}

}  // namespace troupe::transports
