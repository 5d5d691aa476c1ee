// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hub: a runtime as a node: who it is, where it listens, its links to other nodes, and what it
// offers to have spawned here. One per runtime; costs nothing until somebody listens, connects, or
// has a handle in a message. Thread-safe.

#include "troupe/runtime/actor/actor_id.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/fiber/change.hpp"
#include "troupe/runtime/node/actor_address.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/runtime/node/internal/groups.hpp"
#include "troupe/runtime/node/internal/link.hpp"
#include "troupe/runtime/node/internal/node_keys.hpp"
#include "troupe/runtime/node/node_info.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::node {

// What other nodes may have spawned here.
struct Offer {
  const Schema& (*arguments)();
  std::function<Result<actor::Target>(RuntimeCore& runtime, Reader& reader)> spawn;
};

class Hub final : public std::enable_shared_from_this<Hub> {
 public:
  // `detection`: after so long without a sign of life a link ends.
  Hub(RuntimeCore& runtime, std::string name, Duration detection);

  RuntimeCore& runtime() const noexcept { return runtime_; }
  NodeInfo info() const;

  // ---- links ----
  // Errors: exists (it listens already), and those of Listener::create.
  Result<Address> listen(const Address& address, const ConnectOptions& options);
  // The link to who listens there: that which there is, or a new one. Errors: those of connect;
  // refused (it is no node, or of another version, or this one).
  Result<std::shared_ptr<Link>> connect(const Address& address, const ConnectOptions& options,
                                        Deadline until);
  // The same for the node of an actor. Errors also: disconnected (that life of it is over).
  Result<std::shared_ptr<Link>> link_to(const ActorAddress& address, Deadline until);
  // Has come over the listener: makes a link of it, or says why not. Waits.
  void greet(Connection connection);
  // A link has ended.
  void forget(const Link& link);

  // ---- handles in messages ----
  ActorAddress address_of(const actor::Target& target);
  // Errors: malformed (no actor of this node ever had that number).
  Result<actor::Target> target_of(const ActorAddress& address, actor::RemoteMessages known);
  // A line with its stand-in, which goes nowhere yet.
  std::shared_ptr<Line> new_line(ActorAddress address, actor::RemoteMessages known);
  void line_ended(const Line& line);

  Groups& groups() const noexcept { return *groups_; }

  // ---- spawning ----
  void offer(std::string name, Offer offer);
  // Errors: not_found; refused, and what the spawn says.
  Result<actor::Target> spawn(const std::string& name, const Schema& arguments,
                              std::span<const std::byte> encoded);

  // Until close(), or the runtime stops. By one thread, or one actor.
  void keep_pinging();

  // ---- seeing into it ----
  // What this node tells of itself to others; empty: nothing. What was set before is not being
  // called any more when this returns.
  void set_report(std::function<ProgramReport(Detail)> report);
  // Errors: refused (it tells nothing).
  Result<ProgramReport> report(Detail detail);
  std::vector<LinkReport> link_reports() const;

  // No link is made any more; those that there are end, saying so.
  void close();

 private:
  // To who is reached over that address.
  Hello hello(const Address& over);
  std::uint64_t service();
  Result<std::shared_ptr<Link>> dial(const Address& address, const ConnectOptions& options,
                                     Deadline until);
  // Errors also: exists (it has a link to this node, and there was none here until `patience`).
  Result<std::shared_ptr<Link>> shake_hands(Connection connection, const Address& address,
                                            const ConnectOptions& options, Deadline until,
                                            Deadline patience);
  // Whether we go on with who says that over the connection. Errors: refused.
  Result<void> admit(const Hello& ours, const Hello& theirs, const Connection& connection);
  // The link to one of this host and user, over shared memory.
  Result<std::shared_ptr<Link>> connect_near(const Hello& theirs, const ConnectOptions& options,
                                             Deadline until);
  // The name under which this node listens at shm: for those; empty: it cannot.
  std::string near_name();
  // A link is made: who reads it begins, and it hears of the groups here.
  void start(const std::shared_ptr<Link>& link);
  // That a link which we have dialed is the one. False: another one is.
  bool reserve(std::uint64_t node);
  // False: there is one to that node already.
  bool add(const std::shared_ptr<Link>& link);
  std::shared_ptr<Link> living(std::uint64_t node) const;  // with lock_ held
  // Where a handle says that its node listens: with what this node itself listens; where it does
  // not, with what it has connected last. The nodes of one system have one key.
  ConnectOptions options_for(const Address& met) const;
  std::string private_address();

  RuntimeCore& runtime_;
  const std::uint64_t id_;
  const std::uint64_t epoch_;
  const std::string name_;
  const std::string build_;
  const Duration detection_;
  const std::shared_ptr<Groups> groups_ = std::make_shared<Groups>();
  NodeKeys keys_;

  std::mutex report_lock_;
  std::function<ProgramReport(Detail)> report_;  // guarded by report_lock_

  mutable std::mutex lock_;
  // Guarded by lock_.
  bool closed_ = false;
  bool pings_ = false;
  std::string address_;              // the first, for all
  std::string private_address_;      // for this user's processes
  std::optional<std::string> near_;  // near_name(), once somebody has asked
  std::optional<ConnectOptions> listens_with_;
  ConnectOptions connected_with_;
  actor::Target service_;
  std::set<std::uint64_t> reserved_;       // nodes that we are about to have a link to
  std::multiset<std::uint64_t> greeting_;  // nodes that were welcomed, and have not confirmed
  std::unordered_map<std::uint64_t, std::shared_ptr<Link>> links_;  // by the node's id
  std::unordered_map<std::uint64_t, std::weak_ptr<Line>> lines_;    // by the stand-in's number
  // Those that wait for a link, by the actor; one handle gives one stand-in.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::weak_ptr<Line>> unlinked_;
  std::map<std::string, Offer, std::less<>> offers_;
  fiber::Change change_;  // a link more or less, or a greeting less
};

}  // namespace troupe::node
