// SPDX-License-Identifier: Apache-2.0
// What does a message cost that is not copied?
//
// Method. One process borrows memory for a message, writes the message's number to the first and to
// the last 8 bytes of it, and sends it; the other receives it as a view, looks for the number in
// both places, and drops it. One way, without pause, each process on a CPU of its own, counted
// where it is received; a quarter of the time goes before, uncounted. Nothing touches the bytes
// between, so that the figure must not grow with the message.
//
// Beside it stands what a single memcpy of the message takes. iceoryx does the same as ours, with
// chunks of 4 MiB at most. Python has SharedMemory blocks that go round, and a Pipe that tells of
// them, both ways.
#include "loan.hpp"
#include "peers/iceoryx.hpp"
#include "peers/memory_copy.hpp"
#include "peers/python.hpp"
#include "questions.hpp"
#include "started_again.hpp"
#include "troupe/base/loan.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/process/process.hpp"
#include "troupe/runtime/runtime.hpp"

#include <utility>

namespace bench {
namespace {

using troupe::Connection;

constexpr double kMicroseconds = 1e6;  // in a second

void send_loans(Connection end, std::size_t size, int cpu) {
  pin_to(cpu);
  for (std::uint64_t number = kFirstNumber;; ++number) {
    troupe::Loan loan = end.loan(size).value();
    mark(loan.bytes(), number);
    end.send_buffer(troupe::Buffer{std::move(loan)}).value();
  }
}

// Seconds a message.
double our_loan(std::size_t size, const Meter& meter) {
  const Placement where = placement(Waiting::awake);
  StartedAgain again;
  troupe::Runtime runtime{again.argc(), again.argv()};
  auto ends = troupe::connect_ends(runtime, pair_address("shm"),
                                   troupe::transports::Direction::one_way, false)
                  .value();
  const troupe::Process partner{runtime, send_loans, std::move(ends.second), size, where.partner};
  pin_to(where.measuring);
  std::uint64_t expected = kFirstNumber;
  const double a_step = meter([&] {
    for (int i = 0; i < kLoansAStep; ++i) {
      const troupe::Buffer message = ends.first.receive_buffer().value();
      if (message.size() != size) throw std::runtime_error{"a message of another size"};
      check_marks(message.bytes(), expected++);
    }
  });
  return a_step / kLoansAStep;
}

double one_copy(std::size_t size, const Meter& meter) {
  const Stream stream{"shm", size, Form::bytes};
  return memory_copy::stream(stream, meter) / static_cast<double>(stream.messages_a_step());
}

using LoanOf = double (*)(std::size_t size, const Meter& meter);

Side side(Role role, const std::string& name, LoanOf loan, std::size_t size) {
  return {role, name,
          [=](const Effort& effort) { return loan(size, timed(effort.duration)) * kMicroseconds; }};
}

Work work(std::size_t size) {
  return {
      .name = "loan/shm/" + size_text(size),
      .unit = "us",
      .better = Better::lower,
      .sides = {side(Role::ours, "ours", our_loan, size),
                side(Role::floor, "memcpy", one_copy, size),
                size > kMebibyte ? Side{Role::peer, "iceoryx", {}}
                                 : side(Role::peer, "iceoryx", iceoryx::loan, size),
                {Role::peer, "Python",
                 [=](const Effort& effort) {
                   return python::shared_memory(size, python::Use::viewed, effort.duration) *
                          kMicroseconds;
                 }}},
      .budget = Budget{Budget::Bound::at_most, 1, ""},
  };
}

}  // namespace

Question loans() {
  return {
      .title = "A message that is loaned, through shared memory",
      .method =
          "a CPU each; its first and last 8 bytes are written, and checked where it is received\n"
          "memcpy: one copy of it; iceoryx: a chunk; Python: a SharedMemory block, and a Pipe",
      .works = {work(kMebibyte), work(64 * kMebibyte)},
  };
}

}  // namespace bench
