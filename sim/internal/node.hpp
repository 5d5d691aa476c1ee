// SPDX-License-Identifier: Apache-2.0
#pragma once

// Node: one life of a node of a World: a Runtime, and the courier of its actors' messages. One
// thread's.

#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/runtime.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace troupe::sim {

class Network;
class Office;

class Node final : public actor::Courier {
 public:
  // `label`: in the trace.
  Node(Office& office, std::string name, std::string label, const RuntimeOptions& options);
  ~Node() override = default;

  const std::string& name() const noexcept { return name_; }
  const std::string& label() const noexcept { return label_; }
  Runtime& runtime() noexcept { return runtime_; }
  actor::System& system() noexcept { return *runtime_.actors(); }
  // What people call the actor; its number is enough for one that was not spawned: a test's Inbox.
  const std::string& text_of(std::uint64_t number);

  // Nothing of it is heard any more.
  bool silent() const noexcept { return silent_; }
  void silence() noexcept { silent_ = true; }
  // The same for one of its actors.
  bool is_dead(std::uint64_t number) const noexcept { return silent_ || killed_.contains(number); }
  void kill(const actor::Target& target);
  void kill_all();

  // A message for one of its actors is no longer on its way.
  void arrived(std::uint64_t number);

  // ---- actor::Courier ----
  bool carry(std::uint64_t sender, const actor::Target& target, actor::Envelope& envelope,
             std::size_t room) override;
  void spawned(std::uint64_t number, std::string text) override;
  void handles(std::uint64_t number, const actor::MessageType& message) override;
  void ended(std::uint64_t number, const Exit& reason) override;

 private:
  Office& office_;
  const std::string name_;
  const std::string label_;
  bool silent_ = false;
  std::unordered_map<std::uint64_t, std::string> texts_;
  std::unordered_map<std::uint64_t, std::size_t> on_the_way_;
  std::unordered_set<std::uint64_t> killed_;
  Runtime runtime_;
};

// Where nodes leave what is to be carried.
class Office {
 public:
  Office() = default;
  Office(const Office&) = delete;
  Office& operator=(const Office&) = delete;

  virtual void send(Node* from, std::uint64_t sender, Node& to, const actor::Target& target,
                    actor::Envelope& envelope) = 0;
  virtual Network& network() noexcept = 0;
  // The node whose task runs; null: none does.
  virtual Node* running() noexcept = 0;
  // For the trace.
  virtual void note_spawned(Node& node, std::uint64_t number) = 0;
  virtual void note_handles(Node& node, std::uint64_t number,
                            const actor::MessageType& message) = 0;
  virtual void note_ended(Node& node, std::uint64_t number, const Exit& reason) = 0;

 protected:
  ~Office() = default;
};

}  // namespace troupe::sim
