// SPDX-License-Identifier: Apache-2.0
// A program that has roles, for roles_test.cpp. What happens is told on standard output, the log
// with it. An argument that is left is the number of the error that the role "error" returns.
#include "troupe/troupe.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <unistd.h>

#include <chrono>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using troupe::Result;
using troupe::Runtime;

void say(std::string_view fact) {
  const std::string line = std::string{fact} + "\n";
  (void)!::write(STDOUT_FILENO, line.data(), line.size());
}

struct Step {
  int left = 0;
};
struct Where {};

class Echo final {
 public:
  int handle(Step step) { return step.left; }
};

// Asks another actor as often as it is told, once it has had a signal sent to this program.
class Worker final {
 public:
  explicit Worker(troupe::Ref<Echo> echo) : echo_(echo) {}

  void handle(Step step, troupe::Context& context) {
    if (done_ == 0) {
      ::kill(::getpid(), SIGTERM);
    }
    if (!echo_.ask(step, std::chrono::hours{1})) {
      return say("cut off after " + std::to_string(done_));
    }
    ++done_;
    if (step.left > 1) {
      context.self_as<Worker>().send(Step{step.left - 1});
    } else {
      say("worked " + std::to_string(done_));
    }
  }

 private:
  const troupe::Ref<Echo> echo_;
  int done_ = 0;
};

// In a process of its own.
class Apart final {
 public:
  using Accepts = troupe::Protocol<std::string(Where)>;
  std::string handle(Where /*where*/, troupe::Context& context) {
    return context.runtime().address("jobs").text();
  }
};

Result<void> serve(Runtime& runtime) {
  const auto echo = runtime.spawn<Echo>();
  runtime.spawn<Worker>(echo).send(Step{20'000});
  auto stopped = runtime.wait_for_stop();
  say(stopped ? "stopped" : stopped.error().what());
  return troupe::Error{troupe::Code::cancelled, "a stop cut the wait short"};
}

Result<void> where(Runtime& runtime) {
  say(runtime.address("jobs").text());
  say(runtime.spawn_process<Apart>().value().ask(Where{}, std::chrono::hours{1}).value());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  troupe::RuntimeOptions options;
  options.stop_grace = std::chrono::minutes{10};
  options.log = [](std::string_view line) { say(line); };
  Runtime runtime{argc, argv, options};
  const std::span<char*> words{argv, static_cast<std::size_t>(argc)};
  for (const std::string_view word : words.subspan(1)) {
    say("left " + std::string{word});
  }
  return runtime.run({
      {"done", [](Runtime& /*runtime*/) -> Result<void> { return {}; }},
      {"error",
       [&](Runtime& /*runtime*/) -> Result<void> {
         return troupe::Error{static_cast<troupe::Code>(std::stoi(words[1])), "so it is"};
       }},
      {"serve", serve},
      {"throws",
       [](Runtime& /*runtime*/) -> Result<void> { throw std::runtime_error{"out of ink"}; }},
      {"where", where},
  });
}
