// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_direct.hpp"

#include "troupe/transports/pipe/pipe_transport.hpp"

#include <fcntl.h>
#include <poll.h>

namespace troupe::transports {

Result<std::unique_ptr<FrameConnection>> DirectFifo::step() {
  if (!end_) {
    auto opened = try_open_fifo(path_, use_ == DirectUse::read ? O_RDONLY : O_WRONLY,
                                "open " + address_.text());
    if (!opened) {
      return opened.error();
    }
    end_ = std::move(*opened);
    if (!end_) {
      return std::unique_ptr<FrameConnection>{};
    }
  }
  if (use_ == DirectUse::write) {
    return make_pipe_connection({}, std::move(end_), address_, options_);
  }
  // Before the first writer a reader would see an end that is none.
  pollfd item{end_.get(), POLLIN, 0};
  if (::poll(&item, 1, 0) <= 0) {
    return std::unique_ptr<FrameConnection>{};
  }
  return make_pipe_connection(std::move(end_), {}, address_, options_);
}

namespace {

class DirectFifoListener final : public FrameListener {
 public:
  // `end`: the pipe, claimed for reading; empty when this side writes.
  DirectFifoListener(const Address& address, const std::string& path, DirectUse use,
                     const ConnectOptions& options, UniqueFd end)
      : file_(FifoFile::adopt(path)),
        address_(address),
        use_(use),
        options_(options),
        peer_(std::make_unique<DirectFifo>(address, path, use, options, std::move(end))) {}

  Result<std::unique_ptr<FrameConnection>> try_accept() override {
    if (peer_ == nullptr) {
      UniqueFd end;
      if (use_ == DirectUse::read) {
        auto claimed = claim_fifo(file_.path(), O_RDONLY, "accept at " + address_.text());
        if (!claimed) {
          // The connection before still reads.
          return claimed.error() == Code::exists ? Result<std::unique_ptr<FrameConnection>>{nullptr}
                                                 : claimed.error();
        }
        end = std::move(*claimed);
      }
      peer_ = std::make_unique<DirectFifo>(address_, file_.path(), use_, options_, std::move(end));
    }
    auto connection = peer_->step();
    if (connection && *connection != nullptr) {
      peer_.reset();
    }
    return connection;
  }
  Readiness readable() const noexcept override {
    return peer_ != nullptr ? peer_->readiness() : Readiness{};
  }
  const Address& address() const noexcept override { return address_; }

 private:
  const FifoFile file_;
  const Address address_;
  const DirectUse use_;
  const ConnectOptions options_;
  std::unique_ptr<DirectFifo> peer_;  // the next; null until it is asked for
};

}  // namespace

Result<std::unique_ptr<FrameListener>> listen_directly(const Address& address,
                                                       const std::string& path, DirectUse use,
                                                       const ConnectOptions& options) {
  const std::string doing = "listen at " + address.text();
  UniqueFd end;
  if (use == DirectUse::read) {
    auto claimed = claim_fifo(path, O_RDONLY, doing);
    if (!claimed) {
      return claimed.error();
    }
    end = std::move(*claimed);
  } else if (auto there = ensure_fifo(path, doing); !there) {
    return there.error();
  }
  return std::unique_ptr<FrameListener>{
      std::make_unique<DirectFifoListener>(address, path, use, options, std::move(end))};
}

Readiness DirectFifo::readiness() const noexcept {
  return end_ ? Readiness{end_.get(), POLLIN} : Readiness{};
}

}  // namespace troupe::transports
