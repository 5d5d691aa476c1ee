// SPDX-License-Identifier: Apache-2.0
#pragma once

// A queue on one node of a World, and producers, consumers and a collector on others, while the
// seed crashes clients, cuts and mends what is between; and a book of what each was told, so that
// what was accepted and is lost, acknowledged and delivered again, delivered twice without saying
// so, or emitted twice is seen at once, and at the end whoever waits in vain. A node stands for a
// process; what they run is the library's own.

#include "troupe/runtime/queue/queue.hpp"
#include "troupe/runtime/runtime.hpp"
#include "troupe/sim/world.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::queued {

using namespace std::chrono_literals;
using Numbers = Queue<std::uint64_t>;

// Of all lives of all nodes.
struct Book {
  std::uint64_t lives = 0;
  std::set<std::uint64_t> put;        // or may have been
  std::set<std::uint64_t> accepted;   // as a producer was told
  std::set<std::uint64_t> delivered;  // to a program
  std::set<std::uint64_t> finished;   // as a consumer was told
  std::set<std::uint64_t> emitted;    // what has come out
  std::set<std::uint64_t> noted;      // what has come out of what was put under a lease
  std::map<std::string, std::shared_ptr<bool>> alive;  // by node
  int producing = 0;
  int consuming = 0;
  bool is_over = false;  // no producer begins with anything new
  bool emits_ended = false;
  bool notes_ended = false;
  std::string wrong;  // what was, first

  void say(const std::string& what, std::uint64_t number) {
    if (wrong.empty()) {
      wrong = what + ": " + std::to_string(number);
    }
  }
  std::shared_ptr<bool> begin(const std::string& node) {
    return alive[node] = std::make_shared<bool>(true);
  }
};

// What a process does, in a node of its own. A crash ends it in the middle.
class Program {
 public:
  Program(Book* book, Runtime* node)
      : book_(*book), alive_(book->begin(node->name())), life_(++book->lives) {}

 protected:
  // Whether what happens here happens at all.
  bool is_alive() const noexcept { return *alive_; }
  Book& book() const noexcept { return book_; }
  std::uint64_t life() const noexcept { return life_; }
  // Not, once its node is to stop.
  void pause(Context& context) const {
    if (!context.sleep(10ms)) {
      *alive_ = false;
    }
  }
  static Numbers open(Context& context, const char* name) {
    auto queue = Numbers::open(context.runtime(), std::string{"sim:owner/"} + name, 1h);
    return queue ? *std::move(queue) : Numbers{};
  }

 private:
  Book& book_;
  const std::shared_ptr<bool> alive_;
  const std::uint64_t life_;
};

class Producer final : public Program {
 public:
  using Program::Program;

  void started(Context& context) {
    ++book().producing;
    while (is_alive() && !book().is_over) {
      produce(context);
    }
    --book().producing;
    context.stop();
  }

 private:
  // Until something fails.
  void produce(Context& context) {
    const Numbers in = open(context, "in");
    std::vector<std::uint64_t> unconfirmed;
    Result<void> fine;
    while (fine && is_alive() && !book().is_over) {
      const std::uint64_t number = (life() << 16U) + ++last_;
      book().put.insert(number);
      fine = put(context, in, number);
      unconfirmed.push_back(number);
      if (fine && context.random() % 4 == 0) {
        fine = in.flush();
        if (fine && is_alive()) {
          book().accepted.insert(unconfirmed.begin(), unconfirmed.end());
          unconfirmed.clear();
        }
        (void)context.sleep(std::chrono::milliseconds{context.random() % 10});
      }
    }
    if (fine && in.flush() && is_alive()) {
      book().accepted.insert(unconfirmed.begin(), unconfirmed.end());
    }
    if (!fine) {
      pause(context);
    }
  }
  static Result<void> put(Context& context, const Numbers& in, std::uint64_t number) {
    switch (context.random() % 6) {
      case 0:
        return in.put_with(number, {.delay = std::chrono::milliseconds{context.random() % 20}});
      case 1:
        return in.put_with(number, {.priority = static_cast<std::int32_t>(context.random() % 2)});
      default:
        return in.put(number);
    }
  }

  std::uint64_t last_ = 0;
};

class Consumer final : public Program {
 public:
  using Program::Program;

