// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/state.hpp"

#include "troupe/base/check.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::sim {
namespace {

using std::chrono::milliseconds;

constexpr Instant kBegin{std::chrono::hours{1}};

const std::string* text_or_null(Node* node, std::uint64_t number) {
  return node != nullptr ? &node->text_of(number) : nullptr;
}

}  // namespace

State::State(std::uint64_t seed, WorldOptions options)
    : seed_(seed),
      options_(std::move(options)),
      clock_(kBegin),
      clock_scope_(clock_),
      random_(seed),
      trace_(kBegin) {}

State::~State() {
  // From now on nothing is carried; then none ends before all have stopped.
  for (auto& node : nodes_) {
    node->silence();
  }
  for (const Due& due : mail_.take_all(nullptr)) {
    lose(due, {Code::cancelled, "ask: the world ends"});
  }
  for (auto& node : nodes_) {
    (void)node->runtime().stop();
  }
  while (!nodes_.empty()) {
    nodes_.pop_back();
  }
}

// ---- nodes -------------------------------------------------------------------------------------

Node* State::find(std::string_view name) noexcept {
  const auto found = std::ranges::find(up_, name, &Node::name);
  return found != up_.end() ? *found : nullptr;
}

bool State::knows(std::string_view name) const {
  return lives_.find(name) != lives_.end();
}

RuntimeOptions State::options_for(std::string_view name, const std::string& label) {
  RuntimeOptions options = options_.node;
  options.name = std::string{name};
  options.workers = 1;
  options.own_threads = false;
  options.signals = SignalPolicy::leave_alone;
  options.log = [this, label, outer = options_.node.log](const LogRecord& record) {
    const auto node = std::ranges::find(nodes_, label, &Node::label);
    if (node != nodes_.end()) {
      Event logged = event(Event::Kind::log, **node);
      logged.text = "log: " + record.message();
      trace_.add(std::move(logged));
    }
    if (outer) {
      outer(record);
    }
  };
  randoms_.push_back(std::make_unique<SeededRandom>(hash_of(label, seed_ ^ kHashBegin)));
  options.ports = [this, random = randoms_.back().get()] {
    const auto step_world = [this](Deadline until) { return step(until); };
    Ports ports;
    ports.clock = &clock_;
    ports.random = random;
    ports.executor = no_executor();
    // The later one begins later, or is at least another.
    ports.life =
        Life{static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()) + nodes_.size(),
             static_cast<int>(nodes_.size()) + 1};
    ports.poller = stepping_poller(step_world);
    ports.spin = false;
    ports.scheduler.own_threads = false;
    ports.scheduler.quantum = 1;
    ports.scheduler.choose = [this](std::size_t count) {
      return static_cast<std::size_t>(random_.below(count));
    };
    ports.scheduler.idle = step_world;
    return ports;
  };
  return options;
}

Node& State::begin(std::string_view name) {
  const unsigned life = ++lives_[std::string{name}];
  std::string label{name};
  if (life > 1) {
    label += "#" + std::to_string(life);
  }
  const RuntimeOptions options = options_for(name, label);
  nodes_.push_back(std::make_unique<Node>(*this, std::string{name}, label, options));
  up_.push_back(nodes_.back().get());
  trace_.add(event(Event::Kind::node_began, *up_.back()));
  return *up_.back();
}

void State::crash(Node& node) {
  TROUPE_CHECK(fiber::Scheduler::current() == nullptr && "a handler cannot crash a node");
  trace_.add(event(Event::Kind::node_crashed, node));
  node.silence();
  std::erase(up_, &node);
  for (const Due& due : mail_.take_all(&node)) {
    lose(due, {Code::disconnected, "ask: the node " + node.name() + " crashed"});
  }
  network_.crash(node);
  node.kill_all();
  node.runtime().request_stop();
  (void)node.system().stop(milliseconds{1});
}

