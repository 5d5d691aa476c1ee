// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_transport.hpp"

#include "troupe/base/random.hpp"
#include "troupe/transports/fifo/fifo_direct.hpp"
#include "troupe/transports/fifo/fifo_file.hpp"
#include "troupe/transports/fifo/fifo_rendezvous.hpp"
#include "troupe/transports/pipe/pipe_transport.hpp"
#include "troupe/transports/private_directory.hpp"

#include <fcntl.h>

#include <array>
#include <optional>

namespace troupe::transports {
namespace {

// Which way this side uses the named pipe itself; nothing when peers meet there.
Result<std::optional<DirectUse>> direct_use(const Address& address, Framing framing,
                                            DirectUse usual) {
  const auto option = address.option("direct");
  if (!option) {
    return framing == Framing::python ? std::nullopt : std::optional{usual};
  }
  if (*option == "read") {
    return std::optional{DirectUse::read};
  }
  if (*option == "write") {
    return std::optional{DirectUse::write};
  }
  return Error{Code::invalid_argument,
               address.text() + ": direct is read or write, as this side uses it"};
}

Result<std::string> path_of(const Address& address) {
  if (address.path().empty() || !address.host().empty()) {
    return Error{Code::invalid_argument, address.text() + ": write fifo:/path"};
  }
  return std::string{address.path()};
}

}  // namespace

Result<std::unique_ptr<Dial>> FifoTransport::dial(const Address& address,
                                                  const ConnectOptions& options) {
  auto path = path_of(address);
  if (!path) {
    return path.error();
  }
  const auto use = direct_use(address, options.framing, DirectUse::write);
  if (!use) {
    return use.error();
  }
  if (*use) {
    return std::unique_ptr<Dial>{
        std::make_unique<DirectFifo>(address, std::move(*path), **use, options)};
  }
  return dial_rendezvous(address, std::move(*path), options);
}

Result<std::unique_ptr<FrameListener>> FifoTransport::listen(const Address& address,
                                                             const ConnectOptions& options) {
  auto path = path_of(address);
  if (!path) {
    return path.error();
  }
  const auto use = direct_use(address, options.framing, DirectUse::read);
  if (!use) {
    return use.error();
  }
  return *use ? listen_directly(address, *path, **use, options)
              : listen_rendezvous(address, *path, options);
}

Result<ConnectionPair> FifoTransport::pair(const Address& address, Direction direction,
                                           const ConnectOptions& options) {
  const Address peer = address.empty() ? Address{"fifo:"} : address;
  auto directory = private_directory();
  if (!directory) {
    return directory.error();
  }
  std::array<UniqueFd, 4> ends;  // reader and writer of the way there, then of the way back
  for (std::size_t way = 0; way < (direction == Direction::duplex ? 2U : 1U); ++way) {
    auto file = FifoFile::create(*directory + "/" + Random::system().name(12) + ".fifo");
    if (!file) {
      return file.error();
    }
    for (std::size_t end = 0; end < 2; ++end) {
      auto opened =
          try_open_fifo(file->path(), end == 0 ? O_RDONLY : O_WRONLY, "make a pair of named pipes");
      if (!opened) {
        return opened.error();
      }
      ends.at(2 * way + end) = std::move(*opened);
    }
  }
  return ConnectionPair{
      make_pipe_connection(std::move(ends[0]), std::move(ends[3]), peer, options),
      make_pipe_connection(std::move(ends[2]), std::move(ends[1]), peer, options)};
}

Result<std::unique_ptr<FrameConnection>> FifoTransport::adopt(Handover handover) {
  return adopt_pipe(std::move(handover));
}

}  // namespace troupe::transports