  void started(Context& context) {
    ++book().consuming;
    while (is_alive() && !ended_) {
      consume(context);
    }
    --book().consuming;
    context.stop();
  }

 private:
  // Until something fails, or it has had enough of this connection.
  void consume(Context& context) {
    const Numbers in = open(context, "in");
    const Numbers out = open(context, "out");
    const Numbers notes = open(context, "notes");
    acknowledged_.clear();
    try {
      for (auto& delivery : in) {
        if (!is_alive()) {
          return;
        }
        note(delivery);
        work(context, delivery, out, notes);
        if (context.random() % 8 == 0 && !confirm(in, out, notes)) {
          return;
        }
        if (context.random() % 16 == 0) {
          return;  // what the loop has in hand and in advance goes back
        }
      }
      ended_ = is_alive();
    } catch (const Error& /*error*/) {
      pause(context);
    }
  }
  void note(const Delivery<std::uint64_t>& delivery) {
    const std::uint64_t number = *const_cast<Delivery<std::uint64_t>&>(delivery);
    if (book().finished.contains(number)) {
      book().say("delivered again after its owner had the acknowledgement", number);
    }
    if (!book().delivered.insert(number).second && delivery.deliveries() == 1) {
      book().say("delivered again without saying so", number);
    }
  }
  void work(Context& context, Delivery<std::uint64_t>& delivery, const Numbers& out,
            const Numbers& notes) {
    if (context.random() % 4 == 0) {
      (void)context.sleep(std::chrono::milliseconds{context.random() % 8});
    }
    const std::uint64_t number = *delivery;
    if (context.random() % 8 == 0) {
      (void)delivery.give_back(std::chrono::milliseconds{context.random() % 5});
      return;
    }
    if (!notes.put(number)) {  // not emitted: there at least once
      (void)delivery.give_back();
      return;
    }
    (void)delivery.emit(out, number);
    if (delivery.ack()) {
      acknowledged_.push_back(number);
    }
  }
  // The owner has what was acknowledged before: it has answered what was asked afterwards, and what
  // was put before has arrived (else it would have been given back).
  bool confirm(const Numbers& in, const Numbers& out, const Numbers& notes) {
    const bool answered = out.flush(1h) && notes.flush(1h) && in.stats(1h) && is_alive();
    if (answered) {
      book().finished.insert(acknowledged_.begin(), acknowledged_.end());
      acknowledged_.clear();
    }
    return answered;
  }

  std::vector<std::uint64_t> acknowledged_;  // over this connection
  bool ended_ = false;
};

// Takes what comes out of one queue; in the owner's process, or elsewhere.
class Collector final : public Program {
 public:
  Collector(Book* book, Runtime* node, Numbers from, bool may_repeat)
      : Program(book, node), from_(std::move(from)), may_repeat_(may_repeat) {}

  void started(Context& context) {
    for (;;) {
      const auto number = from_.get();
      if (!number && number.error() == Code::closed) {
        (may_repeat_ ? book().notes_ended : book().emits_ended) = true;
      }
      if (!number) {
        break;
      }
      auto& seen = may_repeat_ ? book().noted : book().emitted;
      if (!seen.insert(*number).second && !may_repeat_) {
        book().say("emitted twice", *number);
      }
    }
    context.stop();
  }

 private:
  const Numbers from_;
  const bool may_repeat_;
};

// Ends the queues, one after the other, once nothing more is put.
class Closer final {
 public:
  Closer(Book* book, Numbers in, Numbers out, Numbers notes)
      : book_(*book), in_(std::move(in)), out_(std::move(out)), notes_(std::move(notes)) {}

  void started(Context& context) {
    while (book_.producing > 0) {
      (void)context.sleep(5ms);
    }
    (void)in_.close(1h);
    (void)in_.join(1h);
    (void)out_.close(1h);
    (void)notes_.close(1h);
    context.stop();
  }

 private:
  Book& book_;
  const Numbers in_;
  const Numbers out_;
  const Numbers notes_;
};

inline sim::WorldOptions options() {
  sim::WorldOptions options;
  options.delivery = {.delay_most = 3ms};
  return options;
}

