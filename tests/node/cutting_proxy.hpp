// SPDX-License-Identifier: Apache-2.0
#pragma once

// CuttingProxy: stands between two ends, at an address of its own, and passes bytes on both ways
// until it is told to cut: then all connections end after so many bytes more, wherever in a frame
// that is. Over unix, tcp, tls and ZeroMQ (whose bytes it does not understand), by a thread of its
// own.

#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/address.hpp"

#include <atomic>
#include <cstddef>
#include <list>
#include <thread>

namespace troupe::node_test {

class CuttingProxy final {
 public:
  // To who listens at `there`, and with such an address itself.
  explicit CuttingProxy(const Address& there);
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy();

  const Address& address() const noexcept { return address_; }
  // Where the next connections are passed on to.
  void cut_after(std::size_t bytes) noexcept { left_.store(static_cast<long>(bytes)); }
  // How often it has cut a connection.
  std::size_t cuts() const noexcept { return cuts_.load(); }

 private:
  struct Passing {
    UniqueFd from;
    UniqueFd to;
  };

  void run();
  void accept_one();
  // False: it has ended, or is to be cut.
  bool pass(int from, int to);

  const Address there_;
  UniqueFd listener_;
  Address address_;
  const UniqueFd stop_;
  std::atomic<long> left_{-1};  // until the cut; negative: none is to come
  std::atomic<std::size_t> cuts_{0};
  std::list<Passing> passing_;  // the thread's
  std::thread thread_;
};

}  // namespace troupe::node_test