void State::kill(const actor::Target& target) {
  const auto node = std::ranges::find_if(up_, [&](Node* each) {
    return target.cell != nullptr && &each->runtime() == &actor::runtime_of(target);
  });
  if (node != up_.end()) {
    const Duration within = std::max<Duration>(options_.delivery.delay_most, milliseconds{1});
    const auto when = random_.below(static_cast<std::uint64_t>(within.count()));
    mail_.add({.when = clock_.now() + Duration{static_cast<Duration::rep>(when)},
               .kind = Due::Kind::kill,
               .node = *node,
               .target = target});
  }
}

// ---- messages ----------------------------------------------------------------------------------

State::Link& State::between(std::string_view a, std::string_view b) {
  return links_[a < b ? std::pair{std::string{a}, std::string{b}}
                      : std::pair{std::string{b}, std::string{a}}];
}

void State::cut(std::string_view a, std::string_view b, bool is_cut) {
  set_cut(a, b, is_cut);
  set_cut(b, a, is_cut);
  note_link(a, std::string{is_cut ? "is cut off from " : "has a way again to "} + std::string{b});
}

void State::cut_one_way(std::string_view from, std::string_view to) {
  set_cut(from, to, true);
  note_link(from, "has no way to " + std::string{to});
}

void State::set_cut(std::string_view from, std::string_view to, bool is_cut) {
  const std::pair way{std::string{from}, std::string{to}};
  if (is_cut) {
    cut_.insert(way);
  } else {
    cut_.erase(way);
  }
  network_.set_cut(from, to, is_cut);
}

bool State::is_cut(const std::string& from, const std::string& to) {
  return cut_.contains({from, to});
}

Duration State::delay(const std::string& from, const std::string& to) {
  const Link& link = between(from, to);
  return delay_of(link.has_faults ? link.faults : options_.delivery);
}

bool State::is_lost(const std::string& from, const std::string& to) {
  const Link& link = between(from, to);
  return link.faults.loss > 0 && random_.part() < link.faults.loss;
}

void State::note(const Node& node, std::string what) {
  Event noted = event(Event::Kind::linked, node);
  noted.text = std::move(what);
  trace_.add(std::move(noted));
}

void State::link(std::string_view a, std::string_view b, const Faults& faults) {
  Link& link = between(a, b);
  link.faults = faults;
  link.has_faults = true;
  note_link(a, "has other faults on its way to " + std::string{b});
}

void State::note_link(std::string_view name, std::string text) {
  if (const Node* const node = find(name); node != nullptr) {
    note(*node, std::move(text));
  }
}

Duration State::delay_of(const Faults& faults) {
  const Duration spread = std::max(faults.delay_most - faults.delay_least, Duration::zero());
  const auto more = random_.below(static_cast<std::uint64_t>(spread.count()) + 1);
  return faults.delay_least + Duration{static_cast<Duration::rep>(more)};
}

Node* State::running() noexcept {
  const fiber::Scheduler* const scheduler = fiber::Scheduler::current();
  const auto found = std::ranges::find_if(nodes_, [scheduler](const auto& node) {
    return node->runtime().started_scheduler() == scheduler;
  });
  return scheduler != nullptr && found != nodes_.end() ? found->get() : nullptr;
}