inline QueueOptions small(std::size_t capacity) {
  QueueOptions options;
  options.capacity = capacity;
  options.deliveries = 1000;
  options.retry_delay = 2ms;
  options.connect.lost_after = 60ms;  // some come again, some are gone by then
  return options;
}

class Scenario final {
 public:
  // The book outlives the world, whose actors write in it.
  Scenario(Book& book, sim::World& world)
      : book_(book),
        world_(world),
        random_(static_cast<std::minstd_rand::result_type>(world.seed() + 1)),
        owner_(world.node("owner")),
        in_(Numbers::create(owner_, "sim:owner/in", small(5)).value()),
        out_(Numbers::create(owner_, "sim:owner/out", small(3)).value()),
        notes_(Numbers::create(owner_, "sim:owner/notes", small(64)).value()) {}

  // What was wrong; nothing, if nothing was.
  std::string run() {
    begin_all();
    for (int i = 0; i < 4 && book_.wrong.empty(); ++i) {
      // Up to a step that the seed chooses.
      run_steps(400, 40ms);
      strike();
    }
    run_steps(200, 20ms);
    return finish();
  }
  // The same where nothing happens but that one node crashes after so many steps, and comes again.
  std::string run_with_crash(const std::string& name, unsigned step) {
    begin_all();
    (void)world_.run_until([&] { return step-- == 0; }, 100ms);
    crash_and_restart(name);
    return finish();
  }

 private:
  static constexpr std::array kNodes{"alice", "bob", "carol", "dave"};

  void begin_all() {
    owner_.spawn<Collector>(&book_, &owner_, notes_, true);
    owner_.spawn<Collector>(&book_, &owner_, out_, false);
    for (const char* const name : kNodes) {
      begin(world_.node(name));
    }
  }
  void begin(Runtime& node) {
    const bool produces = node.name() == "alice" || node.name() == "bob";
    if (produces) {
      (void)node.spawn<Producer>(&book_, &node);
    } else {
      (void)node.spawn<Consumer>(&book_, &node);
    }
  }
  void crash_and_restart(const std::string& name) {
    *book_.alive[name] = false;
    world_.crash(name);
    run_steps(60, 20ms);
    begin(world_.restart(name));
  }
  // Something happens to a client, or between it and the owner.
  void strike() {
    const std::string name = kNodes[random_() % 4];
    switch (random_() % 8) {
      case 0:
        world_.cut("owner", name);
        break;
      case 1:
        world_.cut_one_way("owner", name);
        break;
      case 2:
        world_.cut_one_way(name, "owner");
        break;
      case 3:
        world_.heal("owner", name);
        break;
      case 4:
        world_.link("owner", name, {.loss = 0.03, .delay_most = 20ms});
        break;
      default:
        crash_and_restart(name);
        break;
    }
  }
  void run_steps(unsigned most, Duration limit) {
    auto steps = random_() % most;
    (void)world_.run_until([&] { return steps-- == 0; }, limit);
  }
  // Lets all come to its end, and looks whether all is there.
  std::string finish() {
    for (const char* const name : kNodes) {
      world_.heal("owner", name);
      world_.link("owner", name, options().delivery);
    }
    book_.is_over = true;
    (void)owner_.spawn<Closer>(&book_, in_, out_, notes_);
    const bool has_ended = world_.run_until(
        [&] {
          return !book_.wrong.empty() ||
                 (book_.emits_ended && book_.notes_ended && book_.consuming == 0);
        },
        20min);
    if (!has_ended) {
      book_.say("there is no end; still consuming", static_cast<std::uint64_t>(book_.consuming));
    }
    if (book_.wrong.empty()) {
      compare();
    }
    return book_.wrong;
  }
  void compare() {
    for (const std::uint64_t number : book_.accepted) {
      if (!book_.emitted.contains(number)) {
        book_.say("accepted, and never came out", number);
      }
    }
    for (const std::uint64_t number : book_.emitted) {
      if (!book_.put.contains(number)) {
        book_.say("came out, and nobody has put it", number);
      }
      if (!book_.noted.contains(number)) {
        book_.say("acknowledged, and what was put before is lost", number);
      }
    }
  }

  Book& book_;
  sim::World& world_;
  std::minstd_rand random_;
  Runtime& owner_;
  const Numbers in_;
  const Numbers out_;
  const Numbers notes_;
};

}  // namespace troupe::queued
