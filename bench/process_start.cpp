// SPDX-License-Identifier: Apache-2.0
// What does it cost to start a process and to wait for its end?
//
// Method. A process that holds so much touched memory starts one that does nothing, joins it, sees
// that it ended well, and begins again, as often as fits the time of a round. Ours are started from
// the zygote, which was forked before the memory was touched, so that the figure must not grow with
// it. The floor is fork, _exit and waitpid in a process of 5 MiB, whatever ours holds; "plain fork"
// is the same in one that holds what ours does. Python starts its processes from one as large.
//
// By exec: ours executes this program anew, to its Runtime in the first line of main; the floor
// executes it too, to return from main at once. Python's way of doing so is called spawn.
#include "fresh_process.hpp"
#include "held_memory.hpp"
#include "peers/python.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second
constexpr std::size_t kSmallImage = 5 * kMebibyte;

void nothing() {}

double ours(troupe::StartMethod method, std::size_t image, const Meter& meter) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv(), {.start = method}};
  hold(image);
  return meter([&] {
    troupe::Process process{runtime, nothing};
    const troupe::Exit exit = process.join().value();
    if (!exit.ok()) throw std::runtime_error{exit.text()};
  });
}

void wait_for(pid_t pid) {
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || status != 0) {
    throw std::runtime_error{"a process was not started, or ended badly"};
  }
}

double fork_and_exit(std::size_t image, const Meter& meter) {
  hold(image);
  return meter([] {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    wait_for(pid);
  });
}

double exec_and_exit(const Meter& meter) {
  hold(kSmallImage);
  std::string program = "/proc/self/exe";
  std::string argument = kReturnAtOnce;
  const std::array<char*, 3> words{program.data(), argument.data(), nullptr};
  return meter([&] {
    pid_t pid = -1;
    if (::posix_spawn(&pid, program.c_str(), nullptr, nullptr, words.data(), environ) != 0) {
      throw std::runtime_error{"posix_spawn"};
    }
    wait_for(pid);
  });
}

// `seconds` as a side whose figure is microseconds.
Side side(Role role, const std::string& name, std::function<double(const Effort&)> seconds) {
  return {role, name, [seconds = std::move(seconds)](const Effort& effort) {
            return seconds(effort) * kMicroseconds;
          }};
}

Side python_side(const std::string& method, std::size_t image) {
  return side(Role::peer, "Python " + method, [=](const Effort& effort) {
    return python::process_start(method, image, effort.duration);
  });
}

Work work(const std::string& name, std::size_t image) {
  return {
      .name = "process_start/" + name,
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours",
                     [=](const Effort& effort) {
                       return ours(troupe::StartMethod::zygote, image, timed(effort.duration));
                     }),
                side(Role::floor, "floor",
                     [](const Effort& effort) {
                       return fork_and_exit(kSmallImage, timed(effort.duration));
                     }),
                side(Role::peer, "plain fork",
                     [=](const Effort& effort) {
                       return fork_and_exit(image, timed(effort.duration));
                     }),
                python_side("fork", image), python_side("spawn", image)},
      .budget = Budget{Budget::Bound::at_most, 1.6, "floor"},
  };
}

Work exec_work() {
  return {
      .name = "process_start/exec",
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours",
                     [](const Effort& effort) {
                       return ours(troupe::StartMethod::exec, kSmallImage, timed(effort.duration));
                     }),
                side(Role::floor, "floor",
                     [](const Effort& effort) { return exec_and_exit(timed(effort.duration)); }),
                python_side("spawn", kSmallImage)},
      .budget = std::nullopt,
  };
}

}  // namespace

Question process_starts() {
  return {
      .title = "Process start and join",
      .method =
          "from a zygote, the starter holding 5 or 256 MiB; floor: fork, _exit, waitpid at 5 MiB\n"
          "plain fork: the same, of a process that holds what ours does",
      .works = {work("5MiB", kSmallImage), work("256MiB", 256 * kMebibyte)},
  };
}

Question process_starts_by_exec() {
  return {
      .title = "Process start and join, by exec",
      .method =
          "ours executes this program to its Runtime; floor: posix_spawn of it, to return at once",
      .works = {exec_work()},
  };
}

}  // namespace bench
