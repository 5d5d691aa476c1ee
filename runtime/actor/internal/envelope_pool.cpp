// SPDX-License-Identifier: Apache-2.0
// Memory for envelopes. Each thread keeps free blocks of four sizes; what it has too many of, or
// none of, goes and comes in batches, so that one that sends and one that handles meet at a lock
// once for many messages. Process-wide, like the allocator that it stands before: a Future may live
// longer than its runtime.
#include "troupe/base/spin_lock.hpp"
#include "troupe/runtime/actor/envelope.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace troupe::actor {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;  // so that the sanitizer sees each use after free
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
#else
constexpr bool kPooled = true;
#endif

constexpr std::size_t kLine = 64;
constexpr std::size_t kClasses = 4;  // 64, 128, 256, 512
constexpr std::size_t kLargest = kLine << (kClasses - 1);
constexpr std::size_t kBatch = 64;

struct Block {
  Block* next;
  Block* next_batch;  // of the first of a batch
};

struct Batch {
  Block* first = nullptr;
  std::size_t count = 0;
};

std::size_t class_of(std::size_t size) noexcept {
  return size <= kLine ? 0 : static_cast<std::size_t>(std::bit_width((size - 1) / kLine));
}

// What no thread keeps.
class Depot final {
 public:
  // A whole batch.
  Batch take() {
    {
      const std::lock_guard lock{lock_};
      if (batches_ != nullptr) {
        Block* const first = batches_;
        batches_ = first->next_batch;
        return {first, kBatch};
      }
    }
    return cut();
  }
  void give(Block* first) noexcept {
    const std::lock_guard lock{lock_};
    first->next_batch = batches_;
    batches_ = first;
  }
  void set_size(std::size_t size) noexcept { size_ = size; }

 private:
  // From new memory, which is never given back: the most that was ever in use stays.
  Batch cut() const {
    auto* const chunk =
        static_cast<std::byte*>(::operator new (size_* kBatch, std::align_val_t{kLine}));
    Block* first = nullptr;
    for (std::size_t i = kBatch; i > 0; --i) {
      auto* const block = reinterpret_cast<Block*>(chunk + (i - 1) * size_);
      block->next = first;
      first = block;
    }
    return {first, kBatch};
  }

  SpinLock lock_;
  Block* batches_ = nullptr;  // guarded by lock_
  std::size_t size_ = 0;
};

struct Depots {
  Depots() {
    for (std::size_t i = 0; i < kClasses; ++i) {
      of[i].set_size(kLine << i);
    }
  }
  std::array<Depot, kClasses> of;
};

Depots& depots() noexcept {
  // Never destroyed: threads come after the end of main, too.
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): raw memory
  alignas(Depots) static std::byte place[sizeof(Depots)];
  static auto& made = *::new (place) Depots;
  return made;
}

// A thread's own: two batches of each size, so that neither many frees nor many allocations in a
// row go to the depot each time.
class Cache final {
 public:
  Cache() = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() {
    for (std::size_t i = 0; i < kClasses; ++i) {
      // Whole batches only; the rest is left, as what is in use is.
      if (full_[i] != nullptr) {
        depots().of[i].give(full_[i]);
      }
    }
  }

  void* take(std::size_t index) {
    Batch& current = current_[index];
    if (current.first == nullptr) [[unlikely]] {
      current = full_[index] != nullptr ? Batch{std::exchange(full_[index], nullptr), kBatch}
                                        : depots().of[index].take();
    }
    Block* const block = current.first;
    current.first = block->next;
    --current.count;
    return block;
  }

  void give(void* memory, std::size_t index) noexcept {
    Batch& current = current_[index];
    if (current.count == kBatch) [[unlikely]] {
      if (full_[index] != nullptr) {
        depots().of[index].give(full_[index]);
      }
      full_[index] = std::exchange(current.first, nullptr);
      current.count = 0;
    }
    auto* const block = static_cast<Block*>(memory);
    block->next = std::exchange(current.first, block);
    ++current.count;
  }

 private:
  std::array<Batch, kClasses> current_;
  std::array<Block*, kClasses> full_{};
};

[[gnu::tls_model("initial-exec")]] thread_local Cache cache;

}  // namespace

void* allocate_envelope(std::size_t size) {
  if (!kPooled || size > kLargest) {
    return ::operator new (size, std::align_val_t{kLine});
  }
  return cache.take(class_of(size));
}

void free_envelope(void* memory, std::size_t size) noexcept {
  if (!kPooled || size > kLargest) {
    ::operator delete (memory, std::align_val_t{kLine});
    return;
  }
  cache.give(memory, class_of(size));
}

}  // namespace troupe::actor
