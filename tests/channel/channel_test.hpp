// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fixtures of the conformance suites of channels. A transport's own file instantiates
//
//   ConnectionTest   messages of bytes, waiting, ends: with its Links
//   PipeTest         typed messages, ends and descriptors inside them: with its Links
//   ListenerTest     listening, keys, handshakes: with its Links that listen

#include "channel/links.hpp"
#include "harness/child.hpp"
#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/transports/catalog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace troupe::harness {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): deadlines

// The other party: `body` with `end`, in a process of its own or, where the transport does not
// leave its process, in a thread. This process keeps no copy of `end`.
class Party final {
 public:
  // `kept` is this process's end, of which the other keeps no copy. To be made before the test
  // starts a thread.
  Party(bool process, Connection& end, Connection& kept, std::function<void(Connection&)> body);
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;
  ~Party();

  void expect_success();  // waits for its end
  Child& child() { return *child_; }

 private:
  std::unique_ptr<Child> child_;
  std::jthread thread_;
};

class ChannelTest : public testing::TestWithParam<Link> {
 protected:
  void TearDown() override;

  // The first end receives where there is but one direction.
  void connect(const ConnectOptions& options = {}) { connect(runtime_, runtime_, options); }
  void connect(RuntimeCore& first, RuntimeCore& second, const ConnectOptions& options = {});
  Address address() const { return address_of(GetParam(), directory_.path()); }

  bool is_duplex() const { return GetParam().duplex; }
  bool crosses_processes() const { return GetParam().crosses_processes; }
  bool has_bytes() const { return GetParam().bytes; }

 private:
  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  const std::size_t fds_before_ = open_fds();

 protected:
  std::unique_ptr<TestRuntime> own_runtime_ = std::make_unique<TestRuntime>();
  TestRuntime& runtime_ = *own_runtime_;
  Connection first_;
  Connection second_;
};

class ConnectionTest : public ChannelTest {
 protected:
  // The second end's descriptor to write to, in the hands of a foreign program.
  UniqueFd raw_second();
};

class PipeTest : public ChannelTest {};
class ListenerTest : public ChannelTest {};

inline std::span<const std::byte> bytes(std::string_view text) {
  return bytes_of(text);
}
std::string text(const Result<Bytes>& message);  // the error's, where it is one

// What a result came to: its code's name, or "ok".
template <class T>
std::string outcome(const Result<T>& result) {
  return result.has_value() ? "ok" : std::string{name_of(result.error().code())};
}

}  // namespace troupe::harness
