// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/exchange.hpp"

#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/transports/stream/pipe_stream.hpp"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace troupe::process {
namespace {

constexpr int kMostRoundsLate = 64;  // of kPiece: more than a pipe holds

}  // namespace

Result<void> Exchange::write_some() {
  if (!in) return {};
  const std::size_t left = input.size() - written_;
  if (left == 0) {
    in.reset();
    std::string{}.swap(input);
    written_ = 0;
    moved_ = true;
    return {};
  }
  const iovec place{input.data() + written_, left};
  const ssize_t count = transports::write_to_pipe(in.get(), {&place, 1});
  if (count >= 0) {
    written_ += static_cast<std::size_t>(count);
    moved_ = true;
    return {};
  }
  if (errno == EPIPE) {
    written_ = input.size();  // it reads no more
    moved_ = true;
    return {};
  }
  if (errno == EAGAIN || errno == EINTR) return {};
  return Error::system("write to a program", errno);
}

Result<void> Exchange::read_some(Output& output) {
  if (!output.fd) return {};
  if (piece_ == nullptr) piece_ = std::make_unique<std::array<char, kPiece>>();
  const ssize_t count = ::read(output.fd.get(), piece_->data(), piece_->size());
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return Error::system("read from a program", errno);
  }
  if (count == 0) {
    output.fd.reset();
    moved_ = true;
    return {};
  }
  const auto came = static_cast<std::size_t>(count);
  const std::size_t room = limit - std::min(limit, output.text.size());
  output.text.append(piece_->data(), std::min(came, room));
  too_much_ |= came > room;
  moved_ = true;
  return {};
}

Result<void> Exchange::move_some() {
  moved_ = false;
  auto done = write_some();
  if (done) done = read_some(out);
  if (done) done = read_some(err);
  return done;
}

std::vector<PollItem> Exchange::awaited(const Child& child, bool ended) const {
  std::vector<PollItem> items;
  if (in) items.push_back({{in.get(), POLLOUT}});
  if (out.fd) items.push_back({{out.fd.get(), POLLIN}});
  if (err.fd) items.push_back({{err.fd.get(), POLLIN}});
  if (!ended) items.push_back({{child.sentinel(), POLLIN}});
  return items;
}

// Not where something has moved: there may be more. Errors: timed_out (before `until`: a fiber's
// wait ends with the deadline of what caused it), cancelled, system.
Result<void> Exchange::wait_to_move(RuntimeCore& runtime, const Child& child, bool ended,
                                    Deadline until) {
  if (moved_) return {};
  auto items = awaited(child, ended);
  auto parked = park(runtime, items, until);
  return until.passed() ? Result<void>{} : parked;
}

Result<Exchange::Outcome> Exchange::run(RuntimeCore& runtime, Child& child, Deadline until,
                                        Duration linger) {
  bool ended = false;
  Deadline patience = forever;
  int rounds_late = 0;
  for (;;) {
    // Looked at before the outputs are: what the program wrote is then all there.
    if (!ended && child.exit()) {
      ended = true;
      patience = linger;
    }
    if (const auto done = move_some(); !done) return done.error();
    if (too_much_) return Outcome::too_much;
    if (ended && !out.fd && !err.fd) {
      in.reset();
      return Outcome::ended;
    }
    // What is there when the time is over is still taken, but not for ever.
    const bool late = until.passed() || patience.passed();
    if (late && (!moved_ || ++rounds_late > kMostRoundsLate)) {
      return ended && patience.passed() ? Outcome::held_open : Outcome::timed_out;
    }
    const auto waited = wait_to_move(runtime, child, ended, earlier(until, patience));
    if (waited) continue;
    if (waited.error() == Code::timed_out) return Outcome::timed_out;
    return waited.error();
  }
}

void Exchange::give_up_outputs() {
  out.fd.reset();
  err.fd.reset();
  too_much_ = false;
}

}  // namespace troupe::process
