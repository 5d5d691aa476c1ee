// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/popen.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/process/internal/child.hpp"
#include "troupe/runtime/process/internal/command.hpp"
#include "troupe/runtime/process/internal/exchange.hpp"
#include "troupe/runtime/process/internal/family.hpp"
#include "troupe/transports/pipe/pipe_transport.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGTERM is POSIX

#include <chrono>
#include <utility>

namespace troupe::subprocess {

using process::Child;
using process::Exchange;
using process::Family;

// A stream is the exchange's descriptor until it is first asked for as a Connection, and again once
// communicate has taken it back.
struct Popen::State {
  RuntimeCore* runtime = nullptr;
  std::shared_ptr<Family> family;
  std::shared_ptr<Child> child;
  Options options;
  Exchange exchange;
  Connection in;
  Connection out;
  Connection err;
  bool communicating = false;

  ~State() {
    // Not through the graceful close of what would still be sent: nobody is to read it.
    family->let_go(child);
  }

  Connection connect(UniqueFd input, UniqueFd output) const {
    return Connection{*runtime,
                      transports::make_pipe_connection(
                          std::move(input), std::move(output), Address{"pipe:"},
                          {.framing = options.framing, .max_message = options.max_message})};
  }
  Connection& reading(Connection& connection, Exchange::Output& output) const {
    if (output.fd) connection = connect(std::move(output.fd), {});
    return connection;
  }
  // Past a deadline or a bound: ends it with its group, within its grace, and reads what is left.
  Result<void> end();
  Result<void> take_back(Deadline until);
  static Result<void> take_back(Connection& connection, Exchange::Output& output);
};

namespace {

Error empty() {
  return Error{Code::closed, "this Popen is empty: it was moved from, or never started"};
}

}  // namespace

Popen::Popen() noexcept = default;
Popen::Popen(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Popen::Popen(Popen&&) noexcept = default;
Popen& Popen::operator=(Popen&&) noexcept = default;
Popen::~Popen() = default;

// NOLINTBEGIN(performance-unnecessary-value-param): written as a list at the call
Result<Popen> Popen::start(RuntimeCore& runtime, std::vector<std::string> command,
                           Options options) {
  return start_as(runtime, command, std::move(options), false);
}

Result<Popen> Popen::start(std::vector<std::string> command, Options options) {
  RuntimeCore* const runtime = RuntimeCore::current();
  if (runtime == nullptr) {
    return Error{Code::invalid_argument,
                 "start a program: this thread has no current runtime; name one, or make a "
                 "Runtime::Scope"};
  }
  return start_as(*runtime, command, std::move(options), false);
}
// NOLINTEND(performance-unnecessary-value-param)

Result<Popen> Popen::start_as(RuntimeCore& runtime, const std::vector<std::string>& command,
                              Options options, bool of_run) {
  const auto& family = runtime.family();
  if (family == nullptr) {
    return Error{Code::invalid_argument, "start a program: this runtime has no processes"};
  }
  auto prepared = process::prepare(command, options, of_run);
  if (!prepared) return prepared.error();
  const os::Group group = prepared->program.group;
  auto child = family->start_program(
      prepared->program, {.name = prepared->name,
                          .detached = options.detached,
                          .grace = options.grace,
                          .leads_group = group == os::Group::own || group == os::Group::session});
  if (!child) return child.error();
  auto state = std::make_unique<State>();
  state->runtime = &runtime;
  state->family = family;
  state->child = std::move(*child);
  state->options = std::move(options);
  state->exchange.in = std::move(prepared->in);
  state->exchange.out.fd = std::move(prepared->out);
  state->exchange.err.fd = std::move(prepared->err);
  state->exchange.limit = state->options.max_output;
  return Popen{std::move(state)};
}

Connection& Popen::in() {
  static thread_local Connection none;
  if (state_ == nullptr) return none;
  if (state_->exchange.in && !state_->communicating) {
    state_->in = state_->connect({}, std::move(state_->exchange.in));
  }
  return state_->in;
}

Connection& Popen::out() {
  static thread_local Connection none;
  return state_ != nullptr ? state_->reading(state_->out, state_->exchange.out) : none;
}

Connection& Popen::err() {
  static thread_local Connection none;
  return state_ != nullptr ? state_->reading(state_->err, state_->exchange.err) : none;
}

Result<void> Popen::State::take_back(Connection& connection, Exchange::Output& output) {
  auto handover = connection.hand_over();
  if (!handover) {
    return handover.error() == Code::closed ? Result<void>{} : Result<void>{handover.error()};
  }
  output.text += text_of(handover->received.bytes());
  output.fd = std::move(handover->input);
  connection.close();
  return {};
}

Result<void> Popen::State::take_back(Deadline until) {
  if (auto flushed = in.flush(until); flushed) {
    auto handover = in.hand_over();
    if (!handover) return handover.error();
    exchange.in = std::move(handover->output);
    in.close();
  } else if (flushed.error() == Code::timed_out || flushed.error() == Code::cancelled) {
    return flushed;
  } else {
    in.close();  // it reads no more
  }
  auto taken = take_back(out, exchange.out);
  return taken ? take_back(err, exchange.err) : taken;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): moved on
Result<Completed> Popen::communicate(std::string input, Deadline until) {
  if (state_ == nullptr) return empty();
  const std::string doing = "communicate with " + state_->child->who();
  if (auto taken = state_->take_back(until); !taken) return taken.error().within(doing);
  if (!input.empty() && (state_->communicating || !state_->exchange.in)) {
    return Error{
        Code::invalid_argument,
        doing + (state_->communicating ? ": an earlier call has given it its input"
                                       : ": its input is no pipe, or closed; set Options::in")};
  }
  if (!state_->communicating) {
    state_->exchange.input = std::move(input);
    state_->communicating = true;
  }
  auto outcome =
      state_->exchange.run(*state_->runtime, *state_->child, until, state_->options.linger);
  if (!outcome) return outcome.error().within(doing);
  if (*outcome == Exchange::Outcome::timed_out) {
    return Error{Code::timed_out, doing +
                                      ": the deadline passed; it runs still, and another call "
                                      "goes on where this one ended"};
  }
  Completed completed;
  completed.held_open = *outcome == Exchange::Outcome::held_open;
  completed.truncated = *outcome == Exchange::Outcome::too_much;
  if (completed.truncated) {
    state_->exchange.give_up_outputs();
    if (auto ended = state_->end(); !ended) return ended.error().within(doing);
  }
  completed.exit = state_->child->exit().value_or(Exit{});
  state_->child->release();
  completed.out = std::move(state_->exchange.out.text);
  completed.err = std::move(state_->exchange.err.text);
  return completed;
}

Result<Exit> Popen::wait(Deadline until) {
  if (state_ == nullptr) return empty();
  auto exit = state_->family->join(*state_->child, until);
  if (exit) state_->child->release();
  return exit;
}

std::optional<Exit> Popen::poll() {
  if (state_ == nullptr) return std::nullopt;
  auto exit = state_->family->exit(*state_->child);
  if (exit) state_->child->release();
  return exit;
}

Result<void> Popen::signal(int number) {
  if (state_ == nullptr) return empty();
  return state_->family->signal(*state_->child, number);
}
Result<void> Popen::terminate() {
  return signal(SIGTERM);
}
Result<void> Popen::kill() {
  return signal(SIGKILL);
}

Result<void> Popen::signal_group(int number) {
  if (state_ == nullptr) return empty();
  if (state_->family->is_copy()) return signal(number);
  return state_->child->tell(number);
}

pid_t Popen::pid() const noexcept {
  return state_ != nullptr ? state_->child->facts().pid : 0;
}

int Popen::ready_fd() const noexcept {
  return state_ != nullptr ? state_->child->sentinel() : -1;
}

Result<void> Popen::State::end() {
  using Outcome = Exchange::Outcome;
  constexpr Duration kKillTime = std::chrono::seconds{10};
  const auto go_on = [this](Deadline until, Duration linger) {
    auto outcome = exchange.run(*runtime, *child, until, linger);
    if (outcome && *outcome == Outcome::too_much) {
      exchange.give_up_outputs();
      outcome = exchange.run(*runtime, *child, until, linger);
    }
    return outcome;
  };
  const Deadline grace{options.grace};
  (void)child->tell(SIGTERM);
  // What is cancelled here is ended by the destructor.
  if (auto outcome = go_on(grace, options.grace); !outcome) return outcome.error();
  // A fiber's waits end with the deadline of what caused them, which this must outlive: so its
  // thread waits for the rest.
  (void)child->wait(runtime->poller(), grace);
  // Whoever of its group is left, and, where that is what it takes, itself.
  (void)child->tell(SIGKILL);
  if (!child->wait(runtime->poller(), kKillTime)) {
    return Error{Code::timed_out, "it was sent SIGKILL, and the kernel holds it still"};
  }
  auto outcome = go_on(Deadline::at_once(), Duration::zero());
  return outcome ? Result<void>{} : Result<void>{outcome.error()};
}

// Of run: as communicate, and past the deadline the program is ended.
Result<Completed> Popen::finish(Deadline until) {
  State& state = *state_;
  Exchange& exchange = state.exchange;
  Child& child = *state.child;
  using Outcome = Exchange::Outcome;
  const std::string doing = "run " + child.who();
  exchange.input = std::move(state.options.input);

  // What an error cuts short ends with `state`.
  auto outcome = exchange.run(*state.runtime, child, until, state.options.linger);
  if (!outcome) return outcome.error().within(doing);
  Completed completed;
  completed.timed_out = *outcome == Outcome::timed_out;
  completed.truncated = *outcome == Outcome::too_much;
  completed.held_open = *outcome == Outcome::held_open;
  if (completed.truncated) exchange.give_up_outputs();
  if (completed.timed_out || completed.truncated) {
    if (auto ended = state.end(); !ended) return ended.error().within(doing);
  }
  completed.exit = child.exit().value_or(Exit{});
  child.release();
  completed.out = std::move(exchange.out.text);
  completed.err = std::move(exchange.err.text);
  return completed;
}

Result<UniqueFd> descriptor_of(Connection connection) {
  const std::string doing = "give the descriptor of " + connection.peer().text() + " away";
  auto handover = connection.hand_over();
  if (!handover) return handover.error().within(doing);
  if (!handover->received.bytes().empty()) {
    return Error{Code::refused, doing + ": bytes have been received here that nobody has taken"};
  }
  if (handover->memory || (handover->input && handover->output)) {
    return Error{Code::invalid_argument,
                 doing + ": it is more than one descriptor; unix:, tcp: and one-way pipes are one"};
  }
  return std::move(handover->input ? handover->input : handover->output);
}

}  // namespace troupe::subprocess
