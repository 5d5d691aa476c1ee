// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/node.hpp"

#include "troupe/base/backoff.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/inspection_wire.hpp"
#include "troupe/runtime/node/internal/node_service.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

namespace troupe {
namespace node {

struct Reaching {
  Reaching(RuntimeCore& its_runtime, Address its_address, ConnectOptions its_options)
      : runtime(its_runtime), address(std::move(its_address)), options(std::move(its_options)) {}

  RuntimeCore& runtime;
  const Address address;
  const ConnectOptions options;

  mutable std::mutex lock;
  mutable std::shared_ptr<Link> link;  // guarded by lock: the last one
};

std::shared_ptr<const Reaching> reach(RuntimeCore& runtime, const Address& address,
                                      const ConnectOptions& options) {
  return std::make_shared<const Reaching>(runtime, address, options);
}

Result<std::shared_ptr<Link>> link_of(const Reaching& reaching, Deadline until) {
  {
    const std::lock_guard lock{reaching.lock};
    if (reaching.link != nullptr && !reaching.link->ended()) {
      return reaching.link;
    }
  }
  auto link = reaching.runtime.nodes()->connect(reaching.address, reaching.options, until);
  if (link) {
    const std::lock_guard lock{reaching.lock};
    reaching.link = *link;
  }
  return link;
}

namespace {

Result<Ref<NodeService>> service_of(Link& link) {
  const auto target = link.reach(link.theirs().service, actor::remote_messages<NodeService>());
  if (!target) {
    return target.error();
  }
  return Ref<NodeService>{*target};
}

std::vector<Signature> signatures(actor::RemoteMessages messages) {
  std::vector<Signature> all;
  for (const actor::RemoteMessage& each : messages) {
    all.push_back({each.schema(), each.reply_schema()});
  }
  return all;
}

Result<actor::Target> find_now(const Reaching& reaching, const std::string& name,
                               actor::RemoteMessages wanted, Deadline until) {
  const auto link = link_of(reaching, until);
  if (!link) {
    return link.error();
  }
  const auto service = service_of(**link);
  if (!service) {
    return service.error();
  }
  // The other side gives up a little earlier, so that its reason arrives.
  const Duration wait =
      std::clamp<Duration>(until.left() * 9 / 10, Duration{1}, std::chrono::hours{1});
  const auto found = service->ask(FindActor{name, signatures(wanted), wait.count()}, until);
  if (!found) {
    return found.error();
  }
  return (*link)->reach(found->number, wanted);
}

// Gives a name's seat here to one holder after another, for as long as somebody has the seat.
class Following final {
 public:
  Following(std::shared_ptr<const Reaching> reaching, std::string name,
            actor::RemoteMessages wanted, const actor::Interface& its,
            std::weak_ptr<actor::Seat> seat, const actor::Target& holder)
      : reaching_(std::move(reaching)),
        name_(std::move(name)),
        wanted_(wanted),
        its_(its),
        seat_(std::move(seat)),
        holder_(holder) {}

  void started(Context& context) { context.monitor(Ref<Protocol<>>{holder_}); }

  void handle(const Down& /*down*/, Context& context) {
    // Not all who have lost the same node at once, not even at first.
    Backoff pauses{std::chrono::milliseconds{10}, std::chrono::milliseconds{2500}};
    while (context.sleep(pauses.next(context.random()))) {
      const auto seat = seat_.lock();
      if (seat == nullptr) {
        break;
      }
      const auto found = find_now(*reaching_, name_, wanted_, Deadline{std::chrono::seconds{5}});
      if (found && actor::give_seat({seat, {}}, *found, its_)) {
        holder_ = *found;
        context.monitor(Ref<Protocol<>>{holder_});
        return;
      }
    }
    context.stop();
  }

 private:
  const std::shared_ptr<const Reaching> reaching_;
  const std::string name_;
  const actor::RemoteMessages wanted_;
  const actor::Interface& its_;
  const std::weak_ptr<actor::Seat> seat_;
  actor::Target holder_;
};

}  // namespace

Result<actor::Target> spawn_there(const Reaching& reaching, std::string_view name,
                                  const Schema& arguments, const Encoded& encoded,
                                  actor::RemoteMessages known, Deadline until) {
  const auto link = link_of(reaching, until);
  if (!link) {
    return link.error();
  }
  const auto service = service_of(**link);
  if (!service) {
    return service.error();
  }
  const auto found =
      service->ask(SpawnActor{std::string{name}, arguments, encoded.joined()}, until);
  if (!found) {
    return found.error().within("spawn " + std::string{name} + " on " + (*link)->text());
  }
  return (*link)->reach(found->number, known);
}

Result<actor::Naming> find_there(const std::shared_ptr<const Reaching>& reaching,
                                 std::string_view name, actor::RemoteMessages wanted,
                                 const actor::Interface& its, Deadline until) {
  const auto found = find_now(*reaching, std::string{name}, wanted, until);
  if (!found) {
    return found.error().within("find \"" + std::string{name} + "\" at " +
                                reaching->address.text());
  }
  actor::Naming naming = actor::unnamed_seat(
      reaching->runtime, "\"" + std::string{name} + "\" at " + reaching->address.text());
  (void)actor::give_seat(naming, *found,
                         its);  // where it has ended already, who follows looks again
  (void)actor::spawn<Following>(reaching->runtime, nullptr, nullptr, reaching, std::string{name},
                                wanted, its, naming.seat, *found);
  return naming;
}

void offer(RuntimeCore& runtime, std::string_view name, const Schema& (*arguments)(),
           std::function<Result<actor::Target>(RuntimeCore& runtime, Reader& reader)> spawn) {
  runtime.nodes()->offer(std::string{name}, {arguments, std::move(spawn)});
}

Result<ProgramReport> ask_node(const Node& node, Detail detail, Deadline until) {
  if (!node) {
    return Error{Code::closed, "ask a node what it does: the handle is empty"};
  }
  const auto link = link_of(*node.reaching(), until);
  if (!link) {
    return link.error();
  }
  const auto service = service_of(**link);
  if (!service) {
    return service.error();
  }
  auto report = service->ask(TellProgram{std::string{name_of(detail)}}, until);
  return report ? std::move(report) : report.error().within("ask " + (*link)->text());
}

}  // namespace node

Result<NodeInfo> Node::info() const {
  if (reaching_ == nullptr) {
    return Error{Code::closed, "the handle of a node is empty"};
  }
  const auto link = node::link_of(*reaching_, Deadline{std::chrono::seconds{5}});
  if (!link) {
    return link.error();
  }
  return (*link)->theirs().node;
}

bool Node::connected() const {
  if (reaching_ == nullptr) {
    return false;
  }
  const std::lock_guard lock{reaching_->lock};
  return reaching_->link != nullptr && !reaching_->link->ended();
}

Address Node::peer() const {
  if (reaching_ == nullptr) {
    return {};
  }
  const std::lock_guard lock{reaching_->lock};
  return reaching_->link != nullptr && !reaching_->link->ended() ? reaching_->link->peer()
                                                                 : Address{};
}

Duration Node::round_trip() const {
  if (reaching_ == nullptr) {
    return {};
  }
  const std::lock_guard lock{reaching_->lock};
  return reaching_->link != nullptr ? reaching_->link->round_trip() : Duration{};
}

}  // namespace troupe
