// SPDX-License-Identifier: Apache-2.0
// A socket given to another program: a Python script gets one end of a connection as its descriptor
// 3, and goes on with it by the standard library's multiprocessing.connection, a message each way.
// Run it without arguments (it needs python3); it prints:
//   python answers: olleh

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <utility>

using namespace std::chrono_literals;
namespace subprocess = troupe::subprocess;

namespace {

constexpr const char* kScript = R"(
from multiprocessing.connection import Connection
connection = Connection(3)
connection.send_bytes(connection.recv_bytes()[::-1])
)";

}  // namespace

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  auto ends = troupe::connect_ends(runtime, troupe::Address{"unix:"},
                                   troupe::transports::Direction::duplex, false)
                  .value();
  // Only who has an end open keeps it open: ours of the script's is closed once it runs.
  auto given = subprocess::descriptor_of(std::move(ends.second)).value();
  auto python =
      subprocess::Popen::start({"python3", "-c", kScript}, {.pass_as = {{given.get(), 3}}}).value();
  given.reset();

  ends.first.send_bytes(troupe::bytes_of("hello")).value();
  std::cout << "python answers: " << troupe::text_of(ends.first.receive_bytes(60s).value()) << '\n';
  return python.wait(60s).value().ok() ? 0 : 1;
}
