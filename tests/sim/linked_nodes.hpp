// SPDX-License-Identifier: Apache-2.0
#pragma once

// Three nodes of a World that are linked and talk, while the seed crashes, cuts, resets and mends
// what is between them; and a book of what was sent, so that anything that arrives twice, out of
// its order, or in another life than it was meant for is seen at once, and at the end whoever waits
// in vain.

#include "troupe/runtime/runtime.hpp"
#include "troupe/sim/world.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace troupe::linked {

using namespace std::chrono_literals;

// Of all lives of all nodes.
struct Book {
  struct Watched {
    std::string at;
    int downs = 0;
  };
  struct Watcher {
    std::string node;
    bool is_alive = true;
    std::size_t unanswered = 0;
    std::map<std::uint64_t, Watched> watched;  // by the handle
  };

  std::uint64_t tills = 0;
  std::vector<std::uint64_t> arrived;  // of each way: the last number
  std::size_t received = 0;
  std::vector<std::unique_ptr<Watcher>> watchers;
  bool is_over = false;  // nothing new is begun
  std::string wrong;     // what was, first

  void say(const std::string& what) {
    if (wrong.empty()) {
      wrong = what;
    }
  }
  Watcher& watcher(Context& context) {
    watchers.push_back(std::make_unique<Watcher>());
    watchers.back()->node = context.runtime().name();
    return *watchers.back();
  }
};

// The `number`th message by way `way`, meant for that life of the actor.
struct Note {
  std::uint64_t till = 0;
  std::uint64_t way = 0;
  std::uint64_t number = 0;
};
struct Counted {
  Note note;
};
struct Who {};

class Till final {
 public:
  using Accepts = Protocol<void(Note), std::uint64_t(Counted), std::uint64_t(Who)>;

  explicit Till(Book* book) : book_(*book), number_(++book->tills) {}

  void handle(const Note& note) {
    if (note.till != number_) {
      book_.say("a message reached another life than it was sent to");
    }
    if (note.number != ++book_.arrived.at(note.way)) {
      book_.say("message " + std::to_string(note.number) + " arrived where " +
                std::to_string(book_.arrived.at(note.way)) + " was the next");
    }
    ++book_.received;
  }
  std::uint64_t handle(const Counted& counted) {
    handle(counted.note);
    return counted.note.number;
  }
  std::uint64_t handle(Who /*who*/) const { return number_; }

 private:
  Book& book_;
  const std::uint64_t number_;
};

// Sends over one handle; watches it, and has its asks answered.
class Sender final {
 public:
  Sender(Book& book, Ref<Till> till, std::uint64_t meant)
      : book_(book), till_(till), meant_(meant), way_(book.arrived.size()) {
    book_.arrived.push_back(0);
  }

  void send() {
    if (till_.send(Note{meant_, way_, sent_ + 1})) {
      ++sent_;
    }
  }
  Future<std::uint64_t> ask() { return till_.ask_async(Counted{{meant_, way_, ++sent_}}, 1000h); }

 private:
  Book& book_;
  Ref<Till> till_;
  std::uint64_t meant_;
  std::uint64_t way_;
  std::uint64_t sent_ = 0;
};

// A handle that was given away: of a life that may be over when it arrives.
struct Give {
  Ref<Till> till;
  std::string at;
  std::uint64_t meant = 0;
};

class Clerk final {
 public:
  using Accepts = Protocol<void(Give)>;

  explicit Clerk(Book* book) : book_(*book) {}

  void handle(const Give& give, Context& context) {
    if (watcher_ == nullptr) {
      watcher_ = &book_.watcher(context);
    }
    if (watcher_->watched.try_emplace(give.till.target().number, Book::Watched{give.at}).second) {
      context.monitor(give.till);
    }
    Sender sender{book_, give.till, give.meant};
    for (int i = 0; i < 3; ++i) {
      sender.send();
    }
  }
  void handle(const Down& down) {
    if (++watcher_->watched[down.target.number].downs > 1) {
      book_.say("a clerk was told twice of one end");
    }
  }

 private:
  Book& book_;
  Book::Watcher* watcher_ = nullptr;
};

struct Tick {};

// Talks to the till of another node, whichever it is, and gives its handle to a clerk of a third.
class Teller final {
 public:
  Teller(Book* book, std::string there, std::string third)
      : book_(*book), there_(std::move(there)), third_(std::move(third)) {}

  void started(Context& context) {
    watcher_ = &book_.watcher(context);
    ticking_ = context.every(*this, 50ms, Tick{});
  }
  void handle(Tick /*tick*/, Context& context) {
    collect();
    if (book_.is_over || !find(context)) {
      return;
    }
    for (auto count = context.random() % 4; count > 0; --count) {
      sender_->send();
    }
    if (context.random() % 2 == 0) {
      answers_.push_back(sender_->ask());
    }
    if (clerk_ && context.random() % 4 == 0) {
      (void)clerk_.send(Give{till_, there_, meant_});
    }
    watcher_->unanswered = answers_.size();
  }
  void handle(const Down& down) {
    if (++watcher_->watched[down.target.number].downs > 1) {
      book_.say("a teller was told twice of one end");
    }
  }

