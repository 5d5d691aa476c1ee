// SPDX-License-Identifier: Apache-2.0
#pragma once

// A named pipe used directly, as shells use it: one side writes, the other reads, until the last
// writer closes. One thread at a time.

#include "troupe/transports/fifo/fifo_file.hpp"
#include "troupe/transports/transport.hpp"

#include <string>

namespace troupe::transports {

enum class DirectUse : std::uint8_t { read, write };  // what this side does

// Waits for the other side: a writer for a reader, a reader for the first bytes (or for an end).
class DirectFifo final : public Dial {
 public:
  // `end`: the pipe, open already.
  DirectFifo(Address address, std::string path, DirectUse use, ConnectOptions options,
             UniqueFd end = {})
      : address_(std::move(address)),
        path_(std::move(path)),
        use_(use),
        options_(std::move(options)),
        end_(std::move(end)) {}

  Result<std::unique_ptr<FrameConnection>> step() override;
  Readiness readiness() const noexcept override;

 private:
  const Address address_;
  const std::string path_;
  const DirectUse use_;
  const ConnectOptions options_;
  UniqueFd end_;
};

// The side that makes the named pipe and removes it. One peer after the other: the next is accepted
// once the connection before is closed.
Result<std::unique_ptr<FrameListener>> listen_directly(const Address& address,
                                                       const std::string& path, DirectUse use,
                                                       const ConnectOptions& options);

}  // namespace troupe::transports
