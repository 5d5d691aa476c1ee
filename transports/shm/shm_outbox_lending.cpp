// SPDX-License-Identifier: Apache-2.0
// The part of ShmOutbox that lends.
#include "troupe/transports/shm/kill_point.hpp"
#include "troupe/transports/shm/shm_outbox.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace troupe::transports {
namespace {

// Parts of at least so many bytes are worth a loan, if one is to be had.
constexpr std::size_t kWorthALoan = 128U << 10U;
// As long as no more than that is lent: who reads slowly stops the sender, also by large messages.
constexpr std::size_t kMostCopied = 8U << 20U;
constexpr std::size_t kMostReferences = 16;

}  // namespace

Result<std::optional<Loan>> ShmOutbox::try_lend(std::size_t bytes) {
  if (error_) {
    return *error_;
  }
  if (bytes > setup_.max_message) {
    return Error{Code::invalid_argument,
                 "lend " + std::to_string(bytes) + " bytes: above the limit of " +
                     std::to_string(setup_.max_message) + " (ConnectOptions::max_message)"};
  }
  socket_is_full_ = false;
  auto lent = arena_->try_lend(bytes, arena_->budget());
  if (lent && !*lent) {
    if (auto lying = lie_down(); !lying) {
      return lying.error();
    }
    lent = arena_->try_lend(bytes, arena_->budget());
    if (!lent || *lent) {
      get_up();
    } else if (link_->peer_is_gone()) {
      return ended();
    } else {
      refused_ = true;
    }
  }
  if (!lent) {
    return lent.error() == Code::malformed ? failed(lent.error()) : lent.error();
  }
  return lent;
}

std::string ShmOutbox::loan_holders() const {
  return arena_->holders();
}

bool ShmOutbox::is_worth_a_loan(const OutgoingFrame& frame,
                                std::span<const std::byte> piece) const noexcept {
  const bool attached = !frame.attached.empty() && piece.data() >= frame.attached.data() &&
                        piece.data() < frame.attached.data() + frame.attached.size();
  return setup_.loans > 0 && !attached && (piece.size() >= kWorthALoan || arena_->owns(piece));
}

// Sends a message of which large parts are lent rather than copied into the ring. Nothing: it has
// none, or nothing can be lent now.
Result<std::optional<Progress>> ShmOutbox::send_loaned(OutgoingFrame& frame, Way& way) {
  using Outcome = std::optional<Progress>;
  std::size_t rest = frame.size;
  std::size_t parts = 0;
  for (const auto& piece : frame.pieces) {
    if (is_worth_a_loan(frame, piece)) {
      rest -= piece.size();
      ++parts;
    }
  }
  const std::size_t heads = sizeof(std::uint64_t) + parts * sizeof(LoanReference);
  if (parts == 0 || parts > kMostReferences || heads + rest > way.writer.most_content()) {
    return Outcome{};
  }
  const auto place = room_for(way, heads + rest);
  if (!place) {
    return place.error();
  }
  if (!*place) {
    return Outcome{Progress::would_block};
  }
  if (!refer_to_parts(frame)) {
    return Outcome{};
  }
  auto told = tell_news();
  if (told && *told == Progress::done) {
    const auto count = static_cast<std::uint8_t>(frame.fds.size());
    told = send_descriptors(way, frame.fds);
    if (told && *told == Progress::done) {
      write_loaned(frame, way.area.at(**place));
      kill_point("loan.referred");
      auto published =
          publish(way, {static_cast<std::uint32_t>(heads + rest), Kind::loaned, count});
      return published ? Result<Outcome>{*published} : published.error();
    }
  }
  for (const LoanReference& reference : references_) {
    arena_->take_back(reference);
  }
  return told ? Result<Outcome>{*told} : told.error();
}

// Fills references_; false: a part cannot be lent, and none is.
bool ShmOutbox::refer_to_parts(const OutgoingFrame& frame) {
  references_.clear();
  std::size_t at = 0;
  for (const auto& piece : frame.pieces) {
    if (!is_worth_a_loan(frame, piece)) {
      at += piece.size();
      continue;
    }
    auto reference = arena_->refer_to(piece);
    if (!reference) {
      reference = arena_->lend_copy(piece, std::min(kMostCopied, setup_.loans));
    }
    if (!reference) {
      for (const LoanReference& taken : references_) {
        arena_->take_back(taken);
      }
      return false;
    }
    reference->at = at;
    references_.push_back(*reference);
  }
  return true;
}

// The content of the record: how many references, these, and what is not lent.
void ShmOutbox::write_loaned(const OutgoingFrame& frame, std::byte* at) const noexcept {
  const std::uint64_t references = references_.size();
  std::memcpy(at, &references, sizeof references);
  at += sizeof references;
  std::memcpy(at, references_.data(), references_.size() * sizeof(LoanReference));
  at += references_.size() * sizeof(LoanReference);
  for (const auto& piece : frame.pieces) {
    if (!is_worth_a_loan(frame, piece) && !piece.empty()) {
      std::memcpy(at, piece.data(), piece.size());
      at += piece.size();
    }
  }
}

}  // namespace troupe::transports
