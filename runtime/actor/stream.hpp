// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stream: items that come one after the other, from a Topic or from whatever has a StreamSource:
//
//   for (troupe::Result<Price>& price : prices.subscribe()) {
//     if (price) show(*price);
//   }

#include "troupe/base/deadline.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/result.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace troupe {

// Where the items of a stream come from. Called by the stream's one reader; destroyed with it,
// which says that nothing more is wanted.
template <class T>
class StreamSource {
 public:
  StreamSource() = default;
  StreamSource(const StreamSource&) = delete;
  StreamSource& operator=(const StreamSource&) = delete;
  virtual ~StreamSource() = default;

  // The next item, or an error in its place; nothing: there is none yet. After the last, `closed`,
  // for ever. Never waits.
  virtual std::optional<Result<T>> try_next() = 0;
  // Waits until try_next has something. Suspends a fiber, blocks a thread. Errors: timed_out,
  // cancelled, overloaded (no memory to wait with).
  virtual Result<void> wait(Deadline until) = 0;
  // Readable exactly while try_next has something. Throws Error (overloaded, system).
  virtual int ready_fd() = 0;
};

template <class T>
class StreamIterator;

// One thread's, or one actor's, at a time. Move-only; dropped, it ends the subscription.
template <class T>
class [[nodiscard]] Stream final {
 public:
  Stream() = default;  // empty: any use is `closed`
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) noexcept = default;
  ~Stream() = default;

  // The next item; waits for it. Others run meanwhile on a fiber; in a handler, never longer than
  // who asked it waits. Errors: closed (there will be no more), timed_out, cancelled, and the
  // source's own, after which it goes on: see who made it.
  Result<T> next(Deadline until = forever) {
    if (source_ == nullptr) {
      return Error{Code::closed, "next: this stream is empty, or was moved away"};
    }
    for (;;) {
      if (auto item = source_->try_next()) {
        return *std::move(item);
      }
      if (auto waited = source_->wait(until); !waited) {
        return waited.error();
      }
    }
  }
  // Whatever is there: an item, an error, the end. Nothing: it would have to wait.
  std::optional<Result<T>> try_next() {
    if (source_ == nullptr) {
      return next(Deadline::at_once());
    }
    return source_->try_next();
  }

  // Every item, and every error in its place; ends at `closed`, and behind a `cancelled` or
  // `timed_out`, which it shows: no wait would come true any more. Throws nothing of its own.
  StreamIterator<T> begin() { return StreamIterator<T>{*this}; }
  std::default_sentinel_t end() const noexcept { return {}; }

  // Readable while next() would not wait: for wait_any, select, and a program's own loop. Throws
  // Error (closed, overloaded, system).
  int ready_fd() const {
    if (source_ == nullptr) {
      throw Error{Code::closed, "ready_fd: the stream is empty"};
    }
    return source_->ready_fd();
  }

  // For the library, and for sources of your own.
  explicit Stream(std::unique_ptr<StreamSource<T>> source) noexcept : source_(std::move(source)) {}

 private:
  std::unique_ptr<StreamSource<T>> source_;
};

// Input iterator, for range-for.
template <class T>
class StreamIterator final {
 public:
  using value_type = Result<T>;
  using difference_type = std::ptrdiff_t;

  explicit StreamIterator(Stream<T>& stream) : stream_(&stream) { ++*this; }

  Result<T>& operator*() const { return *item_; }
  Result<T>* operator->() const { return &*item_; }
  StreamIterator& operator++() {
    const bool was_last = item_ && !item_->has_value() &&
                          (item_->error() == Code::cancelled || item_->error() == Code::timed_out);
    item_.reset();
    if (!was_last) {
      item_.emplace(stream_->next());
      if (!item_->has_value() && item_->error() == Code::closed) {
        item_.reset();
      }
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const StreamIterator& at, std::default_sentinel_t) { return !at.item_; }

 private:
  Stream<T>* stream_;
  mutable std::optional<Result<T>> item_;  // nothing: at the end
};

}  // namespace troupe
