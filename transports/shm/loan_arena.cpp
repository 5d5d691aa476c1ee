// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/loan_arena.hpp"

#include "troupe/transports/shm/kill_point.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace troupe::transports {
namespace {

// Loans begin at pages of their own, so that what a receiver views shares none.
constexpr std::size_t kPage = 4096;
// So that no sum of sizes overflows.
constexpr std::size_t kAbsurd = std::numeric_limits<std::size_t>::max() / 4;

constexpr std::size_t whole_pages(std::size_t bytes) noexcept {
  return std::max(kPage, (bytes + kPage - 1) & ~(kPage - 1));
}

}  // namespace

LoanArena::LoanArena(std::shared_ptr<const ShmLink> link, std::size_t budget,
                     std::uint32_t lent_from)
    : link_(std::move(link)), budget_(budget), last_id_(lent_from) {}

Result<std::optional<Loan>> LoanArena::try_lend(std::size_t bytes, std::size_t budget) {
  if (bytes > kAbsurd) {
    return Error{Code::overloaded,
                 "lend " + std::to_string(bytes) + " bytes: no machine has so many"};
  }
  const std::lock_guard lock{mutex_};
  auto slot = lend(whole_pages(bytes), budget);
  if (!slot || !*slot) {
    return slot ? Result<std::optional<Loan>>{std::nullopt} : slot.error();
  }
  kill_point("loan.lent");
  const Slot& lent = slots_[**slot];
  std::shared_ptr<const void> owner{
      static_cast<const void*>(this),
      [arena = shared_from_this(), slot = **slot](const void*) { arena->let_go(slot); }};
  return std::optional<Loan>{
      Loan{std::move(owner), lent.segment->mapping.bytes().subspan(lent.range.offset, bytes)}};
}

std::optional<LoanReference> LoanArena::lend_copy(std::span<const std::byte> bytes,
                                                  std::size_t budget) {
  const std::lock_guard lock{mutex_};
  if (references_ == kMostLoans) {
    return std::nullopt;
  }
  const auto slot = lend(whole_pages(bytes.size()), budget);
  if (!slot || !*slot) {
    return std::nullopt;
  }
  Slot& lent = slots_[**slot];
  std::memcpy(lent.segment->mapping.bytes().data() + lent.range.offset, bytes.data(), bytes.size());
  kill_point("loan.copied");
  lent.held = false;
  return refer(**slot, lent.range.offset, bytes.size());
}

bool LoanArena::owns(std::span<const std::byte> bytes) const noexcept {
  const std::lock_guard lock{mutex_};
  return segment_of(bytes) != nullptr;
}

std::optional<LoanReference> LoanArena::refer_to(std::span<const std::byte> bytes) {
  const std::lock_guard lock{mutex_};
  if (references_ == kMostLoans || bytes.empty()) {
    return std::nullopt;
  }
  Segment* const segment = segment_of(bytes);
  if (segment == nullptr) {
    return std::nullopt;
  }
  const auto offset = static_cast<std::size_t>(bytes.data() - segment->mapping.bytes().data());
  const auto slot = std::ranges::find_if(slots_, [&](const Slot& candidate) {
    return candidate.segment == segment && candidate.range.offset <= offset &&
           offset + bytes.size() <= candidate.range.offset + candidate.range.size;
  });
  if (slot == slots_.end()) {
    return std::nullopt;
  }
  return refer(static_cast<std::uint32_t>(slot - slots_.begin()), offset, bytes.size());
}

LoanReference LoanArena::refer(std::uint32_t slot, std::size_t offset,
                               std::size_t length) noexcept {
  ++slots_[slot].sent;
  ++references_;
  return {.at = 0,
          .length = length,
          .offset = offset,
          .segment = slots_[slot].segment->id,
          .slot = slot};
}

void LoanArena::take_back(const LoanReference& reference) noexcept {
  const std::lock_guard lock{mutex_};
  Slot& slot = slots_[reference.slot];
  if (slot.sent == 0) {
    return;  // the peer has given back what it did not have yet
  }
  --references_;
  if (--slot.sent == 0 && !slot.held) {
    release(slot);
  }
}

