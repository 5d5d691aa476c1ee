// SPDX-License-Identifier: Apache-2.0
// Other programs, as with Python's subprocess: run one to its end and have its output, its exit and
// its errors; give up on one that takes too long; talk to one with communicate. Run it without
// arguments; it prints:
//   captured: a b c
//   failed: run: ls (pid N) exited with code 2; its error output ends: ... No such file
//   not found: execute 'no-such-program' (looked for in ...): No such file or directory
//   timed out: it had said "partial", sh (pid N) was killed by SIGTERM
//   communicated: 11 lines, the last is 'done'

#include <troupe/troupe.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
namespace subprocess = troupe::subprocess;
using subprocess::Stdio;

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};

  auto sorted = subprocess::run({"sort"}, {.input = "c\nb\na\n", .capture = true}).value();
  std::ranges::replace(sorted.out, '\n', ' ');
  std::cout << "captured: " << sorted.out << '\n';

  // With check, an end that is not a good one is an error.
  const auto failed = subprocess::run({"ls", "/no/such/file"}, {.capture = true, .check = true});
  std::cout << "failed: " << failed.error().what() << '\n';

  const auto missing = subprocess::run({"no-such-program"});
  std::cout << "not found: " << missing.error().what() << '\n';

  // The sleep is ended, too: it is in the shell's process group.
  const auto slow =
      subprocess::run({"sh", "-c", "printf partial; sleep 1000"}, {.capture = true, .until = 200ms})
          .value();
  std::cout << (slow.timed_out ? "timed out" : "in time") << ": it had said \"" << slow.out
            << "\", " << slow.exit.text() << '\n';

  auto cat =
      subprocess::Popen::start({"sh", "-c", "cat; echo done"}, {.in = Stdio::pipe()}).value();
  std::string input;
  for (int i = 0; i < 10; ++i) {
    input += "line\n";
  }
  const auto answer = cat.communicate(input, 60s).value();
  std::cout << "communicated: " << std::ranges::count(answer.out, '\n') << " lines, the last is '"
            << answer.out.substr(answer.out.size() - 5, 4) << "'\n";
}
