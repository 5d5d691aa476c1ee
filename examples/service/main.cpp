// SPDX-License-Identifier: Apache-2.0
// A key-value service: shards in processes of their own under a supervisor, behind one listener.
// Any of its processes may be killed at any time: the supervisor starts it again, requests that
// were under way are repeated, and nothing that was acknowledged is lost.
//
//   service                              a client writes and reads 2000 keys while shards are
//   killed service serve ADDRESS DIRECTORY      serves until Ctrl-C; journals are in the directory
//   service put ADDRESS KEY VALUE        the client
//   service get ADDRESS KEY
//
// The first prints the pids it kills, then: 2000 keys written and read back; 10 kills, nothing lost

#include "front.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <span>
#include <stdexcept>

using namespace std::chrono_literals;

constexpr int kKeys = 2000;
constexpr int kKills = 10;
constexpr std::size_t kShards = 3;

Shards add_shards(troupe::Supervisor& supervisor, const std::filesystem::path& directory) {
  troupe::ChildOptions apart;
  apart.placement = troupe::Placement::process;
  Shards shards;
  for (std::size_t i = 1; i <= kShards; ++i) {
    const std::string name = "shard-" + std::to_string(i);
    shards.push_back(
        supervisor.add<Shard>(name, apart, (directory / (name + ".log")).string()).value());
  }
  return shards;
}

std::string ask(Client& client, const Request& request) {
  client.send(request).value();
  Reply reply = client.receive(30s).value();
  if (!reply.ok) throw std::runtime_error{reply.text};
  return std::move(reply.text);
}

// A program of its own: writes all keys, then reads them back. Throws when one is not there.
void use(troupe::Runtime& runtime, const std::string& address, troupe::Sender<int> progress) {
  Client client{troupe::connect(runtime, address).value()};
  const auto key = [](int i) { return "key " + std::to_string(i); };
  for (int i = 0; i < 2 * kKeys; ++i) {
    if (i < kKeys) {
      ask(client, Put{key(i), std::to_string(i)});
    } else if (ask(client, Get{key(i - kKeys)}) != std::to_string(i - kKeys)) {
      throw std::runtime_error{key(i - kKeys) + " has another value"};
    }
    progress.send(i).value();
  }
}

int show(troupe::Runtime& runtime) {
  std::string place = std::filesystem::temp_directory_path() / "service-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(place.data());
  troupe::SupervisorOptions options;
  options.restarts = 10 * kKills;
  troupe::Supervisor supervisor{runtime, options};
  const Shards shards = add_shards(supervisor, directory);
  auto listener = troupe::Listener::create(runtime).value();
  const std::string address = listener.address().text();
  const auto front = runtime.spawn<Front>(std::move(listener), shards);

  auto [seen, progress] = troupe::one_way_pipe<int>(runtime).value();
  troupe::Process client{runtime, use, address, std::move(progress)};
  int kills = 0;
  for (const int request : seen) {
    if (request % (2 * kKeys / kKills) != 0) continue;
    const auto& victim = shards[static_cast<std::size_t>(kills) % kShards];
    if (const auto pid = victim.ask(WhoAreYou{}); pid && ::kill(*pid, SIGKILL) == 0) {
      std::cout << "request " << request << ": killed process " << *pid << ", a shard\n"
                << std::flush;
      ++kills;
    }
  }
  const troupe::Exit exit = client.join(10s).value();
  front.stop();
  std::filesystem::remove_all(directory);
  if (!exit.ok()) {
    std::cout << exit.text() << '\n';
    return 1;
  }
  std::cout << kKeys << " keys written and read back; " << kills << " kills, nothing lost\n";
  return 0;
}

int serve(troupe::Runtime& runtime, const std::string& address, const std::string& directory) {
  troupe::Supervisor supervisor{runtime};
  const Shards shards = add_shards(supervisor, directory);
  runtime.spawn<Front>(troupe::Listener::create(runtime, address).value(), shards);
  std::cout << "serving at " << address << "; end it with Ctrl-C\n" << std::flush;
  const auto end = supervisor.wait();  // cut short by Ctrl-C
  return end && !end->ok() ? 1 : 0;
}

int main(int argc, char** argv) {
  troupe::RuntimeOptions options;
  options.signals = troupe::SignalPolicy::stop_on_terminate;
  options.log = [](std::string_view line) { (std::cerr << line << '\n').flush(); };
  troupe::Runtime runtime{argc, argv, options};
  const std::span<char*> words{argv, static_cast<std::size_t>(argc)};
  const std::string verb = argc > 1 ? words[1] : "";
  try {
    if (argc == 1) return show(runtime);
    if (verb == "serve" && argc == 4) return serve(runtime, words[2], words[3]);
    if ((verb == "put" && argc == 5) || (verb == "get" && argc == 4)) {
      Client client{troupe::connect(runtime, words[2]).value()};
      const Request request = argc == 5 ? Request{Put{words[3], words[4]}} : Get{words[3]};
      std::cout << ask(client, request) << (argc == 4 ? "\n" : "");
      return 0;
    }
    std::cerr << "service [serve ADDRESS DIRECTORY | put ADDRESS KEY VALUE | get ADDRESS KEY]\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "service: " << error.what() << '\n';
    return 1;
  }
}
