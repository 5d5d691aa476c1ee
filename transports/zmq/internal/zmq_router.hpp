// SPDX-License-Identifier: Apache-2.0
#pragma once

// ZmqRouter: the ROUTER socket of a listener, which all its sessions share. Tells them apart by the
// name that libzmq gives to each connection, and finds out which are gone: libzmq says only that
// some descriptor has been closed, so whoever came by it is tried until it is certain.
//
// libzmq ends the connections that came by a listening socket with it. So while some last, that
// stays open, and who comes then is told that nobody listens; one who listens there again in this
// process goes on with the same router.

#include "troupe/base/os/event_set.hpp"
#include "troupe/transports/frame_connection.hpp"
#include "troupe/transports/zmq/internal/zmq_bridge.hpp"
#include "troupe/transports/zmq/internal/zmq_end.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::transports {

class ZmqRouter final : public ZmqBridge::Served, public std::enable_shared_from_this<ZmqRouter> {
 public:
  static constexpr std::size_t kMostComing = 256;  // sessions that nobody has accepted yet
  static constexpr std::size_t kMostDropped = 64;  // reasons that are kept until they are asked for
  // So few sessions wait for the socket themselves, which saves the hop to them from the bridge.
  // Were there more, each message would wake them all.
  static constexpr std::size_t kMostDirect = 4;

  struct Setup {
    std::shared_ptr<ZmqBridge> bridge;
    ZmqSocket socket;               // has its options and listens
    std::string endpoint;           // where, as libzmq spells it
    std::string guard;              // what protects it: another listener there has the same
    bool knows_clients;             // ZmqGate has let them in by their keys
    std::function<void()> release;  // runs once it does not listen any more
  };
  // Errors: overloaded (descriptors are short), system.
  static Result<std::shared_ptr<ZmqRouter>> create(Setup setup, const std::string& doing);
  ~ZmqRouter() override;

  struct Accepted {
    std::unique_ptr<ZmqEnd> end;  // null when none waits
    std::string from;             // the peer's host, where known
  };
  Accepted try_accept();
  bool is_forked_copy() const noexcept { return setup_.bridge->context()->is_forked_copy(); }
  int arrivals() const noexcept { return arrivals_.get(); }  // readable while one waits
  std::vector<Error> take_dropped();
  // Nobody listens any more; ends the sessions that nobody has accepted. The others go on.
  void stop_listening() noexcept;
  // Somebody does again. False: somebody still does.
  bool listen_again() noexcept;
  const std::string& guard() const noexcept { return setup_.guard; }
  const std::string& endpoint() const noexcept { return setup_.endpoint; }

  Turn serve() override;
  std::array<int, 2> news() const noexcept override {
    return {setup_.socket.news(), setup_.socket.event_news()};
  }

 private:
  friend class ZmqRouterEnd;

  // Who has greeted.
  struct Peer {
    std::string name;  // libzmq's
    std::string from;  // its host, where known
    std::string key;   // that of the listener's list which it has proved to have
    int fd;            // of its connection, in libzmq
    ZmqSession session;
    os::EventSet reads;  // the session's bell; of few sessions, the socket's news
  };
  // A connection that has ended: whoever came by its descriptor is tried at these times.
  struct Suspect {
    int fd;
    std::size_t tries;
    Deadline next;
  };

  ZmqRouter(Setup setup, UniqueFd arrivals);

  // With the mutex held:
  bool take_messages();
  void share_news();
  bool is_looked_after();
  void take_events();
  void take_message(std::string_view name, zmq::message_t message);
  void greet(std::string_view name, const ZmqNews& hello, zmq::message_t& message);
  void refuse(std::string_view name, const Error& why);
  void drop(Error why);
  Deadline try_suspects();
  void leave(const std::shared_ptr<Peer>& peer);
  void watch_directly(Peer& peer, bool directly) const noexcept;
  void adapt();

  const UniqueFd arrivals_;

  mutable std::mutex mutex_;  // guards what follows; of the setup, the socket
  Setup setup_;
  std::unordered_map<std::string, std::shared_ptr<Peer>> peers_;
  std::unordered_map<int, std::shared_ptr<Peer>> by_fd_;  // the last that came by it
  std::deque<std::shared_ptr<Peer>> coming_;
  std::vector<Suspect> suspects_;
  std::vector<Error> dropped_;
  bool direct_ = true;
  int waits_ = 0;  // of sessions that wait for the socket themselves, in this spell
  Deadline spell_ = Deadline::at_once();
  bool listening_ = true;
  bool released_ = false;  // libzmq has closed the listening socket
};

}  // namespace troupe::transports
