// SPDX-License-Identifier: Apache-2.0
#pragma once

// RemoteLink: the side of a process actor's link where messages are sent: the process, the asks
// that wait for replies, and how many more messages may go. Shared by a Proxy, which sends, and an
// actor that reads. Thread-safe but for what says whose it is.

#include "troupe/runtime/actor/internal/error_output.hpp"
#include "troupe/runtime/actor/internal/remote_frame.hpp"
#include "troupe/runtime/actor/process_actor.hpp"
#include "troupe/runtime/fiber/change.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe::actor {

class RemoteLink final {
 public:
  RemoteLink(RuntimeCore& runtime, Process process, RemoteEnds ends, RemoteMessages messages,
             Duration grace);

  RuntimeCore& runtime() noexcept { return runtime_; }
  RemoteMessages messages() const noexcept { return messages_; }
  Process& process() noexcept { return process_; }
  ErrorOutput& error_output() noexcept { return error_output_; }
  Duration grace() const noexcept { return grace_; }
  // False: the process takes no messages, and says nothing.
  bool is_linked() const noexcept { return linked_; }
  std::string who(const std::string& actor) const;  // "Account 17.3 (pid 4711)"

  // ---- the proxy ----
  bool has_room() const noexcept;
  // A number for an ask whose reply is to go there.
  std::uint64_t expect(AnswerBase& answer, const RemoteMessage& message);
  // No reply will be taken for it. Null: it has come.
  AnswerBase* withdraw(std::uint64_t ask) noexcept;
  // Sends what `frame` holds, waiting until the deadline. What is not accepted stays there.
  Result<void> send(Encoded& frame, Deadline until);
  // The same for what takes nothing of the window.
  Result<void> send_notice(Encoded& frame, Deadline until);
  // An ask that its asker has given up, which is nobody's then. Null: there is none.
  struct GivenUp {
    std::uint64_t ask = 0;
    AnswerBase* answer = nullptr;
  };
  GivenUp take_given_up() noexcept;
  bool has_given_up() const noexcept;
  // Tells the process to end. Does not wait.
  void tell_to_stop();
  // Waits until the process has ended, or that time has come, which may become an earlier one, and
  // kills it then. Blocks the thread, and passes error output on meanwhile: for when fibers cannot
  // wait any more.
  Exit end_blocking(const std::function<Deadline()>& until);
  // Waits until all that the process has sent was taken, or a stop cuts it short.
  void await_end_of_replies();
  // Nobody will reply: those that wait are told so. Returns how many sent messages may be lost.
  std::uint64_t close(const std::string& who, const Exit& exit);

  // ---- who asked ----
  // That nobody waits for the answer any more. Returns whether the proxy has to look.
  bool give_up(const AnswerBase& answer);

  // ---- who reads ----
  // Takes replies until the link ends; calls has_room() when there is room again.
  void read(const std::function<void()>& has_room);
  void replies_ended();

 private:
  struct Ask {
    AnswerBase* answer = nullptr;
    const RemoteMessage* message = nullptr;
  };

  bool has_room_now() const noexcept {  // with lock_ held
    return messages_out_ < window_.messages && bytes_out_ < window_.bytes;
  }
  Result<void> read_one(Reader& reader, const std::function<void()>& has_room);

  RuntimeCore& runtime_;
  Process process_;
  Connection connection_;
  const bool linked_;
  ErrorOutput error_output_;
  const RemoteMessages messages_;
  const Window window_;
  const Duration grace_;

  mutable std::mutex lock_;
  // Guarded by lock_.
  std::unordered_map<std::uint64_t, Ask> asks_;
  std::uint64_t last_ask_ = 0;
  std::deque<std::uint64_t> given_up_;  // some may have been answered since
  std::uint32_t messages_out_ = 0;
  std::uint64_t bytes_out_ = 0;
  bool ended_ = false;
  fiber::Change end_;
};

}  // namespace troupe::actor
