// SPDX-License-Identifier: Apache-2.0
// Three nodes that talk: anna is this program, bob and carl are processes of their own, as they
// could be programs on other hosts. All are in the group "room", and each is known by name. One is
// killed, and comes again. Run it without arguments; it prints:
//   bob: hello
//   carl: hello
//   anna asks 3 who is there
//   bob: here
//   carl: here
//   carl has gone
//   anna asks 2 who is there
//   bob: here
//   carl: hello
//   carl: here

#include <troupe/troupe.hpp>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct Line {
  std::string text;
};
struct WhoIsThere {
  troupe::Ref<troupe::Protocol<void(Line)>> asker;
};
using GuestApi = troupe::Protocol<void(Line), void(WhoIsThere)>;

class Guest {
 public:
  using Accepts = GuestApi;
  explicit Guest(std::string name) : name_(std::move(name)) {}
  void handle(const Line& /*line*/) {}
  void handle(const WhoIsThere& question) { question.asker.send(Line{name_ + ": here"}); }

 private:
  std::string name_;
};

// Where a node listens: other programs of this host could find it there.
std::string address_of(const std::string& room, const std::string& name) {
  return "unix:@" + room + "-" + name;
}

// A node, in a process of its own. `others` are there already.
void visit(troupe::Runtime& runtime, std::string room, std::string name,
           std::vector<std::string> others) {
  runtime.listen(address_of(room, name)).value();
  const auto me = runtime.spawn<Guest>(name);
  runtime.register_name(name, me).value();
  runtime.group<GuestApi>("room").join(me);
  for (const std::string& other : others) {  // when it is found, those in its group are seen, too
    runtime.connect(address_of(room, other)).value().find<GuestApi>(other).value();
  }
  runtime.group<GuestApi>("room").publish(Line{name + ": hello"});
  runtime.wait_for_stop().value();
}

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  const std::string here = "chat-" + std::to_string(::getpid());
  runtime.listen(address_of(here, "anna")).value();
  troupe::Inbox<GuestApi> anna{runtime};
  runtime.register_name("anna", anna.ref()).value();
  const auto room = runtime.group<GuestApi>("room");
  room.join(anna.ref());
  const auto hear = [&] {
    anna.receive([](const Line& line) { std::cout << line.text << '\n'; }).value();
  };
  const auto ask_the_room = [&](int others) {
    std::cout << "anna asks " << room.publish(WhoIsThere{anna.ref()}) << " who is there\n";
    while (others-- > 0)
      hear();
  };
  const auto arrive = [&](const std::string& name, const std::vector<std::string>& others) {
    troupe::Process process{runtime, visit, here, name, others};
    hear();
    return process;
  };

  const troupe::Process bob = arrive("bob", {"anna"});
  troupe::Process carl = arrive("carl", {"anna", "bob"});
  ask_the_room(2);

  const auto by_name =
      runtime.connect(address_of(here, "carl")).value().find<GuestApi>("carl").value();
  anna.context().monitor(by_name.now().value());
  carl.kill().value();
  anna.receive([](const troupe::Down& /*down*/) { std::cout << "carl has gone\n"; }).value();
  ask_the_room(1);

  carl = arrive("carl", {"anna", "bob"});
  by_name.ask(WhoIsThere{anna.ref()}, 60s).value();  // the handle has followed
  hear();
}
