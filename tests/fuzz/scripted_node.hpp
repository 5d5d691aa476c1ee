// SPDX-License-Identifier: Apache-2.0
#pragma once

// ScriptedNode: a node, driven by the target, and a peer that says what a script has, frame for
// frame, and then ends. The node has no threads and no way out: what a peer names is not dialed.

#include "harness/manual_clock.hpp"
#include "troupe/base/check.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/link_frame.hpp"
#include "troupe/runtime/runtime.hpp"
#include "troupe/transports/catalog.hpp"
#include "troupe/transports/transport.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe_fuzz {

using troupe::Bytes;
using troupe::Result;
namespace transports = troupe::transports;

// What the peer says, and what it was told.
struct Script {
  std::deque<Bytes> frames;
  std::vector<Bytes> told;
  bool goes_on = false;  // else what comes after these frames is awaited
  bool closed = false;   // by the node
};

class ScriptedPeer final : public transports::FrameConnection {
 public:
  explicit ScriptedPeer(std::shared_ptr<Script> script)
      : script_(std::move(script)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~ScriptedPeer() override { script_->closed = true; }

  transports::Capabilities capabilities() const noexcept override {
    return {.duplex = true, .many_peers = true, .direct = true};
  }
  const troupe::Address& peer() const noexcept override { return peer_; }

  Result<transports::Progress> try_send(transports::OutgoingFrame& frame, transports::Lane /*lane*/,
                                        transports::When /*when*/) override {
    Bytes whole;
    for (const auto& piece : frame.pieces) {
      whole.insert(whole.end(), piece.begin(), piece.end());
    }
    script_->told.push_back(std::move(whole));
    frame.taken = frame.size;
    return transports::Progress::done;
  }
  void take_over(transports::OutgoingFrame& /*frame*/) override {}
  Result<transports::Progress> try_flush() override { return transports::Progress::done; }
  std::size_t buffered() const noexcept override { return 0; }
  transports::Readiness writable() const noexcept override { return {bell_.get(), POLLOUT}; }

  Result<transports::Progress> try_receive(transports::IncomingFrame& frame,
                                           std::span<std::byte> /*destination*/,
                                           transports::From /*from*/) override {
    frame = {};
    if (script_->frames.empty()) {
      if (script_->goes_on) {
        return transports::Progress::would_block;
      }
      return troupe::Error{troupe::Code::closed, "the script is at its end"};
    }
    frame.storage = troupe::Buffer::owning(std::move(script_->frames.front()));
    script_->frames.pop_front();
    frame.body = frame.storage.bytes();
    return transports::Progress::done;
  }
  void leave_destination() override {}
  void set_receive_limit(std::size_t /*bytes*/) noexcept override {}
  std::span<troupe::UniqueFd> fds() noexcept override { return {}; }
  void drop_fds() noexcept override {}
  bool arm_receive() override {
    if (!script_->frames.empty() || !script_->goes_on) {
      return true;
    }
    std::uint64_t rung = 0;
    (void)!::read(bell_.get(), &rung, sizeof rung);
    return false;
  }
  transports::Readiness readable() const noexcept override { return {bell_.get(), POLLIN}; }

  Result<transports::Handover> hand_over(const transports::IncomingFrame* /*untaken*/) override {
    return troupe::Error{troupe::Code::refused, "a script stays here"};
  }
  void close() noexcept override { script_->closed = true; }

  void ring() const {
    const std::uint64_t one = 1;
    TROUPE_CHECK(::write(bell_.get(), &one, sizeof one) == sizeof one);
  }

 private:
  const std::shared_ptr<Script> script_;
  const troupe::UniqueFd bell_;
  const troupe::Address peer_{"script:peer"};
};

// Gives the peer that is set to who dials `scheme`; nothing, when none is.
class ScriptedTransport final : public transports::Transport {
 public:
  explicit ScriptedTransport(std::string_view scheme) : scheme_(scheme) {}

  void set_next(std::unique_ptr<transports::FrameConnection> peer) { next_ = std::move(peer); }

