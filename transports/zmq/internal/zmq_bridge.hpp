// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqBridge: the thread that waits for the sockets that several connections share. It hands what
// comes to the connections, each of which is then woken alone. One for a transport, from its first
// listener on; costs nothing while nothing comes.

#include "troupe/base/deadline.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/zmq/internal/zmq_context.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe::transports {

class ZmqBridge final {
 public:
  // What the bridge serves.
  class Served {
   public:
    Served() = default;
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;
    virtual ~Served() = default;
    // When to be called again at the latest; and whether for messages as well: while others take
    // those, the bridge would only be woken in vain.
    struct Turn {
      Deadline next;
      bool for_messages = true;
    };
    // Something may have come, or the time has.
    virtual Turn serve() = 0;
    // Descriptors to wait for: that of messages, and another; -1: none.
    virtual std::array<int, 2> news() const noexcept = 0;

   private:
    friend class ZmqBridge;
    std::atomic<bool> nudged_{false};
  };

  // Errors: overloaded (descriptors or threads are short), system.
  static Result<std::shared_ptr<ZmqBridge>> create(std::shared_ptr<ZmqContext> context);
  ZmqBridge(const ZmqBridge&) = delete;
  ZmqBridge& operator=(const ZmqBridge&) = delete;
  ~ZmqBridge();

  Result<void> add(Served& served, const std::string& doing);
  // Once it returns, `served` is not called and will not be.
  void remove(Served& served) noexcept;
  // `served` is to be called soon. From any thread, whatever locks it holds.
  void nudge(Served& served) noexcept;

  const std::shared_ptr<ZmqContext>& context() const noexcept { return context_; }

 private:
  ZmqBridge(std::shared_ptr<ZmqContext> context, UniqueFd set, UniqueFd bell);

  struct Watch {
    Deadline due = Deadline::never();
    bool for_messages = true;
  };

  void run();
  void serve(Served& served, Watch& watch);

  const std::shared_ptr<ZmqContext> context_;
  const UniqueFd set_;
  const UniqueFd bell_;

  std::mutex mutex_;  // held while something is served
  std::map<Served*, Watch> served_;
  bool stopping_ = false;

  std::unique_ptr<std::thread> thread_;  // let go in a forked copy, where it does not run
};

}  // namespace troupe::transports
