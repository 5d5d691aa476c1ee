// SPDX-License-Identifier: Apache-2.0
#pragma once

// Node: another process that runs a Runtime, on this host or another, as Runtime::connect gives it:
// what finds and spawns actors there. A handle that it gives is a Ref like any other: the same
// sends, asks, monitors and links, and one rule more: when the link ends, each who watches an actor
// there gets one Down{unreachable}, each ask in flight is `disconnected` (Effect::unknown), and
// that handle reaches nobody any more. A Node dials anew by itself, and so does a Named that it
// gave; between two actors messages arrive in order, and none of one link over another.
//
// A small value: copied freely; copies share. Thread-safe. docs/wire-protocol.md#node-links has the
// bytes.

#include "troupe/base/deadline.hpp"
#include "troupe/runtime/actor/named.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/node/node_info.hpp"
#include "troupe/runtime/node/remote_ref.hpp"
#include "troupe/transports/address.hpp"
#include "troupe/transports/options.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

class RuntimeCore;

namespace node {

class Link;

// What a node is reached by: an address that is dialed again when the link to it has ended.
struct Reaching;

std::shared_ptr<const Reaching> reach(RuntimeCore& runtime, const Address& address,
                                      const ConnectOptions& options);
// The link, made anew if need be. Errors: those of Runtime::connect.
Result<std::shared_ptr<Link>> link_of(const Reaching& reaching, Deadline until);

Result<actor::Target> spawn_there(const Reaching& reaching, std::string_view name,
                                  const Schema& arguments, const Encoded& encoded,
                                  actor::RemoteMessages known, Deadline until);
Result<actor::Naming> find_there(const std::shared_ptr<const Reaching>& reaching,
                                 std::string_view name, actor::RemoteMessages wanted,
                                 const actor::Interface& its, Deadline until);

template <class A>
struct ArgumentsOf {
  using type = std::tuple<>;
};
template <class A>
requires requires {
  typename A::Arguments;
}
struct ArgumentsOf<A> {
  using type = typename A::Arguments;
};

// The name under which an actor class is offered.
template <class A>
std::string_view offered_name() {
  constexpr std::string_view kGiven = wire::given_name<A>();
  return kGiven.empty() ? reflect::type_name<A>() : kGiven;
}

void offer(RuntimeCore& runtime, std::string_view name, const Schema& (*arguments)(),
           std::function<Result<actor::Target>(RuntimeCore& runtime, Reader& reader)> spawn);

template <class A>
void offer(RuntimeCore& runtime) {
  static_assert(actor::kListsMessages<A> && !actor::kIsProtocol<A>,
                "an actor that other nodes may spawn needs a line such as\n"
                "  using Accepts = troupe::Protocol<long(Deposit), long(Balance)>;");
  using Arguments = typename ArgumentsOf<A>::type;
  offer(runtime, offered_name<A>(), &schema<Arguments>,
        [](RuntimeCore& its, Reader& reader) -> Result<actor::Target> {
          auto arguments = reader.value<Arguments>();
          if (!arguments) {
            return arguments.error();
          }
          return std::apply(
              [&](auto&&... each) {
                return actor::spawn<A>(its, nullptr, nullptr, std::move(each)...);
              },
              *std::move(arguments));
        });
}

}  // namespace node

class Node final {
 public:
  Node() = default;  // empty: any use is `closed`

  // An actor of class A there, which that node offers (Runtime::offer), made from the arguments. It
  // lives until it ends, or its node does: not until the link ends. Errors: not_found (it is not
  // offered), refused (its arguments are others there), failed (it threw), and those of connect.
  template <class A, class... X>
  Result<Ref<A>> spawn(X... arguments) const {
    return spawn_within<A>(Deadline{std::chrono::seconds{5}}, std::move(arguments)...);
  }
  template <class A, class... X>
  Result<Ref<A>> spawn_within(Deadline until, X... arguments) const;

  // Whoever has the name there, each time it is used, once somebody has it: waits until then. P: a
  // Protocol, or a class with its Accepts. Errors: timed_out (nobody had it), refused (who has it
  // does not take P's messages; with the names of both types), and those of connect.
  template <class P>
  Result<Named<P>> find(std::string_view name,
                        Deadline until = Deadline{std::chrono::seconds{5}}) const;

  // Who it is; of the last link. Errors: those of connect, where there is no link.
  Result<NodeInfo> info() const;
  bool connected() const;
  // Of the last sign of life, about each second; zero: there was none yet.
  Duration round_trip() const;
  // What the link goes over: shm: where the other one is a process of this host and user, whatever
  // was dialed. Empty: there is no link.
  Address peer() const;

  explicit operator bool() const noexcept { return reaching_ != nullptr; }

  // For the library.
  explicit Node(std::shared_ptr<const node::Reaching> reaching) noexcept
      : reaching_(std::move(reaching)) {}
  const std::shared_ptr<const node::Reaching>& reaching() const noexcept { return reaching_; }

 private:
  std::shared_ptr<const node::Reaching> reaching_;
};

template <class A, class... X>
Result<Ref<A>> Node::spawn_within(Deadline until, X... arguments) const {
  static_assert(actor::kListsMessages<A> && !actor::kIsProtocol<A>,
                "an actor on another node needs a line such as\n"
                "  using Accepts = troupe::Protocol<long(Deposit), long(Balance)>;");
  using Arguments = typename node::ArgumentsOf<A>::type;
  static_assert(std::is_constructible_v<Arguments, X...>,
                "the arguments are not those that the class says: using Arguments = "
                "std::tuple<...>;");
  if (reaching_ == nullptr) {
    return Error{Code::closed, "spawn on a node: the handle is empty"};
  }
  Encoded encoded;
  if (auto written = encode(encoded, Arguments{std::move(arguments)...}); !written) {
    return written.error();
  }
  const auto target = node::spawn_there(*reaching_, node::offered_name<A>(), schema<Arguments>(),
                                        encoded, actor::remote_messages<A>(), until);
  if (!target) {
    return target.error();
  }
  return Ref<A>{*target};
}

template <class P>
Result<Named<P>> Node::find(std::string_view name, Deadline until) const {
  static_assert(actor::kListsMessages<P>,
                "to be reached on another node, the actor class needs a line such as\n"
                "  using Accepts = troupe::Protocol<long(Deposit), long(Balance)>;");
  if (reaching_ == nullptr) {
    return Error{Code::closed, "find on a node: the handle is empty"};
  }
  auto naming =
      node::find_there(reaching_, name, actor::remote_messages<P>(), actor::kInterface<P>, until);
  if (!naming) {
    return naming.error();
  }
  return Named<P>{*std::move(naming)};
}

}  // namespace troupe
