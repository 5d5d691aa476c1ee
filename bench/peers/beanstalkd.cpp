// SPDX-License-Identifier: Apache-2.0
#include "beanstalkd.hpp"

#include "../child_program.hpp"
#include "../free_ports.hpp"
#include "../fresh_process.hpp"
#include "temporary_folder.hpp"
#include "troupe/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace bench::beanstalkd {
namespace {

using troupe::UniqueFd;
using namespace std::chrono_literals;

// The program, for as long as this lives.
class Server final {
 public:
  explicit Server(const std::string& scheme)
      : port_(scheme == "tcp" ? free_ports(1).front() : ""), program_(words()) {
    while (!connect()) {  // it does not say when it listens
      program_.expect_alive();
      std::this_thread::sleep_for(1ms);
    }
  }

  // Empty when nobody listens.
  UniqueFd connect() const { return port_.empty() ? connect_unix() : connect_tcp(); }

 private:
  std::string socket() const { return folder_.path() + "/socket"; }
  std::vector<std::string> words() const {
    if (port_.empty()) return {"beanstalkd", "-l", "unix:" + socket()};
    return {"beanstalkd", "-l", "127.0.0.1", "-p", port_};
  }
  UniqueFd connect_unix() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().copy(&address.sun_path[0], sizeof address.sun_path - 1);
    return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  UniqueFd connect_tcp() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port_)));
    UniqueFd made = connected(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int on = 1;
    if (made) ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
  }
  static UniqueFd connected(int family, const sockaddr* address, socklen_t size) {
    UniqueFd made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return ::connect(made.get(), address, size) == 0 ? std::move(made) : UniqueFd{};
  }

  const TemporaryFolder folder_;
  const std::string port_;  // empty: it is reached by its Unix socket
  ChildProgram program_;
};

class Client final {
 public:
  explicit Client(const Server& server) : socket_(server.connect()) {}

  void put(const std::vector<std::byte>& item) {
    std::string command = "put 0 0 60 " + std::to_string(item.size()) + "\r\n";
    command.append(reinterpret_cast<const char*>(item.data()), item.size());
    say(command + "\r\n");
    expect("INSERTED ", line());
  }
  // The item's number; waits for one.
  std::uint64_t reserve(std::size_t size) {
    say("reserve\r\n");
    const std::string answer = line();  // RESERVED id bytes
    expect("RESERVED ", answer);
    constexpr std::size_t kIdBegins = std::string_view{"RESERVED "}.size();
    const std::size_t id_ends = answer.find(' ', kIdBegins);
    reserved_ = answer.substr(kIdBegins, id_ends - kIdBegins);
    const std::string item = bytes(std::stoul(answer.substr(id_ends)) + 2);
    return item_number(item.data(), item.size() - 2, size);
  }
  // What was reserved last.
  void finish() {
    say("delete " + reserved_ + "\r\n");
    expect("DELETED", line());
  }

 private:
  static void expect(std::string_view begin, const std::string& answer) {
    if (!answer.starts_with(begin)) throw std::runtime_error{"beanstalkd: " + answer};
  }
  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error{"beanstalkd: send"};
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void read_more() {
    std::array<char, 4096> some{};
    const ssize_t count = ::recv(socket_.get(), some.data(), some.size(), 0);
    if (count <= 0) throw std::runtime_error{"beanstalkd: recv"};
    unread_.append(some.data(), static_cast<std::size_t>(count));
  }
  std::string bytes(std::size_t count) {
    while (unread_.size() < count) {
      read_more();
    }
    std::string taken = unread_.substr(0, count);
    unread_.erase(0, count);
    return taken;
  }
  std::string line() {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n")) == std::string::npos) {
      read_more();
    }
    std::string text = bytes(end + 2);
    text.resize(end);
    return text;
  }

  const UniqueFd socket_;
  std::string unread_;
  std::string reserved_;  // its id
};

}  // namespace

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration) {
  const Server server{use.scheme};
  return bench::items_a_second(use,
                               {.produce =
                                    [&](int /*place*/) {
                                      Client client{server};
                                      for (std::uint64_t number = kFirstNumber;; ++number) {
                                        client.put(item_bytes(use.size, number));
                                      }
                                    },
                                .consume =
                                    [&](int /*place*/, Tally& tally) {
                                      Client client{server};
                                      for (;;) {
                                        (void)client.reserve(use.size);
                                        client.finish();
                                        tally.add(1);
                                      }
                                    }},
                               duration);
}

double put_to_take(const std::string& scheme, Quantile which, std::chrono::nanoseconds duration) {
  const Server server{scheme};
  std::unique_ptr<Client> client;
  const LoneItem item{.producer =
                          [&] {
                            return [own = std::make_shared<Client>(server)](std::uint64_t number) {
                              own->put(item_bytes(kLoneItemBytes, number));
                            };
                          },
                      .consumer =
                          [&] {
                            client = std::make_unique<Client>(server);
                            return Taker{.take = [&] { return client->reserve(kLoneItemBytes); },
                                         .finish = [&] { client->finish(); }};
                          }};
  return bench::put_to_take(item, which, duration);
}

double kill_to_redelivery(const std::string& scheme, std::chrono::nanoseconds duration) {
  const Server server{scheme};
  Client client{server};
  return median_within(duration, [&] {
    client.put(item_bytes(kLoneItemBytes, kFirstNumber));
    const FoundPartner holder{[&](const FoundPartner::Tell& tell) {
      Client other{server};
      (void)other.reserve(kLoneItemBytes);
      tell("holds it");
    }};
    const auto killed = std::chrono::steady_clock::now();
    holder.kill();
    (void)client.reserve(kLoneItemBytes);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - killed;
    client.finish();
    return seconds.count();
  });
}

}  // namespace bench::beanstalkd
