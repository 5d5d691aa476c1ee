// SPDX-License-Identifier: Apache-2.0
#include "../bounded_buffer.hpp"
#include "caf.hpp"

#include <caf/all.hpp>

#include <deque>
#include <utility>

namespace bench::caf_peer {
namespace {

namespace work = bench::bounded_buffer;

using caf::actor;
using caf::actor_cast;
using caf::behavior;
using caf::stateful_actor;

using Produce = caf::atom_constant<caf::atom("produce")>;
using Free = caf::atom_constant<caf::atom("free")>;
using Ended = caf::atom_constant<caf::atom("ended")>;
using Stop = caf::atom_constant<caf::atom("stop")>;

struct Item {
  double value = 0;
};

behavior producer(stateful_actor<Item>* self, const actor& manager, std::uint64_t items) {
  return {[=, left = items](Produce) mutable {
    if (left-- == 0) {
      self->send(manager, Ended::value);
      self->quit();
      return;
    }
    self->state.value = work::process(self->state.value);
    self->send(manager, self->state.value, actor_cast<actor>(self));
  }};
}

behavior consumer(stateful_actor<Item>* self, const actor& manager, const actor& main) {
  return {[=](double item) {
            self->state.value = work::process(self->state.value + item);
            self->send(manager, Free::value, actor_cast<actor>(self));
          },
          [=](Stop) {
            self->send(main, self->state.value);
            self->quit();
          }};
}

struct Buffer {
  std::deque<double> items;
  std::deque<actor> waiting;  // producers
  std::deque<actor> free;     // consumers
  int producers = work::kProducers;
};

template <class T>
T take_first(std::deque<T>& from) {
  T first = std::move(from.front());
  from.pop_front();
  return first;
}

void end_when_over(stateful_actor<Buffer>* self) {
  Buffer& buffer = self->state;
  if (buffer.producers != 0 || buffer.free.size() != work::kConsumers) return;
  for (const actor& one : buffer.free) {
    self->send(one, Stop::value);
  }
  self->quit();
}

behavior manager(stateful_actor<Buffer>* self, std::uint64_t items_each, const actor& main) {
  const auto me = actor_cast<actor>(self);
  for (int i = 0; i < work::kConsumers; ++i) {
    self->state.free.push_back(self->spawn(consumer, me, main));
  }
  for (int i = 0; i < work::kProducers; ++i) {
    self->send(self->spawn(producer, me, items_each), Produce::value);
  }
  return {[=](double item, const actor& from) {
            Buffer& buffer = self->state;
            if (buffer.free.empty()) {
              buffer.items.push_back(item);
            } else {
              self->send(take_first(buffer.free), item);
            }
            if (buffer.items.size() >= work::kEnough) {
              buffer.waiting.push_back(from);
            } else {
              self->send(from, Produce::value);
            }
          },
          [=](Free, const actor& one) {
            Buffer& buffer = self->state;
            if (buffer.items.empty()) {
              buffer.free.push_back(one);
              end_when_over(self);
              return;
            }
            self->send(one, take_first(buffer.items));
            if (!buffer.waiting.empty()) self->send(take_first(buffer.waiting), Produce::value);
          },
          [=](Ended) {
            --self->state.producers;
            end_when_over(self);
          }};
}

}  // namespace

double bounded_buffer(const Effort& effort) {
  const std::uint64_t items = scaled(work::kItemsEach, effort);
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  const auto begin = SteadyClock::now();
  system.spawn(manager, items, actor_cast<actor>(self));
  double consumed = 0;
  for (int i = 0; i < work::kConsumers; ++i) {
    self->receive([&](double value) { consumed += value; });
  }
  const double seconds = seconds_since(begin);
  work::check(consumed, items);
  return seconds * static_cast<double>(work::kItemsEach) / static_cast<double>(items);
}

}  // namespace bench::caf_peer
