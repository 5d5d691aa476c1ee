// SPDX-License-Identifier: Apache-2.0
// What a Session does while the connection of its client is broken, and when it comes again: both
// number their frames, and what the other one has not read is said again.
#include "troupe/runtime/queue/internal/session.hpp"

#include <utility>

namespace troupe::queue {
namespace {

// The client is told what has come after so many frames or bytes, so that it need not keep them.
constexpr std::uint64_t kTellFrames = 64;
constexpr std::size_t kTellBytes = std::size_t{64} << 10U;

}  // namespace

// What it has stays its own; what it waits for waits for it.
void Session::leave(Instant now) {
  away_ = true;
  away_since_ = now;
  hot = false;
  transport_->close();
  owed_.clear();
  blocked_ = false;
  unflushed_ = false;
  std::erase(desk_.hungry, this);
  std::erase(desk_.wanting, this);
  hungry_listed_ = false;
  wanting_listed_ = false;
}

bool Session::come_back(Connection connection, const Welcome& welcome, std::uint64_t heard,
                        Instant now) {
  if (!told_.confirm(heard)) {
    return false;
  }
  connection_ = std::move(connection);
  transport_ = &connection_.transport();
  direct_ = transport_->capabilities().direct;
  away_ = false;
  hot = true;
  this->welcome(welcome);
  told_.for_each(
      [this](std::span<const std::byte> frame) { owed_.emplace_back(frame.begin(), frame.end()); });
  heard_told_ = heard_;
  heard_bytes_ = 0;
  wanting_since_ = now;
  starving_since_ = now;
  if (wish_.items > 0) {
    wanting_listed_ = true;
    desk_.wanting.push_back(this);
  }
  if (credit_ > 0) {
    hungry_listed_ = true;
    desk_.hungry.push_back(this);
  }
  return true;
}

void Session::tell_heard() {
  if (client_ == 0 || (heard_ - heard_told_ < kTellFrames && heard_bytes_ < kTellBytes)) {
    return;
  }
  heard_told_ = heard_;
  heard_bytes_ = 0;
  say_uncounted(frame_of(Frame::told, heard_));
}

Result<void> Session::read_heard(Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  if (!number) {
    return number.error();
  }
  return told_.confirm(*number) ? Result<void>{}
                                : Error{Code::malformed, "it has read what it was not told"};
}

// The owner ends: it need not be looked for.
void Session::say_gone(bool written) {
  if (client_ != 0 && !over_ && !away_) {
    scratch_.clear();
    Writer writer{scratch_};
    begin(writer, Frame::gone);
    say_uncounted(scratch_);
    (void)flush(written);
  }
}

}  // namespace troupe::queue
