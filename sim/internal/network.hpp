// SPDX-License-Identifier: Apache-2.0
#pragma once

// Network: what is between the nodes of a World: their connections over "sim:", and who listens. A
// frame takes the time that the seed says and keeps its place behind those before it; while a way
// is cut, what is on it stands still, as a kernel keeps sending again. A node that crashes leaves
// what it has sent, and then an end. One thread's.

#include "troupe/base/bytes.hpp"
#include "troupe/base/clock.hpp"
#include "troupe/base/result.hpp"
#include "troupe/sim/internal/wire.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::sim {

class Node;

// Who has dialed a listener and was not accepted yet.
struct Backlog {
  Node* node = nullptr;
  std::deque<std::shared_ptr<Wire>> waiting;
  Bell arrival;
};

// What happens to what is sent.
class Weather {
 public:
  Weather() = default;
  Weather(const Weather&) = delete;
  Weather& operator=(const Weather&) = delete;

  virtual bool is_cut(const std::string& from, const std::string& to) = 0;
  virtual Duration delay(const std::string& from, const std::string& to) = 0;
  virtual bool is_lost(const std::string& from, const std::string& to) = 0;
  virtual bool toss() = 0;  // a coin
  virtual Instant now() = 0;
  // For the trace.
  virtual void note(const Node& node, std::string what) = 0;

 protected:
  ~Weather() = default;
};

class Network final {
 public:
  explicit Network(Weather& weather) noexcept : weather_(weather) {}

  // ---- what transports do; `side`: 0 for who has dialed ----
  std::shared_ptr<Wire> dial(Node& from, std::string to);
  // False: somebody listens there.
  bool listen(Node& node, const std::string& name, const std::shared_ptr<Backlog>& backlog);
  void unlisten(const std::string& name, Backlog& backlog);
  // The way has room.
  void send(Wire& wire, std::size_t side, Bytes frame);
  // Takes the first that has arrived, which is there.
  Bytes take(Wire& wire, std::size_t side);
  void close(Wire& wire, std::size_t side);

  // ---- what the World does ----
  Instant next() const noexcept;
  bool deliver_due();  // whether anything was
  void set_cut(std::string_view from, std::string_view to, bool is_cut);
  void crash(const Node& node);

 private:
  void post(Way& way, Flight::Kind kind, Bytes bytes = {});
  void deliver(const std::shared_ptr<Wire>& wire, std::size_t side);
  void answer_dial(const std::shared_ptr<Wire>& wire);
  void end(Way& way, Way::State state);

  Weather& weather_;
  std::vector<std::shared_ptr<Wire>> wires_;  // in the order they were dialed
  std::map<std::string, std::shared_ptr<Backlog>, std::less<>> listeners_;
};

}  // namespace troupe::sim
