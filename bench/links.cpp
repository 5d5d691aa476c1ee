// SPDX-License-Identifier: Apache-2.0
// What does a link between two nodes cost: to make, to make again after a death, and to have?
//
// Method. Each node is a process with one worker; the links are over what the work's name says.
//
// link: a runtime is made, links to a node that listens, and ends. recovery: the node's process is
// killed and started again at its address, until an ask by name is answered.
//
// link_memory: a node links to 64 others, which are runtimes of one other process, and asks one
// actor of each; the figure is what its process holds more than before, by link, as held_memory.hpp
// counts it. A first one goes before, uncounted.
#include "held_memory.hpp"
#include "questions.hpp"
#include "remote_node.hpp"

#include <array>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr double kMicroseconds = 1e6;  // in a second
constexpr int kLinks = 64;

struct Number {
  std::uint64_t number = 0;
};

class Echo final {
 public:
  using Accepts = troupe::Protocol<std::uint64_t(Number)>;

  std::uint64_t handle(Number number) { return number.number; }
};

void host_echo(troupe::Runtime& runtime) {
  runtime.register_name("echo", runtime.spawn<Echo>()).value();
}

double link_time(const Over& over, const Meter& meter) {
  const RemoteNode there{over, [](troupe::Runtime& /*runtime*/) {}};
  return meter([&] {
    troupe::Runtime runtime{one_worker()};
    if (!there.link(runtime).connected()) throw std::runtime_error{"no link"};
  });
}

double recovery_time(const Over& over, const Meter& meter) {
  RemoteNode there{over, host_echo};
  troupe::Runtime runtime{one_worker()};
  const auto echo = there.link(runtime).find<Echo>("echo").value();
  std::uint64_t number = 0;
  return meter([&] {
    there.restart();
    ++number;
    while (echo.ask(Number{number}).value_or(0) != number) {
    }
  });
}

// Their addresses, in one line.
void host_many(const Over& over, const troupe::ConnectOptions& options,
               const FoundPartner::Tell& tell) {
  std::vector<std::unique_ptr<troupe::Runtime>> runtimes;
  std::string addresses;
  for (int i = 0; i <= kLinks; ++i) {
    runtimes.push_back(std::make_unique<troupe::Runtime>(one_worker()));
    host_echo(*runtimes.back());
    addresses += runtimes.back()->listen(over.listen_at(), options).value().text() + " ";
  }
  tell(addresses);
}

double bytes_a_link(const Over& over) {
  const troupe::ConnectOptions options = over.listener();  // here: both have its certificate
  const FoundPartner there{[&](const FoundPartner::Tell& tell) { host_many(over, options, tell); }};
  troupe::Runtime runtime{one_worker()};
  std::vector<troupe::Node> nodes;
  std::istringstream addresses{there.where()};
  const auto link_next = [&] {
    std::string address;
    addresses >> address;
    nodes.push_back(runtime.connect(over.dial(address), over.client()).value());
    if (nodes.back().find<Echo>("echo").value().ask(Number{7}).value() != 7) {
      throw std::runtime_error{"another number"};
    }
  };
  nodes.reserve(kLinks + 1);
  link_next();
  const Held before = held_now();
  for (int i = 0; i < kLinks; ++i) {
    link_next();
  }
  return held_now().more_than(before) / kLinks;
}

Work work(const std::string& name, const Over& over,
          double (*seconds)(const Over& over, const Meter& meter)) {
  return {.name = "nodes/" + name + "/" + over.scheme,
          .unit = "us",
          .better = Better::lower,
          .sides = {{Role::ours, "ours",
                     [=](const Effort& effort) {
                       return seconds(over, timed(effort.duration)) * kMicroseconds;
                     }}},
          .budget = std::nullopt};
}

Work memory_work(const Over& over) {
  return {
      .name = "nodes/link_memory/" + over.scheme,
      .unit = "bytes",
      .better = Better::lower,
      .sides = {{Role::ours, "ours", [=](const Effort& /*effort*/) { return bytes_a_link(over); }}},
      .budget = std::nullopt};
}

std::array<Over, 4> overs() {
  return {Over{"shm"}, Over{"unix"}, Over{"tcp"}, Over{"tls"}};
}

}  // namespace

Question links() {
  Question question{
      .title = "A link to another node: to make it, and to have it again",
      .method = "link: a runtime that links and ends; recovery: after a kill, until an answer",
      .works = {},
  };
  for (const Over& over : overs()) {
    question.works.push_back(work("link", over, &link_time));
    question.works.push_back(work("recovery", over, &recovery_time));
  }
  return question;
}

Question link_memory() {
  Question question{
      .title = "Memory that a link to another node holds, on its side",
      .method = "of a node with 64 links, each used for an ask",
      .works = {},
  };
  for (const Over& over : overs()) {
    question.works.push_back(memory_work(over));
  }
  return question;
}

}  // namespace bench