  std::string_view scheme() const noexcept override { return scheme_; }
  transports::Capabilities capabilities() const noexcept override { return {.duplex = true}; }
  Result<std::unique_ptr<transports::Dial>> dial(
      const troupe::Address& address, const troupe::ConnectOptions& /*options*/) override {
    if (next_ == nullptr) {
      return no(address);
    }
    return std::unique_ptr<transports::Dial>{std::make_unique<Dialed>(std::move(next_))};
  }
  Result<std::unique_ptr<transports::FrameListener>> listen(
      const troupe::Address& address, const troupe::ConnectOptions& /*options*/) override {
    return no(address);
  }
  Result<transports::ConnectionPair> pair(const troupe::Address& address,
                                          transports::Direction /*direction*/,
                                          const troupe::ConnectOptions& /*options*/) override {
    return no(address);
  }
  Result<std::unique_ptr<transports::FrameConnection>> adopt(
      transports::Handover handover) override {
    return no(troupe::Address{handover.peer});
  }

 private:
  class Dialed final : public transports::Dial {
   public:
    explicit Dialed(std::unique_ptr<transports::FrameConnection> peer) : peer_(std::move(peer)) {}
    Result<std::unique_ptr<transports::FrameConnection>> step() override {
      return std::move(peer_);
    }
    transports::Readiness readiness() const noexcept override { return {}; }

   private:
    std::unique_ptr<transports::FrameConnection> peer_;
  };

  static troupe::Error no(const troupe::Address& address) {
    return {troupe::Code::refused, address.text() + " is not for a script"};
  }

  const std::string_view scheme_;
  std::unique_ptr<transports::FrameConnection> next_;
};

class NoThreads final : public troupe::Executor {
 public:
  void execute(std::function<void()> /*work*/) override {
    throw troupe::Error{troupe::Code::refused, "there are no threads"};
  }
  bool has_threads() const noexcept override { return false; }
};

class ScriptedNode final {
 public:
  ScriptedNode() : clock_scope_(clock_), runtime_(options()) {
    for (const std::string_view scheme :
         {"pipe", "fifo", "shm", "unix", "tcp", "tls", "inproc", "script"}) {
      auto transport = std::make_unique<ScriptedTransport>(scheme);
      transport_ = transport.get();
      runtime_.transports().add(std::move(transport));
    }
  }

  troupe::Runtime& runtime() noexcept { return runtime_; }
  troupe::node::Hub& hub() noexcept { return *runtime_.nodes(); }
  ScriptedTransport& transport() noexcept { return *transport_; }

  // Begins what may wait, for a time that passes only when the target says so.
  template <class F>
  void run_in_actor(F function) {
    (void)runtime_.spawn<Once<F>>(std::move(function));
    run();
  }
  // Until nothing is to be run.
  void run() {
    while (runtime_.poll_once() > 0) {
    }
  }
  // What waits for a time is over after it.
  void let_time_pass() {
    for (int i = 0; i < 6; ++i) {
      let_time_pass(std::chrono::hours{1});
    }
  }
  void let_time_pass(troupe::Duration time) {
    clock_.advance(time);
    run();
  }

 private:
  template <class F>
  class Once final {
   public:
    explicit Once(F function) : function_(std::move(function)) {}

    void started(troupe::Context& context) {
      function_();
      context.stop();
    }

   private:
    F function_;
  };

  troupe::RuntimeOptions options() {
    troupe::RuntimeOptions options;
    options.name = "fuzzed";
    options.own_threads = false;
    options.inspect = troupe::Inspect::off;
    options.ports = [this] {
      troupe::Ports ports;
      ports.clock = &clock_;
      ports.executor = std::make_unique<NoThreads>();
      ports.spin = false;
      ports.life = troupe::Life{1, 1};
      return ports;
    };
    return options;
  }

  troupe::harness::ManualClock clock_;
  const troupe::Clock::Scope clock_scope_;
  troupe::Runtime runtime_;
  ScriptedTransport* transport_ = nullptr;
};

// A frame, of a link or a queue: its kind and what `write` adds, then `rest` as it is.
template <class Kind, class Write>
Bytes frame_of(Kind kind, const Write& write, std::span<const std::byte> rest = {}) {
  troupe::Encoded encoded;
  troupe::Writer writer{encoded};
  begin(writer, kind);
  write(writer);
  TROUPE_CHECK(writer.finish().has_value());
  Bytes bytes = encoded.joined();
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

inline troupe::node::Hello hello_of_peer(std::uint64_t id) {
  return {std::string{troupe::node::kMagic},
          troupe::node::kVersion,
          {id, 7, "peer", "", 99},
          5,
          1'000'000'000,
          64,
          65536,
          "build",
          "",
          ""};
}

}  // namespace troupe_fuzz
