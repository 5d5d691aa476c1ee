// SPDX-License-Identifier: Apache-2.0
#include "python.hpp"

#include "../child_program.hpp"

#include <string>
#include <utility>

namespace bench::python {
namespace {

constexpr const char* kInterpreter = "/usr/bin/python3";

// The number that the script prints.
double run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {kInterpreter, TROUPE_BENCH_PEERS "/python_peer.py"});
  return std::stod(ChildProgram{std::move(arguments)}.output());
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

double program_run(std::size_t image_bytes, std::chrono::nanoseconds duration) {
  return run({"program_run", seconds(duration), std::to_string(image_bytes)});
}

double queue(const QueueUse& use, std::chrono::nanoseconds duration) {
  return run({"queue", seconds(duration), std::to_string(use.producers),
              std::to_string(use.consumers), std::to_string(use.size)});
}

double put_to_take(Quantile which, std::chrono::nanoseconds duration) {
  return run({"queue_latency", seconds(duration), which == Quantile::median ? "median" : "p99"});
}

}  // namespace bench::python