void State::send(Node* from, std::uint64_t sender, Node& to, const actor::Target& target,
                 actor::Envelope& envelope) {
  const Instant now = clock_.now();
  Event sent = event(Event::Kind::sent, to);
  sent.actor = &to.text_of(target.number);
  sent.other_node = from != nullptr ? &from->label() : nullptr;
  sent.other = text_or_null(from, sender);
  sent.message = envelope.operations->type->name;
  Due due{.kind = Due::Kind::letter,
          .node = &to,
          .target = target,
          .from = from,
          .envelope = &envelope};
  const Link* const link =
      from != nullptr && from->name() != to.name() ? &between(from->name(), to.name()) : nullptr;
  if (link != nullptr && (is_cut(from->name(), to.name()) || random_.part() < link->faults.loss)) {
    sent.kind = Event::Kind::lost;
    trace_.add(std::move(sent));
    actor::AnswerBase* const answer =
        envelope.operations->answer != nullptr ? envelope.operations->answer(envelope) : nullptr;
    due.kind = Due::Kind::lost;
    due.when = answer != nullptr ? answer->deadline() : now;
    mail_.add(due);
    return;
  }
  const Faults& faults = link != nullptr && link->has_faults ? link->faults : options_.delivery;
  due.when = mail_.in_turn({from, sender, &to, target.number}, now + delay_of(faults), now);
  sent.delay = due.when - now;
  trace_.add(std::move(sent));
  mail_.add(due);
}

void State::lose(const Due& due, const Error& why) {
  if (due.envelope != nullptr) {
    due.node->arrived(due.target.number);
    due.node->system().lose(due.target, *due.envelope, why);
  }
}

void State::deliver(const Due& due) {
  switch (due.kind) {
    case Due::Kind::letter:
      due.node->arrived(due.target.number);
      due.node->system().arrive(due.target, *due.envelope);
      break;
    case Due::Kind::lost:
      lose(due, {Code::timed_out, "ask: it was lost between two nodes"});
      break;
    case Due::Kind::kill: {
      Event killed = event(Event::Kind::killed, *due.node);
      killed.actor = &due.node->text_of(due.target.number);
      trace_.add(std::move(killed));
      due.node->kill(due.target);
      break;
    }
  }
}

bool State::deliver_due() {
  bool any = false;
  while (const auto due = mail_.take_due(clock_.now())) {
    deliver(*due);
    any = true;
  }
  return network_.deliver_due() || any;
}

// ---- time --------------------------------------------------------------------------------------

bool State::run_one() {
  const std::size_t count = up_.size();
  const auto first = static_cast<std::size_t>(random_.below(count));
  for (std::size_t i = 0; i < count; ++i) {
    if (up_[(first + i) % count]->runtime().scheduler().poll_once(1) > 0) {
      return true;
    }
  }
  return false;
}

Instant State::next_event() const {
  Instant next = std::min(mail_.first(), network_.next());
  for (Node* const node : up_) {
    next = std::min(next, node->runtime().scheduler().next_timer());
  }
  return next;
}

bool State::step(Deadline until) {
  TROUPE_CHECK(fiber::Scheduler::current() == nullptr && "a handler cannot drive its world");
  // What has arrived may be all that is waited for.
  const bool arrived = deliver_due();
  if (run_one() || arrived) {
    return true;
  }
  const Instant next = next_event();
  if (next > until.when() || next == Instant::max()) {
    if (!until.is_never()) {
      clock_.move_to(until.when());
    }
    return false;
  }
  clock_.move_to(next);
  return true;
}

// ---- the trace ---------------------------------------------------------------------------------

Event State::event(Event::Kind kind, const Node& node) const {
  Event event;
  event.when = clock_.now();
  event.kind = kind;
  event.node = &node.label();
  return event;
}

void State::note_spawned(Node& node, std::uint64_t number) {
  Event spawned = event(Event::Kind::spawned, node);
  spawned.actor = &node.text_of(number);
  trace_.add(std::move(spawned));
}

void State::note_handles(Node& node, std::uint64_t number, const actor::MessageType& message) {
  Event handles = event(Event::Kind::handles, node);
  handles.actor = &node.text_of(number);
  handles.message = message.name;
  trace_.add(std::move(handles));
}

void State::note_ended(Node& node, std::uint64_t number, const Exit& reason) {
  Event ended = event(Event::Kind::ended, node);
  ended.actor = &node.text_of(number);
  ended.text = reason.text();
  trace_.add(std::move(ended));
}

}  // namespace troupe::sim
