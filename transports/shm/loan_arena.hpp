// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoanArena: the memory that one end lends: segments of its own, which the peer may only read. The
// ledger of what is lent to whom is this process's alone, so that a peer that dies, or lies, can
// take nothing along: what is out comes back by counts in the shared segment, or with the peer's
// end. Loans are written and dropped on any thread; the rest is the sending thread's.

#include "troupe/base/buffer.hpp"
#include "troupe/base/loan.hpp"
#include "troupe/base/os/memory.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transports/shm/shm_link.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::transports {

// Where the peer finds lent bytes, and where they stand in the message. Part of the wire format.
struct LoanReference {
  std::uint64_t at = 0;  // before that byte of the record's rest
  std::uint64_t length = 0;
  std::uint64_t offset = 0;  // in the segment
  std::uint32_t segment = 0;
  std::uint32_t slot = 0;  // what comes back when the peer is done
};
static_assert(sizeof(LoanReference) == 32);

// How many segments an end may have told the peer of and not retired. Part of the wire format.
constexpr std::size_t kMostLoanSegments = 64;

class LoanArena final : public std::enable_shared_from_this<LoanArena> {
 public:
  static constexpr std::size_t kFirstSegment = 1U << 20U;

  // `budget`: bytes that may be out at once; a single loan may be larger. `lent_from`: see below.
  LoanArena(std::shared_ptr<const ShmLink> link, std::size_t budget, std::uint32_t lent_from = 0);

  std::size_t budget() const noexcept { return budget_; }
  // What is out, and with whom, for the text of an error.
  std::string holders() const;

  // Nothing: `budget` would be exceeded; the peer rings when something comes back. Errors:
  // overloaded (memory or descriptors are short), malformed (the peer gave back what it never had),
  // system.
  Result<std::optional<Loan>> try_lend(std::size_t bytes, std::size_t budget);

  // Whether the bytes stand in a segment of ours.
  bool owns(std::span<const std::byte> bytes) const noexcept;
  // How the peer finds bytes that stand in one of our loans, which are its until it gives them
  // back. Nothing: they do not, or too many are out.
  std::optional<LoanReference> refer_to(std::span<const std::byte> bytes);
  // The same for a copy of `bytes`, which is the peer's alone: nothing also when `budget` would be
  // exceeded, or memory is short.
  std::optional<LoanReference> lend_copy(std::span<const std::byte> bytes, std::size_t budget);
  // The message did not leave after all.
  void take_back(const LoanReference& reference) noexcept;

  // What the peer has to hear before it is sent references: segments made or retired, each until
  // announced().
  struct News {
    ShmNote note;
    int fd = -1;  // for a segment
  };
  std::optional<News> next_news() const;
  void announced() noexcept;

  // So that another process can go on with this end: the peer is to forget what it knows. False:
  // something is still lent.
  bool retire_all() noexcept;
  // How many segments there ever were. Whoever goes on with this end counts on from there: the peer
  // may not have heard yet that they are retired.
  std::uint32_t lent_from() const noexcept;

 private:
  struct Range {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  struct Segment {
    std::uint32_t id = 0;
    UniqueFd memory;
    os::Mapping mapping;
    std::vector<Range> free;  // by offset; neighbours are joined
  };
  struct Slot {
    Segment* segment = nullptr;  // null: unused
    Range range;
    bool held = false;           // by this process: as a Loan or a Buffer
    std::uint32_t sent = 0;      // times that the peer has it
    std::uint32_t returned = 0;  // ever, as far as collected
  };

  Result<void> collect_returns();
  Result<std::optional<std::uint32_t>> lend(std::size_t size, std::size_t budget);
  std::optional<std::uint32_t> allocate(std::size_t size);
  LoanReference refer(std::uint32_t slot, std::size_t offset, std::size_t length) noexcept;
  bool may_grow();
  Result<void> grow(std::size_t size);
  void retire_unused();
  std::size_t slots_in_use() const noexcept;
  void let_go(std::uint32_t slot) noexcept;
  void release(Slot& slot) noexcept;
  Segment* segment_of(std::span<const std::byte> bytes) const noexcept;

  const std::shared_ptr<const ShmLink> link_;
  const std::size_t budget_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<Slot> slots_;
  std::vector<ShmNote> news_;
  std::uint32_t last_id_ = 0;
  std::size_t lent_ = 0;          // bytes
  std::uint32_t references_ = 0;  // that the peer has
};

}  // namespace troupe::transports