std::optional<LoanArena::News> LoanArena::next_news() const {
  const std::lock_guard lock{mutex_};
  if (news_.empty()) {
    return std::nullopt;
  }
  const ShmNote& note = news_.front();
  const auto segment = std::ranges::find(segments_, note.id, &Segment::id);
  return News{note, note.kind == ShmNote::Kind::segment ? (*segment)->memory.get() : -1};
}

void LoanArena::announced() noexcept {
  const std::lock_guard lock{mutex_};
  news_.erase(news_.begin());
}

bool LoanArena::retire_all() noexcept {
  const std::lock_guard lock{mutex_};
  if (!collect_returns() || lent_ > 0) {
    return false;
  }
  retire_unused();
  return true;
}

std::uint32_t LoanArena::lent_from() const noexcept {
  const std::lock_guard lock{mutex_};
  return last_id_;
}

// What the peer says is held against the ledger.
Result<void> LoanArena::collect_returns() {
  const auto& returns = link_->outgoing().returns;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.sent == 0) {
      continue;
    }
    // Pairs with give_back of BorrowedLoans: the peer is done with what it gave back.
    const std::uint32_t returned = returns.at(i).load(std::memory_order_acquire);
    const std::uint32_t back = returned - slot.returned;
    if (back > slot.sent) {
      return shm_broken("take loans back");
    }
    slot.returned = returned;
    slot.sent -= back;
    references_ -= back;
    if (slot.sent == 0 && !slot.held) {
      release(slot);
      kill_point("return.collected");
    }
  }
  return {};
}

// A slot with memory of its own; nothing when too much is lent.
Result<std::optional<std::uint32_t>> LoanArena::lend(std::size_t size, std::size_t budget) {
  using Lent = std::optional<std::uint32_t>;
  if (auto collected = collect_returns(); !collected) {
    return collected.error();
  }
  if (lent_ > 0 && lent_ + size > budget) {
    return Lent{};
  }
  auto slot = allocate(size);
  if (!slot && slots_in_use() < kMostLoans && may_grow()) {
    if (auto grown = grow(size); !grown) {
      return grown.error();
    }
    slot = allocate(size);
  }
  return slot;
}

// The first free place that is large enough, of the segment that has been there longest.
std::optional<std::uint32_t> LoanArena::allocate(std::size_t size) {
  auto slot = std::ranges::find(slots_, nullptr, &Slot::segment);
  if (slot == slots_.end()) {
    if (slots_.size() == kMostLoans) {
      return std::nullopt;
    }
    const std::uint32_t returned =
        link_->outgoing().returns.at(slots_.size()).load(std::memory_order_relaxed);
    slot = slots_.insert(slots_.end(), Slot{});
    slot->returned = returned;
  }
  for (const auto& segment : segments_) {
    const auto place = std::ranges::find_if(
        segment->free, [size](const Range& free) { return free.size >= size; });
    if (place == segment->free.end()) {
      continue;
    }
    place->size -= size;  // its end
    slot->segment = segment.get();
    slot->range = {place->offset + place->size, size};
    slot->held = true;
    if (place->size == 0) {
      segment->free.erase(place);
    }
    lent_ += size;
    return static_cast<std::uint32_t>(slot - slots_.begin());
  }
  return std::nullopt;
}

std::size_t LoanArena::slots_in_use() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const Slot& slot) { return slot.segment != nullptr; }));
}

// Small loans that stay out may leave no place for a large one in what there is, however often.
bool LoanArena::may_grow() {
  if (segments_.size() == kMostLoanSegments) {
    retire_unused();
  }
  return segments_.size() < kMostLoanSegments;
}

