// SPDX-License-Identifier: Apache-2.0
#pragma once

// Link: one connection to another node, and what goes over it: messages both ways, replies, ends of
// actors. A link that ends is not taken up again: who has a handle of an actor there hears of it
// once, as Down{unreachable}, and a link that is made later knows nothing of this one. Thread-safe,
// but for what says whose it is.

#include "troupe/runtime/actor/remote_message.hpp"
#include "troupe/runtime/channel/connection.hpp"
#include "troupe/runtime/node/inspection.hpp"
#include "troupe/runtime/node/internal/entrance.hpp"
#include "troupe/runtime/node/internal/large_frames.hpp"
#include "troupe/runtime/node/internal/line.hpp"
#include "troupe/runtime/node/internal/outbox.hpp"
#include "troupe/runtime/node/internal/type_numbers.hpp"
#include "troupe/runtime/process/exit.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe::node {

class Link final : public std::enable_shared_from_this<Link> {
 public:
  Link(RuntimeCore& runtime, Connection connection, Hello ours, Hello theirs);

  RuntimeCore& runtime() const noexcept { return runtime_; }
  const Hello& ours() const noexcept { return ours_; }
  const Hello& theirs() const noexcept { return theirs_; }
  std::string text() const;  // "node hosta (tcp://hosta:7000)"
  // What it goes over, such as tcp://10.0.0.2:7000; unlike theirs().node.address.
  const Address& peer() const noexcept { return peer_; }
  Outbox& outbox() const noexcept { return *outbox_; }
  TypeNumbers& types() noexcept { return types_; }
  bool ended() const noexcept { return ended_.load(); }
  LinkReport report();
  // Of the last ping that came back; zero: none has.
  Duration round_trip() const noexcept { return Duration{round_trip_.load()}; }

  // ---- to the other node ----
  // What stands here for its actor of that number; the same one for as long as that lives. `known`:
  // what the handles that are to be made may send. Errors: disconnected.
  Result<actor::Target> reach(std::uint64_t number, actor::RemoteMessages known);
  // A line that was made before the link was.
  void adopt(const std::shared_ptr<Line>& line);
  // Has that actor told to stop.
  void stop(std::uint64_t number) { post_number(LinkFrame::stop, number); }
  std::uint64_t declare(const actor::RemoteMessage& message);
  std::uint64_t next_ask() noexcept { return ++last_ask_; }
  // The reply with that number is for `answer`. False: the link has ended, which it was told.
  bool expect(std::uint64_t ask, actor::AnswerBase& answer, const actor::RemoteMessage& message);
  // An actor of ours that the other side watches has ended.
  void tell_down(std::uint64_t number, const std::string& name, const Exit& exit);
  void ping();

  // ---- from the other node ----
  // Handles what comes until the link ends; returns why. By one actor. `watch`: the other side
  // wants to hear of the end of an actor.
  Exit read(const std::function<void(std::uint64_t number)>& watch);
  void note_dropped(const Error& why);

  // It has ended: everybody who has to do with it is told. Once, by who has read.
  void end(const Exit& reason);
  // Ends it from here, saying why to the other side.
  void close(const std::string& why);

 private:
  struct Ask {
    actor::AnswerBase* answer;
    const actor::RemoteMessage* message;
  };

  Result<void> read_frame(const Incoming& incoming,
                          const std::function<void(std::uint64_t number)>& watch);
  // The number that most control frames begin with, and the rest.
  Result<void> read_control(LinkFrame kind, Reader& reader, std::size_t bytes,
                            const std::function<void(std::uint64_t number)>& watch);
  Result<void> read_group(LinkFrame kind, std::uint64_t member, Reader& reader);
  Result<void> read_credit(std::uint64_t number, Reader& reader);
  Result<void> read_message(LinkFrame kind, Reader& reader, std::size_t bytes);
  Result<void> read_answer(LinkFrame kind, Reader& reader);
  Result<void> read_part(Reader& reader, const std::function<void(std::uint64_t number)>& watch);
  Result<void> read_down(Reader& reader);
  std::shared_ptr<Entrance> entrance(const Route& route);
  void add(const std::shared_ptr<Line>& line);  // with lock_ held
  void post_number(LinkFrame kind, std::uint64_t number);

  RuntimeCore& runtime_;
  const Hello ours_;
  const Hello theirs_;
  const std::shared_ptr<Connection> connection_;
  const Address peer_;
  const std::shared_ptr<Outbox> outbox_;
  TypeNumbers types_;
  std::atomic<std::uint64_t> last_ask_{0};
  std::atomic<bool> ended_{false};
  std::atomic<bool> closing_{false};
  std::atomic<Duration::rep> round_trip_{0};
  std::atomic<bool> drop_said_{false};
  std::atomic<std::uint64_t> received_{0};  // bytes

  // Who reads.
  std::unordered_map<std::uint64_t, std::shared_ptr<Entrance>>
      entrances_;  // by the number of the line
  std::size_t forget_entrances_at_ = 64;
  LargeFrames large_;
  std::string farewell_;

  std::mutex lock_;
  // Guarded by lock_.
  bool closed_ = false;
  std::unordered_map<std::uint64_t, std::shared_ptr<Line>> lines_;      // by their own number
  std::unordered_multimap<std::uint64_t, std::shared_ptr<Line>> ways_;  // by that of the actor
  std::uint64_t last_line_ = 0;
  std::unordered_map<std::uint64_t, Ask> asks_;
  std::size_t forget_at_ = 64;
};

}  // namespace troupe::node
