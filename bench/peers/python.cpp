// SPDX-License-Identifier: Apache-2.0
#include "python.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGKILL with prctl
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace bench::python {
namespace {

using troupe::UniqueFd;

constexpr const char* kInterpreter = "/usr/bin/python3";

[[noreturn]] void become(std::vector<std::string> words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::execv(kInterpreter, pointers.data());
  ::_exit(127);
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 512> some{};
  for (ssize_t count = 0; (count = ::read(fd, some.data(), some.size())) > 0;) {
    text.append(some.data(), static_cast<std::size_t>(count));
  }
  return text;
}

// The number that the script prints.
double run(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
  const UniqueFd reader{ends[0]};
  UniqueFd writer{ends[1]};
  arguments.insert(arguments.begin(), {kInterpreter, TROUPE_BENCH_PEERS "/python_peer.py"});
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(writer.get(), STDOUT_FILENO);
    become(std::move(arguments));
  }
  writer.reset();
  const std::string text = read_to_end(reader.get());
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0 || text.empty()) {
    throw std::runtime_error{std::string{kInterpreter} + " ended with status " +
                             std::to_string(status)};
  }
  return std::stod(text);
}

std::string seconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration<double>(duration).count());
}

}  // namespace

double round_trip(const RoundTrip& trip, std::chrono::nanoseconds duration) {
  const Placement where = placement(trip.waiting);
  return run({"round_trip", trip.scheme, seconds(duration), std::to_string(where.measuring),
              std::to_string(where.partner)});
}

double stream(const Stream& stream, std::chrono::nanoseconds duration) {
  const Placement where = placement(Waiting::awake);
  return run({"stream", stream.scheme, seconds(duration), std::to_string(where.measuring),
              std::to_string(where.partner), std::to_string(stream.size),
              stream.form == Form::typed ? "typed" : "bytes",
              std::to_string(stream.messages_a_step())});
}

double shared_memory(std::size_t size, Use use, std::chrono::nanoseconds duration) {
  const Placement where = placement(Waiting::awake);
  return run({"shared_memory", seconds(duration), std::to_string(where.measuring),
              std::to_string(where.partner), std::to_string(size),
              use == Use::copied ? "copied" : "viewed"});
}

double process_start(const std::string& method, std::size_t image_bytes,
                     std::chrono::nanoseconds duration) {
  return run({"process_start", method, seconds(duration), std::to_string(image_bytes)});
}

}  // namespace bench::python
