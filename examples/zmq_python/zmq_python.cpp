// SPDX-License-Identifier: Apache-2.0
// A program in another language over ZeroMQ: zmq_python.py, with pyzmq and msgpack alone, puts into
// a queue here, takes from another what was made of it, and asks an actor. Run it without arguments
// (it needs python3, python3-zmq and python3-msgpack); it prints:
//   python takes: TO
//   python takes: BE
//   python takes: OR
//   python asks the vault: 107

#include <troupe/troupe.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace bank {

struct Deposit {
  long amount = 0;
};

class Vault {
 public:
  using Accepts = troupe::Protocol<long(Deposit)>;
  explicit Vault(long total) : total_(total) {}
  long handle(Deposit deposit) { return total_ += deposit.amount; }

 private:
  long total_;
};

}  // namespace bank

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  const auto vault = runtime.spawn<bank::Vault>(100);  // the first actor of this node
  const auto node = runtime.listen("zmq+tcp://127.0.0.1:0").value();
  auto jobs = troupe::Queue<std::string>::create(runtime, "zmq+tcp://127.0.0.1:0/jobs").value();
  auto done = troupe::Queue<std::string>::create(runtime, "zmq+tcp://127.0.0.1:0/done").value();

  const std::jthread worker{[&] {
    const troupe::Runtime::Scope scope{runtime};
    for (auto& word : jobs) {
      std::string loud = *word;
      std::ranges::transform(loud, loud.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
      });
      word.emit(done, loud).value();
    }
  }};
  const auto python =
      troupe::subprocess::run({"/usr/bin/python3", ZMQ_PYTHON_SCRIPT, jobs.address().text(),
                               done.address().text(), node.text()},
                              {.until = 60s});
  jobs.close().value();
  return python && python->exit.ok() && vault.ask(bank::Deposit{0}).value() == 107 ? 0 : 1;
}
