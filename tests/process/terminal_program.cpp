// SPDX-License-Identifier: Apache-2.0
// A family of three processes, for the tests that have a terminal, or send signals: each says what
// it does on standard output, a fact a line, with its generation (2: the program, 0: the youngest).
#include "troupe/troupe.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGUSR1 is POSIX
#include <unistd.h>

#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using troupe::Pipe;
using troupe::Process;
using troupe::Runtime;
using troupe::Signal;
using troupe::Signals;

void say(const std::string& line) {
  (void)!::write(STDOUT_FILENO, (line + "\n").data(), line.size() + 1);
}

// Waits, and hears from its child, until it is told to stop; then ends its own child first.
void member(Runtime& runtime, int generation, bool stubborn, Pipe<std::string>&& parent) {
  const std::string own = std::to_string(generation);
  std::optional<Process> child;
  auto [here, there] = Pipe<std::string>::create(runtime).value();
  if (generation > 0) {
    child.emplace(runtime, member, generation - 1, stubborn, std::move(there));
  }
  Signals signals{runtime, {SIGUSR1}};
  say("pid " + own + " " + std::to_string(::getpid()));
  for (bool told = false; !told;) {
    const auto done = troupe::select(
        runtime, troupe::on(here, [](const std::string& word) { say(word); }),
        troupe::on(signals, [&](Signal) { (void)parent.send("generation " + own); }));
    told = !done;
  }
  say("stops " + own);
  while (stubborn && generation == 0) {
    ::pause();
  }
  child.reset();
  say("ended " + own);
}

// An actor of a child process that gets what the parent sends to that.
class Listens final {
 public:
  Listens(Pipe<int>& parent, troupe::fiber::Waiter& done) : parent_(parent), done_(done) {}
  void handle(Signal signal) {
    (void)parent_.send(int{signal.number});
    if (signal.number == SIGUSR2) (void)done_.fire();
  }

 private:
  Pipe<int>& parent_;
  troupe::fiber::Waiter& done_;
};

void listen(Runtime& runtime, Pipe<int>&& parent) {
  troupe::fiber::Waiter done;
  Signals signals{runtime, {SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGTERM}};
  signals.deliver_to(runtime.spawn<Listens>(parent, done));
  (void)parent.send(0);
  (void)done.wait(runtime, troupe::forever);
}

void notify(Runtime& runtime) {
  auto [here, there] = Pipe<int>::create(runtime).value();
  Process child{runtime, listen, std::move(there)};
  here.receive().value();
  for (const int number : {SIGHUP, SIGUSR1, SIGINT, SIGTERM, SIGUSR2}) {
    child.signal(number).value();
    say(std::to_string(here.receive().value()));
  }
  say(child.join().value().text().substr(child.join().value().who.size() + 1));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  troupe::RuntimeOptions options;
  if (role != "notify") options.signals = troupe::SignalPolicy::stop_on_terminate;
  Runtime runtime{argc, argv, options};
  if (role == "notify") {
    notify(runtime);
  } else {
    auto [one, other] = Pipe<std::string>::create(runtime).value();
    member(runtime, 2, role == "stubborn", std::move(one));
  }
}