 private:
  // Whether there is a till to send to: the last one, or another.
  bool find(Context& context) {
    if (!named_ && !reach(context)) {
      return false;
    }
    const auto till = named_.now();
    if (!till) {
      return false;
    }
    if (watcher_->watched.contains(till->target().number)) {
      return sender_.has_value() && till->target().number == till_.target().number;
    }
    const auto who = till->ask(Who{}, 500ms);
    if (!who) {
      return false;
    }
    watcher_->watched.emplace(till->target().number, Book::Watched{there_});
    context.monitor(*till);
    till_ = *till;
    meant_ = *who;
    sender_.emplace(book_, till_, meant_);
    return true;
  }
  bool reach(Context& context) {
    const auto node = context.runtime().connect("sim:" + there_, {}, 500ms);
    if (!node) {
      return false;
    }
    const auto named = node->find<Till>("till", 500ms);
    if (!named) {
      return false;
    }
    named_ = *named;
    if (const auto third = context.runtime().connect("sim:" + third_, {}, 500ms)) {
      clerk_ = third->find<Clerk>("clerk", 500ms).value_or(Named<Clerk>{});
    }
    return true;
  }
  void collect() {
    std::erase_if(answers_, [](Future<std::uint64_t>& each) {
      if (!each.ready()) {
        return false;
      }
      (void)each.get();
      return true;
    });
    watcher_->unanswered = answers_.size();
  }

  Book& book_;
  const std::string there_;
  const std::string third_;
  Book::Watcher* watcher_ = nullptr;
  Timer ticking_;
  Named<Till> named_;
  Named<Clerk> clerk_;
  Ref<Till> till_;
  std::uint64_t meant_ = 0;
  std::optional<Sender> sender_;
  std::vector<Future<std::uint64_t>> answers_;
};

inline sim::WorldOptions options() {
  sim::WorldOptions options;
  options.delivery = {.delay_most = 10ms};
  options.node.detection = 300ms;
  return options;
}

class Scenario final {
 public:
  // The book outlives the world, whose actors write in it.
  Scenario(Book& book, sim::World& world)
      : book_(book),
        world_(world),
        random_(static_cast<std::minstd_rand::result_type>(world.seed() + 1)) {}

  // What was wrong; nothing, if nothing was.
  std::string run() {
    begin_all();
    for (int i = 0; i < 5 && book_.wrong.empty(); ++i) {
      // Up to a step that the seed chooses.
      run_steps(300, 200ms);
      strike();
    }
    run_steps(300, 200ms);
    return finish();
  }
  // The same where nothing happens but that one node crashes after so many steps, and comes again.
  std::string run_with_crash(const std::string& name, unsigned step) {
    begin_all();
    (void)world_.run_until([&] { return step-- == 0; }, 1s);
    crash(name);
    run_steps(60, 60ms);
    begin(name);
    return finish();
  }

 private:
  static constexpr std::array kNodes{"bank", "desk", "shop"};

  void begin_all() {
    for (const char* const name : kNodes) {
      begin(name);
    }
  }
  // Mends everything, and looks whether all goes on, and all has an end.
  std::string finish() {
    for (const char* const name : kNodes) {
      for (const char* const other : kNodes) {
        if (name < other) {
          world_.heal(name, other);
          world_.link(name, other, options().delivery);
        }
      }
    }
    const std::size_t before = book_.received;
    if (!world_.run_until([&] { return book_.received > before + 5; }, 10s)) {
      book_.say("nobody reaches anybody, although nothing is wrong any more");
    }
    book_.is_over = true;
    crash("bank");
    // Who waits for a link gives that up at last.
    (void)world_.run_until([&] { return found().empty(); }, 30s);
    world_.run_for(300ms);  // in which nobody is told again
    if (const std::string what = found(); !what.empty()) {
      book_.say(what);
    }
    return book_.wrong;
  }

  void begin(const std::string& name) {
    Runtime& node = book_.tills > 0 && name == crashed_ ? world_.restart(name) : world_.node(name);
    (void)node.listen("sim:").value();
    (void)node.register_name("till", node.spawn<Till>(&book_));
    (void)node.register_name("clerk", node.spawn<Clerk>(&book_));
    if (name != "shop") {
      (void)node.spawn<Teller>(&book_, name == "bank" ? "desk" : "bank", "shop");
    }
    if (name == crashed_) {
      crashed_.clear();
    }
  }
  void crash(const std::string& name) {
    world_.crash(name);
    crashed_ = name;
    for (auto& watcher : book_.watchers) {
      watcher->is_alive = watcher->is_alive && watcher->node != name;
    }
  }
  // Something happens to a node, or between two.
  void strike() {
    const std::string a = kNodes[random_() % 3];
    const std::string b = a == "bank" ? "desk" : "bank";
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2: {
        crash(a);
        run_steps(60, 60ms);
        begin(a);
        break;
      }
      case 3:
        world_.cut(a, b);
        break;
      case 4:
        world_.cut_one_way(a, b);
        break;
      case 5:
        world_.heal(a, b);
        break;
      case 6:
        world_.link(a, b, {.loss = 0.02, .delay_most = 20ms});
        break;
      default:
        break;
    }
  }
  void run_steps(unsigned most, Duration limit) {
    auto steps = random_() % most;
    (void)world_.run_until([&] { return steps-- == 0; }, limit);
  }
  // What has no end yet, or more than one, now that the bank has crashed.
  std::string found() const {
    for (const auto& watcher : book_.watchers) {
      if (!watcher->is_alive) {
        continue;
      }
      if (watcher->unanswered > 0) {
        return std::to_string(watcher->unanswered) + " asks of " + watcher->node + " have no end";
      }
      for (const auto& [number, each] : watcher->watched) {
        if (each.at == "bank" && each.downs != 1) {
          return "who watches on " + watcher->node + " was told " + std::to_string(each.downs) +
                 " times";
        }
      }
    }
    return {};
  }

  Book& book_;
  sim::World& world_;
  std::minstd_rand random_;
  std::string crashed_;
};

}  // namespace troupe::linked
