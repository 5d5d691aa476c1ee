// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqGate: answers libzmq's question whether a client's key may come in (ZAP, see
// https://rfc.zeromq.org/spec/27/), from a file of keys for each listener that has one.

#include "troupe/transports/zmq/internal/zmq_bridge.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace troupe::transports {

class ZmqGate final : public ZmqBridge::Served {
 public:
  // Errors: overloaded (descriptors are short), system.
  static Result<std::unique_ptr<ZmqGate>> create(ZmqBridge& bridge);
  ~ZmqGate() override;

  // From now on `domain` lets in the keys of the file, or all where it has no name. Errors: those
  // of the file.
  Result<void> open(const std::string& domain, const std::filesystem::path& clients,
                    const std::string& doing);
  void close(const std::string& domain) noexcept;

  Turn serve() override;
  std::array<int, 2> news() const noexcept override { return {news_, -1}; }

 private:
  // The keys of a file, as it was when last looked at.
  struct Keys {
    std::filesystem::path path;
    std::filesystem::file_time_type changed;
    std::set<std::string> let_in;
  };

  ZmqGate(ZmqBridge& bridge, void* socket);

  // As whom a client of that key may come: of that key, or, where all are, of none. Nothing: it may
  // not.
  std::optional<std::string> let_in(const std::string& domain, const std::string& key);

  ZmqBridge& bridge_;
  void* const socket_;
  int news_ = -1;

  std::mutex mutex_;
  std::map<std::string, Keys> domains_;
};

}  // namespace troupe::transports
