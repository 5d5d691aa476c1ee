// SPDX-License-Identifier: Apache-2.0
#pragma once

// State: what a World is made of. One thread's.

#include "troupe/sim/internal/mail.hpp"
#include "troupe/sim/internal/network.hpp"
#include "troupe/sim/internal/node.hpp"
#include "troupe/sim/internal/ports.hpp"
#include "troupe/sim/internal/seeded_random.hpp"
#include "troupe/sim/internal/trace.hpp"
#include "troupe/sim/world.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::sim {

// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): final; its bases' are protected
class State final : public Office, private Weather {
 public:
  State(std::uint64_t seed, WorldOptions options);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  std::uint64_t seed() const noexcept { return seed_; }
  VirtualClock& clock() noexcept { return clock_; }
  const Trace& trace() const noexcept { return trace_; }

  // Null: there is none, or it has crashed.
  Node* find(std::string_view name) noexcept;
  // Whether there has ever been one.
  bool knows(std::string_view name) const;
  Node& begin(std::string_view name);
  void crash(Node& node);
  void kill(const actor::Target& target);

  void cut(std::string_view a, std::string_view b, bool is_cut);
  void cut_one_way(std::string_view from, std::string_view to);
  void link(std::string_view a, std::string_view b, const Faults& faults);

  // Does one thing: a step of an actor, or one of the clock with all that is due then. False: there
  // was nothing to do until the deadline, which the clock has come to.
  bool step(Deadline until);
  // The same without moving the clock.
  bool step_now() { return step(Deadline::at_once()); }
  // Whether, once there is nothing to do now, nothing is set to happen later.
  bool is_idle() const { return next_event() == Instant::max(); }

 private:
  struct Link {
    bool has_faults = false;
    Faults faults;
  };

  void send(Node* from, std::uint64_t sender, Node& to, const actor::Target& target,
            actor::Envelope& envelope) override;
  Network& network() noexcept override { return network_; }
  Node* running() noexcept override;
  void note_spawned(Node& node, std::uint64_t number) override;
  void note_handles(Node& node, std::uint64_t number, const actor::MessageType& message) override;
  void note_ended(Node& node, std::uint64_t number, const Exit& reason) override;

  // ---- Weather ----
  bool is_cut(const std::string& from, const std::string& to) override;
  Duration delay(const std::string& from, const std::string& to) override;
  bool is_lost(const std::string& from, const std::string& to) override;
  bool toss() override { return random_.below(2) == 0; }
  Instant now() override { return clock_.now(); }
  void note(const Node& node, std::string what) override;

  void set_cut(std::string_view from, std::string_view to, bool is_cut);
  RuntimeOptions options_for(std::string_view name, const std::string& label);
  Event event(Event::Kind kind, const Node& node) const;
  Link& between(std::string_view a, std::string_view b);
  void note_link(std::string_view name, std::string text);
  Duration delay_of(const Faults& faults);
  bool run_one();
  bool deliver_due();  // whether anything was
  void deliver(const Due& due);
  Instant next_event() const;
  void lose(const Due& due, const Error& why);

  const std::uint64_t seed_;
  const WorldOptions options_;
  VirtualClock clock_;
  const Clock::Scope clock_scope_;
  SeededRandom random_;
  Trace trace_;
  Mail mail_;
  Network network_{*this};
  std::map<std::pair<std::string, std::string>, Link> links_;
  std::set<std::pair<std::string, std::string>> cut_;   // from the first to the second
  std::map<std::string, unsigned, std::less<>> lives_;  // how many each name has had
  std::vector<std::unique_ptr<SeededRandom>> randoms_;  // of the nodes
  // In the order they began; those that have crashed stay, since handles to their actors do.
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Node*> up_;
};

}  // namespace troupe::sim
