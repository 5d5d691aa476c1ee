// SPDX-License-Identifier: Apache-2.0
#pragma once

// RemoteNode: another process with a runtime that listens, for measuring what goes over a link.

#include "fresh_process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <functional>
#include <optional>
#include <string>

namespace bench {

// How the two are linked.
struct Over {
  std::string scheme;  // shm, unix, tcp, tls

  std::string listen_at() const;
  // As listen_at() became, with shared memory only where that is what is measured.
  std::string dial(const std::string& address) const;
  troupe::ConnectOptions listener() const;
  troupe::ConnectOptions client() const;
};

troupe::RuntimeOptions one_worker();

// Made before the process has a Runtime, or threads.
class RemoteNode final {
 public:
  // `offer` says what the node offers; it is called there.
  RemoteNode(Over over, std::function<void(troupe::Runtime& runtime)> offer);

  // Linked from that runtime.
  troupe::Node link(troupe::Runtime& runtime) const;
  // Kills the process; another one listens at the same address.
  void restart();

 private:
  void start(const std::string& at);

  const Over over_;
  const std::function<void(troupe::Runtime& runtime)> offer_;
  std::optional<FoundPartner> process_;
};

}  // namespace bench
