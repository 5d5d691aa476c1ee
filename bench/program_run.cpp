// SPDX-License-Identifier: Apache-2.0
// What does it cost to run a program that is not ours and to wait for its end?
//
// Method. A process that holds so much touched memory runs /bin/true, sees that it ended well, and
// begins again, as often as fits the time of a round. Ours is subprocess::run. The floor is
// posix_spawn and waitid, which neither close descriptors nor reset signals. Python runs it from a
// process as large. None copies the starter's memory, so the figures must not grow with it.
#include "fresh_process.hpp"
#include "held_memory.hpp"
#include "peers/python.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/runtime/process/subprocess.hpp"
#include "troupe/runtime/runtime.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second
constexpr const char* kProgram = "/bin/true";

double ours(std::size_t image, const Meter& meter) {
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv(), {}};
  hold(image);
  return meter([&] {
    const auto done = troupe::subprocess::run(runtime, {kProgram}).value();
    if (!done.exit.ok()) throw std::runtime_error{done.exit.text()};
  });
}

double spawn_and_wait(std::size_t image, const Meter& meter) {
  hold(image);
  std::string program = kProgram;
  const std::array<char*, 2> words{program.data(), nullptr};
  return meter([&] {
    pid_t pid = -1;
    siginfo_t end{};
    if (::posix_spawn(&pid, program.c_str(), nullptr, nullptr, words.data(), environ) != 0 ||
        ::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED) != 0 || end.si_status != 0) {
      throw std::runtime_error{"posix_spawn"};
    }
  });
}

Work work(const std::string& name, std::size_t image) {
  return {
      .name = "program_run/" + name,
      .unit = "us",
      .better = Better::lower,
      .sides = {{Role::ours, "ours",
                 [=](const Effort& effort) {
                   return ours(image, timed(effort.duration)) * kMicroseconds;
                 }},
                {Role::floor, "posix_spawn",
                 [=](const Effort& effort) {
                   return spawn_and_wait(image, timed(effort.duration)) * kMicroseconds;
                 }},
                {Role::peer, "Python",
                 [=](const Effort& effort) {
                   return python::program_run(image, effort.duration) * kMicroseconds;
                 }}},
      .budget = std::nullopt,
  };
}

}  // namespace

Question program_runs() {
  return {
      .title = "A program run to its end",
      .method = "/bin/true, the starter holding 5 or 256 MiB; floor: posix_spawn, waitid",
      .works = {work("5MiB", 5 * kMebibyte), work("256MiB", 256 * kMebibyte)},
  };
}

}  // namespace bench
