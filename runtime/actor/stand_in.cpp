// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/stand_in.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/actor/system.hpp"

#include <utility>

namespace troupe::actor {
namespace {

struct StandIn final {
  std::shared_ptr<Elsewhere> way;
};

constexpr ActorType describe_stand_in() {
  ActorType type = describe_actor<StandIn>();
  type.forward = [](void* object, Envelope& envelope, Context& /*context*/, AnswerBase* answer) {
    static_cast<StandIn*>(object)->way->forward(envelope, answer);
  };
  type.told_to_stop = [](void* object, Context& /*context*/, const Exit& reason) {
    static_cast<StandIn*>(object)->way->stop(reason);
  };
  return type;
}
constexpr ActorType kStandInType = describe_stand_in();

class End final : public Control {
 public:
  explicit End(Exit reason) : reason_(std::move(reason)) {}

  void arrive(Cell& cell, Context& /*context*/) override { cell.request_stop(std::move(reason_)); }
  void miss(Cell& /*cell*/) override {}

 private:
  Exit reason_;
};

}  // namespace

void let_go_of(Envelope& envelope, AnswerBase& answer) noexcept {
  envelope.operations->destroy(envelope);
  answer.defer();
}

std::string text_of(const Target& target) {
  return target.cell->text();
}

void count_lost(const Target& stand_in, const Error& why) {
  Cell& cell = *stand_in.cell;
  cell.system().count(Dropped::lost_on_link);
  cell.count_drop();
  cell.system().log_refusal(cell, why.what());
}

Target spawn_stand_in(RuntimeCore& runtime, std::shared_ptr<Elsewhere> way,
                      const ActorOptions& options) {
  Spawning spawning{runtime, kStandInType, &options, nullptr};
  ::new (spawning.memory()) StandIn{std::move(way)};
  return spawning.ready();
}

void end_stand_in(const Target& stand_in, Exit reason) {
  stand_in.cell->push(*new End{std::move(reason)}, stand_in.number);
}

}  // namespace troupe::actor
