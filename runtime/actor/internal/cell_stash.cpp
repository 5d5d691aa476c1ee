// SPDX-License-Identifier: Apache-2.0
// Cell: messages that are put aside, and taken up again before all others.
#include "troupe/base/check.hpp"
#include "troupe/runtime/actor/internal/cell.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace troupe::actor {

Result<void> Cell::room_to_stash(std::size_t bytes) {
  Extras& its = need_extras();
  if (its.stashed_count >= capacity() ||
      (its.stashed_count > 0 &&
       its.stashed_bytes + bytes > its.capacity_bytes.load(std::memory_order_relaxed))) {
    return Error{
        Code::overloaded,
        "stash: " + text() + " has put " + std::to_string(its.stashed_count) + " messages (" +
            std::to_string(its.stashed_bytes) +
            " bytes) aside, which is what its mailbox holds; unstash, refuse, or give it a "
            "larger one"};
  }
  its.stashed_bytes += bytes;
  return {};
}

// The place for the message that is being handled, which it is to be moved back to.
void* Cell::stash(Envelope& envelope, bool& is_question) {
  TROUPE_CHECK(!stashing_ && "stash: once for each message");
  Extras& its = need_extras();
  stashing_ = true;
  envelope.next = std::exchange(its.stashed, &envelope);
  ++its.stashed_count;
  is_question = envelope.operations->answer != nullptr;
  return envelope.operations->message(envelope);
}

void Cell::unstash() noexcept {
  if (extras() == nullptr || extras()->stashed == nullptr) {
    return;
  }
  Extras& its = *extras();
  while (Envelope* const newest = its.stashed) {
    its.stashed = newest->next;
    newest->next = mail_;
    mail_ = newest;
    ++left_;
    if (newest->operations->footprint != nullptr) {
      its.bytes.fetch_add(static_cast<std::int64_t>(newest->operations->footprint(*newest)),
                          std::memory_order_relaxed);
    }
  }
  its.stashed_count = 0;
  its.stashed_bytes = 0;
  in_hand_.store(left_);
}

}  // namespace troupe::actor
