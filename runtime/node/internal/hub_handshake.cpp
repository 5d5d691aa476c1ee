// SPDX-License-Identifier: Apache-2.0
// Hub: how two nodes that have a connection become linked, or do not.
#include "troupe/base/os/host.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/same_host.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::node {
namespace {

constexpr Duration kGreeting = std::chrono::seconds{5};
constexpr Duration kSoon = std::chrono::milliseconds{20};

template <class T>
Result<void> say(Connection& connection, LinkFrame kind, const T& what, Deadline until) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, kind);
  writer.value(what);
  (void)writer.finish();
  auto sent = connection.offer_message(frame, until);
  return sent ? connection.flush(until) : sent;
}

template <class T>
Result<T> hear(Connection& connection, LinkFrame kind, Deadline until) {
  Incoming incoming;
  if (auto received = connection.receive_message(incoming, until); !received) {
    return received.error();
  }
  DecodeLimits limits;
  limits.members = Members::prefix;
  Reader reader{incoming, limits};
  const auto its = read_kind(reader);
  if (!its || *its != kind) {
    return Error{Code::refused, "what answers is no node of troupe"};
  }
  return reader.value<T>();
}

// Whether we go on with who says that. Errors: refused.
Result<void> check(const Hello& ours, const Hello& theirs) {
  if (theirs.magic != kMagic) {
    return Error{Code::refused, "what answers is no node of troupe"};
  }
  if (theirs.version != kVersion) {
    return Error{Code::refused, "it speaks version " + std::to_string(theirs.version) +
                                    " of the link protocol, this node version " +
                                    std::to_string(kVersion) + ": update the older one"};
  }
  if (theirs.node.id == ours.node.id) {
    return Error{Code::refused, "that is this node itself"};
  }
  return {};
}

}  // namespace

Hello Hub::hello(const Address& over) {
  const std::uint64_t its_service = service();
  return {std::string{kMagic},
          kVersion,
          info(),
          its_service,
          static_cast<std::uint64_t>(detection_.count()),
          256,
          std::uint64_t{4} << 20U,
          build_,
          may_go_near(over) ? os::this_host() : "",
          ""};
}

Result<void> Hub::admit(const Hello& ours, const Hello& theirs, const Connection& connection) {
  auto fine = check(ours, theirs);
  return fine ? keys_.admit(theirs.node, connection.peer_key()) : fine;
}

// Again and again, while the other side has a link that is gone here: it is about to notice.
Result<std::shared_ptr<Link>> Hub::dial(const Address& address, const ConnectOptions& options,
                                        Deadline until) {
  for (Duration patience = kSoon;; patience = std::min<Duration>(2 * patience, kGreeting)) {
    auto connection = troupe::connect(runtime_, address, options, until);
    if (!connection) {
      return connection.error();
    }
    auto link = shake_hands(*std::move(connection), address, options, until, Deadline{patience});
    if (link || link.error() != Code::exists) {
      return link;
    }
    if (until.passed()) {
      return Error{Code::disconnected, link.error().what()};
    }
  }
}

Result<std::shared_ptr<Link>> Hub::shake_hands(Connection connection, const Address& address,
                                               const ConnectOptions& options, Deadline until,
                                               Deadline patience) {
  const Hello ours = hello(address);
  if (auto said = say(connection, LinkFrame::hello, ours, until); !said) {
    return said.error();
  }
  auto theirs = hear<Hello>(connection, LinkFrame::hello, until);
  if (!theirs) {
    return theirs.error();
  }
  if (auto fine = admit(ours, *theirs, connection); !fine) {
    return fine.error();
  }
  if (!theirs->near.empty() && !ours.host.empty() && theirs->host == ours.host) {
    // Where it does not come about, as in a container that shares only the network, the connection
    // that there is will do.
    if (auto link = connect_near(*theirs, options, until);
        link && (*link)->theirs().node.id == theirs->node.id) {
      return link;
    }
  }
  const auto verdict = hear<Verdict>(connection, LinkFrame::verdict, until);
  if (!verdict) {
    return verdict.error();
  }
  if (!verdict->welcome && !verdict->duplicate) {
    return Error{Code::refused, verdict->why};
  }
  if (verdict->welcome && reserve(theirs->node.id)) {
    const auto said = say(connection, LinkFrame::verdict, Verdict{true, false, ""}, until);
    const auto link = std::make_shared<Link>(runtime_, std::move(connection), ours, *theirs);
    const bool added = said && add(link);
    {
      const std::lock_guard lock{lock_};
      reserved_.erase(theirs->node.id);
      change_.announce();
    }
    if (!said) {
      return said.error();
    }
    if (added) {
      start(link);
      return link;
    }
  }
  // The other side has one, or is making one.
  std::unique_lock lock{lock_};
  for (;;) {
    if (auto link = living(theirs->node.id); link != nullptr) {
      return link;
    }
    const auto outcome = change_.wait(runtime_, lock, earlier(until, patience));
    if (outcome == fiber::Waiter::Outcome::cancelled) {
      return error_of(outcome, "wait for its link");
    }
    if (outcome != fiber::Waiter::Outcome::fired) {
      return Error{Code::exists,
                   "it still has a link to this node that is gone here; it will notice within " +
                       std::to_string(theirs->detection / 1'000'000) + " ms: try again"};
    }
  }
}

void Hub::greet(Connection connection) {
  const Deadline until{kGreeting};
  const auto theirs = hear<Hello>(connection, LinkFrame::hello, until);
  if (!theirs) {
    runtime_.log().write("a connection to this node was dropped: " +
                         std::string{theirs.error().what()});
    return;
  }
  Hello ours = hello(connection.peer());
  if (!ours.host.empty() && theirs->host == ours.host) {
    ours.near = near_name();
  }
  if (!say(connection, LinkFrame::hello, ours, until)) {
    return;
  }
  Verdict verdict;
  if (const auto fine = admit(ours, *theirs, connection); !fine) {
    verdict.why = fine.error().what();
    (void)say(connection, LinkFrame::verdict, verdict, until);
    runtime_.log().write("node " + theirs->node.name + " was refused: " + verdict.why);
    return;
  }
  {
    const std::lock_guard lock{lock_};
    verdict.duplicate = living(theirs->node.id) != nullptr || reserved_.contains(theirs->node.id);
    verdict.welcome = !verdict.duplicate && !closed_;
    verdict.why = verdict.duplicate ? "there is a link already" : closed_ ? "it is stopping" : "";
    if (verdict.welcome) {
      greeting_.insert(theirs->node.id);
    }
  }
  const auto confirmed = say(connection, LinkFrame::verdict, verdict, until) && verdict.welcome
                             ? hear<Verdict>(connection, LinkFrame::verdict, until)
                             : Result<Verdict>{Verdict{}};
  if (confirmed && confirmed->welcome) {
    const auto link = std::make_shared<Link>(runtime_, std::move(connection), ours, *theirs);
    if (add(link)) {
      start(link);
    }
  }
  const std::lock_guard lock{lock_};
  if (const auto its = greeting_.find(theirs->node.id); verdict.welcome && its != greeting_.end()) {
    greeting_.erase(its);
  }
  change_.announce();
}

// Two nodes may dial each other at once: then each has welcomed the other, and the link that the
// one with the lower id has dialed is the one that both keep; the other one is not confirmed.
bool Hub::reserve(std::uint64_t node) {
  const std::lock_guard lock{lock_};
  return living(node) == nullptr && !(node < id_ && greeting_.contains(node)) &&
         reserved_.insert(node).second;
}

}  // namespace troupe::node