// Doubles what there is, as far as the budget goes; a loan beyond it gets memory of its own.
Result<void> LoanArena::grow(std::size_t size) {
  retire_unused();
  std::size_t reserved = 0;
  for (const auto& segment : segments_) {
    reserved += segment->mapping.bytes().size();
  }
  const std::size_t left = budget_ > reserved ? budget_ - reserved : 0;
  std::size_t wanted =
      std::max(size, std::min(left, std::max({reserved, 2 * size, kFirstSegment})));
  const std::string doing = "lend " + std::to_string(size) + " bytes";
  auto memory = os::make_shared_memory(wanted, doing, os::Writers::maker);
  if (!memory && memory.error() == Code::overloaded && wanted > size) {
    wanted = size;  // where memory is short, no more than is asked for
    memory = os::make_shared_memory(wanted, doing, os::Writers::maker);
  }
  if (!memory) {
    return memory.error();
  }
  kill_point("grow.made");
  auto mapping = os::Mapping::of(memory->get(), wanted, doing);
  if (!mapping) {
    return mapping.error();
  }
  if (auto sealed = os::forbid_new_writers(memory->get(), doing); !sealed) {
    return sealed;
  }
  auto segment = std::make_unique<Segment>();
  segment->id = ++last_id_;
  segment->memory = std::move(*memory);
  segment->mapping = std::move(*mapping);
  segment->free.push_back({0, wanted});
  news_.push_back({.kind = ShmNote::Kind::segment, .count = 1, .id = segment->id, .size = wanted});
  segments_.push_back(std::move(segment));
  kill_point("grow.mapped");
  return {};
}

std::string LoanArena::holders() const {
  const std::lock_guard lock{mutex_};
  std::size_t loans = 0;
  std::size_t bytes = 0;
  std::size_t sent_loans = 0;
  std::size_t sent_bytes = 0;
  for (const Slot& slot : slots_) {
    if (slot.segment != nullptr) {
      ++(slot.sent > 0 ? sent_loans : loans);
      (slot.sent > 0 ? sent_bytes : bytes) += slot.range.size;
    }
  }
  return "the receiver holds " + std::to_string(sent_bytes) + " bytes in " +
         std::to_string(sent_loans) + " loans that it was sent, this process " +
         std::to_string(bytes) + " in " + std::to_string(loans) + "; at most " +
         std::to_string(budget_) + " bytes (?loans=) and " + std::to_string(kMostLoans) +
         " loans may be out";
}

// Segments of which nothing is lent, when they do not serve: room for one that does.
void LoanArena::retire_unused() {
  std::erase_if(segments_, [&](const std::unique_ptr<Segment>& segment) {
    const bool unused =
        segment->free.size() == 1 && segment->free.front().size == segment->mapping.bytes().size();
    if (unused &&
        std::erase_if(news_, [&](const ShmNote& note) { return note.id == segment->id; }) == 0) {
      kill_point("grow.retired");
      news_.push_back({.kind = ShmNote::Kind::retired, .id = segment->id});
    }
    return unused;
  });
}

void LoanArena::let_go(std::uint32_t slot) noexcept {
  {
    const std::lock_guard lock{mutex_};
    slots_[slot].held = false;
    if (slots_[slot].sent > 0) {
      return;  // the peer will ring
    }
    release(slots_[slot]);
  }
  // Another thread of ours may wait for a loan.
  if (link_->outgoing().writer.look_for_sleeper(false) == ShmSleepWord::Found::sleeper) {
    link_->ring_self();
  }
}

void LoanArena::release(Slot& slot) noexcept {
  auto& free = slot.segment->free;
  auto place = free.insert(std::ranges::lower_bound(free, slot.range.offset, {}, &Range::offset),
                           slot.range);
  if (const auto next = place + 1;
      next != free.end() && place->offset + place->size == next->offset) {
    place->size += next->size;
    free.erase(next);
  }
  if (place != free.begin()) {
    const auto before = place - 1;
    if (before->offset + before->size == place->offset) {
      before->size += place->size;
      free.erase(place);
    }
  }
  lent_ -= slot.range.size;
  slot.segment = nullptr;
}

LoanArena::Segment* LoanArena::segment_of(std::span<const std::byte> bytes) const noexcept {
  for (const auto& segment : segments_) {
    const auto all = segment->mapping.bytes();
    if (bytes.data() >= all.data() && bytes.data() + bytes.size() <= all.data() + all.size()) {
      return segment.get();
    }
  }
  return nullptr;
}

}  // namespace troupe::transports
