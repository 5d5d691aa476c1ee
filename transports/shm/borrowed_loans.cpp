// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/borrowed_loans.hpp"

#include "troupe/transports/shm/kill_point.hpp"

#include <string>
#include <utility>

namespace troupe::transports {
namespace {

// Any thread's, and any process's that has this end.
void give_back_to(const ShmLink& link, std::uint32_t slot) noexcept {
  ShmDirection& direction = link.incoming();
  // Pairs with LoanArena::collect_returns: the loan has been read.
  direction.returns[slot].fetch_add(1, std::memory_order_release);
  kill_point("return.counted");
  if (direction.writer.look_for_sleeper(false) == ShmSleepWord::Found::sleeper) {
    kill_point("return.ring");
    link.ring_peer();
  }
}

}  // namespace

Result<void> BorrowedLoans::add(std::uint32_t id, UniqueFd memory, std::uint64_t size) {
  const std::string doing = "receive a loan";
  if (segments_.contains(id) || segments_.size() == kMostLoanSegments) {
    return shm_broken("receive a loan");
  }
  if (auto checked = os::check_shared_memory(memory.get(), size, doing); !checked) {
    return checked;
  }
  auto mapping = os::Mapping::of(memory.get(), size, doing, os::Mapping::Access::read);
  if (!mapping) {
    return mapping.error();
  }
  kill_point("grow.taken_up");
  segments_.emplace(
      id, Segment{std::move(memory), std::make_shared<const os::Mapping>(std::move(*mapping))});
  return {};
}

Result<std::span<const std::byte>> BorrowedLoans::bytes_of(const LoanReference& reference) const {
  const auto all = std::span<const std::byte>{segments_.at(reference.segment).mapping->bytes()};
  if (reference.slot >= kMostLoans || reference.offset > all.size() ||
      reference.length > all.size() - reference.offset) {
    return shm_broken("receive a loan");
  }
  return all.subspan(reference.offset, reference.length);
}

Buffer BorrowedLoans::view(const LoanReference& reference, std::span<const std::byte> bytes) const {
  std::shared_ptr<const void> owner{
      static_cast<const void*>(bytes.data()),
      [mapping = segments_.at(reference.segment).mapping, link = link_,
       slot = reference.slot](const void*) { give_back_to(*link, slot); }};
  return Buffer::view_of(std::move(owner), bytes);
}

void BorrowedLoans::give_back(const LoanReference& reference) const noexcept {
  give_back_to(*link_, reference.slot);
}

Result<std::vector<Handover::Lent>> BorrowedLoans::hand_over() const {
  std::vector<Handover::Lent> lent;
  for (const auto& [id, segment] : segments_) {
    auto memory = UniqueFd::duplicate(segment.memory.get());
    if (!memory) {
      return memory.error();
    }
    lent.push_back({id, segment.mapping->bytes().size(), std::move(*memory)});
  }
  return lent;
}

}  // namespace troupe::transports
