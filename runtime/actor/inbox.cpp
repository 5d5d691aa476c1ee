// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/actor/inbox.hpp"

#include "troupe/runtime/actor/internal/cell.hpp"
#include "troupe/runtime/actor/internal/failure.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"

namespace troupe::actor {
InboxBase::InboxBase(RuntimeCore& runtime, const ActorType& type, const ActorOptions& options)
    : cell_(&runtime.actors()->take_cell()), owned_(true) {
  (void)cell_->prepare(type, &options, 0);
  cell_->adopt_foreign(runtime.actors()->number_for(*cell_));
}

InboxBase::InboxBase(Context& context) noexcept : cell_(&context.cell()), owned_(false) {
  cell_->begin_reading();
}

InboxBase::~InboxBase() {
  if (owned_) {
    cell_->leave_foreign();
  } else {
    cell_->end_reading();
  }
}

void InboxBase::begin_dispatch() noexcept {
  cell_->empty_bell();
}

bool InboxBase::end_dispatch() noexcept {
  return cell_->rest();
}

Envelope* InboxBase::take(std::span<const MessageType* const> types, std::size_t& which) noexcept {
  Envelope* envelope = nullptr;
  do {
    envelope = cell_->take(types, which);
  } while (envelope != nullptr && !is_wanted(*envelope));
  return envelope;
}

Envelope* InboxBase::take_any() noexcept {
  Envelope* envelope = nullptr;
  do {
    envelope = cell_->take_any();
  } while (envelope != nullptr && !is_wanted(*envelope));
  return envelope;
}

Envelope* InboxBase::hear() noexcept {
  cell_->hear();
  return nullptr;
}

// False: it is gone, since nobody wants it to be handled any more.
bool InboxBase::is_wanted(Envelope& envelope) noexcept {
  const Operations& operations = *envelope.operations;
  if (operations.wanted != nullptr && !operations.wanted(envelope)) {
    discard(envelope);
    return false;
  }
  if (operations.answer == nullptr) {
    return true;
  }
  AnswerBase* const answer = operations.answer(envelope);
  if (!is_late(*answer)) {
    return true;
  }
  cell_->system().count(Dropped::expired);
  operations.destroy(envelope);
  answer->fail(late_error(*cell_, *operations.type));
  return false;
}

Result<void> InboxBase::wait(Deadline until) {
  if (owned_) {
    cell_->empty_bell();
  }
  return cell_->wait_for_mail(until);
}

AnswerBase* InboxBase::begin(Envelope& envelope) noexcept {
  return cell_->begin(envelope);
}

void InboxBase::end(Envelope& envelope, const AnswerBase* answer) noexcept {
  cell_->finish(envelope, answer);
}

void InboxBase::fail(Envelope& envelope, AnswerBase* answer) noexcept {
  if (answer != nullptr) {
    answer->fail(Error{Code::failed, cell_->text() + " failed: " + text_of_current_exception(),
                       Effect::unknown});
  }
  cell_->finish(envelope, answer);
  leave();
}

void InboxBase::leave() noexcept {
  if (owned_) {
    cell_->ring_for_rest();
  }
}

int InboxBase::ready_fd() const {
  return cell_->ready_fd();
}

}  // namespace troupe::actor
