// SPDX-License-Identifier: Apache-2.0
#pragma once

// BorrowedLoans: the receiving side of a LoanArena: the peer's segments, mapped for reading, and
// the views of what it has lent. A view lives as long as anybody wants, on any thread, also beyond
// the connection; when the last one of a loan goes, the loan goes back by a count. Another process
// may go on with the connection while views are still held here.

#include "troupe/base/buffer.hpp"
#include "troupe/base/os/memory.hpp"
#include "troupe/transports/handover.hpp"
#include "troupe/transports/shm/loan_arena.hpp"
#include "troupe/transports/shm/shm_link.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace troupe::transports {

// The receiving thread's.
class BorrowedLoans final {
 public:
  explicit BorrowedLoans(std::shared_ptr<const ShmLink> link) : link_(std::move(link)) {}

  // What the peer has made to lend from. Errors: malformed, overloaded, system.
  Result<void> add(std::uint32_t id, UniqueFd memory, std::uint64_t size);
  void retire(std::uint32_t id) noexcept { segments_.erase(id); }
  // What another process needs to know of the peer's segments. Errors: overloaded, system.
  Result<std::vector<Handover::Lent>> hand_over() const;

  bool knows(std::uint32_t id) const noexcept { return segments_.contains(id); }
  // The bytes of a reference to a known segment, and a view of them, which gives the loan back at
  // its end; who makes none does so itself. Errors: malformed (beyond its end).
  Result<std::span<const std::byte>> bytes_of(const LoanReference& reference) const;
  Buffer view(const LoanReference& reference, std::span<const std::byte> bytes) const;
  void give_back(const LoanReference& reference) const noexcept;

 private:
  struct Segment {
    UniqueFd memory;
    std::shared_ptr<const os::Mapping> mapping;
  };

  const std::shared_ptr<const ShmLink> link_;
  std::map<std::uint32_t, Segment> segments_;
};

}  // namespace troupe::transports
