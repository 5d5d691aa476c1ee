// SPDX-License-Identifier: Apache-2.0
#include "bounded_buffer.hpp"
#include "our_actors.hpp"
#include "troupe/troupe.hpp"

#include <deque>
#include <utility>

namespace bench {
namespace {

namespace work = bounded_buffer;

using troupe::Context;
using troupe::Ref;

class Manager;
class Producer;
class Consumer;

using Report = troupe::Protocol<void(double)>;

struct Produce {};
struct Ended {};
struct Stop {};
struct Consume {
  double value = 0;
};
struct Produced {
  double value = 0;
  Ref<Producer> from;
};
struct Free {
  Ref<Consumer> one;
};
struct Begin {
  std::uint64_t items_each = 0;
};

class Producer {
 public:
  Producer(Ref<Manager> manager, std::uint64_t items) : manager_(manager), left_(items) {}
  void handle(Produce produce, Context& context);

 private:
  Ref<Manager> manager_;
  std::uint64_t left_;
  double last_ = 0;
};

class Consumer {
 public:
  Consumer(Ref<Manager> manager, Ref<Report> main) : manager_(manager), main_(main) {}
  void handle(Consume item, Context& context);
  void handle(Stop /*stop*/) { main_.send(double{value_}); }

 private:
  Ref<Manager> manager_;
  Ref<Report> main_;
  double value_ = 0;
};

template <class T>
T take_first(std::deque<T>& from) {
  T first = std::move(from.front());
  from.pop_front();
  return first;
}

class Manager {
 public:
  explicit Manager(Ref<Report> main) : main_(main) {}

  void handle(Begin begin, Context& context) {
    const auto me = context.self_as<Manager>();
    for (int i = 0; i < work::kConsumers; ++i) {
      free_.push_back(context.spawn<Consumer>(me, main_));
    }
    for (int i = 0; i < work::kProducers; ++i) {
      context.spawn<Producer>(me, begin.items_each).send(Produce{});
    }
  }
  void handle(Produced item) {
    if (free_.empty()) {
      items_.push_back(item.value);
    } else {
      take_first(free_).send(Consume{item.value});
    }
    if (items_.size() >= work::kEnough) {
      waiting_.push_back(item.from);
    } else {
      item.from.send(Produce{});
    }
  }
  void handle(Free free) {
    if (items_.empty()) {
      free_.push_back(free.one);
      end_when_over();
      return;
    }
    free.one.send(Consume{take_first(items_)});
    if (!waiting_.empty()) take_first(waiting_).send(Produce{});
  }
  void handle(Ended /*ended*/) {
    --producers_;
    end_when_over();
  }

 private:
  void end_when_over() {
    if (producers_ != 0 || free_.size() != work::kConsumers) return;
    for (const auto& one : free_) {
      one.send(Stop{});
    }
  }

  Ref<Report> main_;
  std::deque<double> items_;
  std::deque<Ref<Producer>> waiting_;
  std::deque<Ref<Consumer>> free_;
  int producers_ = work::kProducers;
};

void Producer::handle(Produce /*produce*/, Context& context) {
  if (left_-- == 0) {
    manager_.send(Ended{});
    context.stop();
    return;
  }
  last_ = work::process(last_);
  manager_.send(Produced{last_, context.self_as<Producer>()});
}

void Consumer::handle(Consume item, Context& context) {
  value_ = work::process(value_ + item.value);
  manager_.send(Free{context.self_as<Consumer>()});
}

}  // namespace

double our_bounded_buffer(const Effort& effort) {
  const std::uint64_t items = scaled(work::kItemsEach, effort);
  troupe::Runtime runtime{{}};
  troupe::Inbox<Report> main{runtime};
  const auto begin = SteadyClock::now();
  runtime.spawn<Manager>(main.ref()).send(Begin{items});
  double consumed = 0;
  for (int i = 0; i < work::kConsumers; ++i) {
    main.receive([&](double value) { consumed += value; }).value();
  }
  const double seconds = seconds_since(begin);
  work::check(consumed, items);
  return seconds * static_cast<double>(work::kItemsEach) / static_cast<double>(items);
}

}  // namespace bench
