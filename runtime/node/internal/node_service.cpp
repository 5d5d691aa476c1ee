// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/node_service.hpp"

#include "troupe/runtime/actor/named.hpp"
#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/inspection_wire.hpp"
#include "troupe/runtime/node/internal/type_numbers.hpp"

#include <utility>

namespace troupe::node {
namespace {

// Whether the actor takes all of what is wanted. Errors: refused, with both names.
Result<void> covers(actor::RemoteMessages its, const std::vector<Signature>& wanted) {
  for (const Signature& each : wanted) {
    const actor::RemoteMessage* found = nullptr;
    for (const actor::RemoteMessage& message : its) {
      if (message.schema().name == each.message.name) {
        found = &message;
      }
    }
    if (found == nullptr) {
      return Error{Code::refused,
                   "it takes no " + each.message.name +
                       (its.empty() ? ": its class has no Accepts that crosses" : "")};
    }
    if (auto fit = compatible(found->schema(), each.message); !fit) {
      return fit;
    }
    if (auto fit = compatible(found->reply_schema(), each.reply); !fit) {
      return fit.error().within("its reply");
    }
  }
  return {};
}

// Waits for somebody to have the name.
class Finding final {
 public:
  Finding(std::shared_ptr<Hub> hub, FindActor wanted, Promise<FoundActor> promise)
      : hub_(std::move(hub)), wanted_(std::move(wanted)), promise_(std::move(promise)) {}

  void started(Context& context) {
    const auto naming = actor::name(hub_->runtime(), wanted_.name);
    const auto target = actor::await_holder(naming, actor::kInterface<Protocol<>>,
                                            Deadline{Duration{wanted_.wait}});
    if (!target) {
      promise_.fail(target.error());
    } else if (const auto fit = covers(actor::remote_messages_of(*target), wanted_.wanted); !fit) {
      promise_.fail(fit.error().within("reach \"" + wanted_.name + "\""));
    } else {
      promise_.set(FoundActor{target->number});
    }
    context.stop();
  }

 private:
  const std::shared_ptr<Hub> hub_;
  const FindActor wanted_;
  const Promise<FoundActor> promise_;
};

}  // namespace

NodeService::NodeService(std::shared_ptr<Hub> hub) noexcept : hub_(std::move(hub)) {}

Promise<FoundActor> NodeService::handle(FindActor wanted, Context& context) {
  auto promise = context.promise<FoundActor>();
  (void)actor::spawn<Finding>(hub_->runtime(), nullptr, nullptr, hub_, std::move(wanted), promise);
  return promise;
}

Result<FoundActor> NodeService::handle(const SpawnActor& wanted) {
  const auto spawned = hub_->spawn(wanted.name, wanted.arguments, wanted.encoded);
  if (!spawned) {
    return spawned.error();
  }
  return FoundActor{spawned->number};
}

Result<ProgramReport> NodeService::handle(const TellProgram& wanted) {
  for (const Detail detail : {Detail::summary, Detail::actors}) {
    if (wanted.detail == name_of(detail)) {
      return hub_->report(detail);
    }
  }
  return Error{Code::refused, "there is no report \"" + wanted.detail + "\""};
}

}  // namespace troupe::node
