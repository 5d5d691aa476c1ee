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
  DirectFifo(Address address, std::string path, DirectUse use, ConnectOptions options)
      : address_(std::move(address)),
        path_(std::move(path)),
        use_(use),
        options_(std::move(options)) {}

  Result<std::unique_ptr<FrameConnection>> step() override;
  Readiness readiness() const noexcept override;

 private:
  const Address address_;
  const std::string path_;
  const DirectUse use_;
  const ConnectOptions options_;
  UniqueFd end_;
};

// The side that makes the named pipe and removes it. One peer after the other: accept again once
// the connection before is closed.
class DirectFifoListener final : public FrameListener {
 public:
  DirectFifoListener(const Address& address, FifoFile file, DirectUse use,
                     const ConnectOptions& options)
      : file_(std::move(file)), address_(address), wait_(address, file_.path(), use, options) {}

  Result<std::unique_ptr<FrameConnection>> try_accept() override { return wait_.step(); }
  Readiness readable() const noexcept override { return wait_.readiness(); }
  const Address& address() const noexcept override { return address_; }

 private:
  const FifoFile file_;
  const Address address_;
  DirectFifo wait_;
};

}  // namespace troupe::transports
