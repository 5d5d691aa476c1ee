// SPDX-License-Identifier: Apache-2.0
#include "wordcount/chunks.hpp"

#include "wordcount/words.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace wordcount {

InputFile::InputFile(std::filesystem::path path)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {
  if (!file_) {
    failed();
  }
}

std::size_t InputFile::read(std::span<std::byte> place) {
  while (!unreadable_) {
    const ssize_t count = ::read(file_.get(), place.data(), place.size());
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      failed();
    }
  }
  return 0;
}

void InputFile::failed() {
  unreadable_ = Unreadable{path_.string(), troupe::errno_text(errno)};
}

Chunks::Chunks(const Input& input, std::size_t size)
    : tree_(input), size_(size), buffer_(2 * size) {}

std::optional<Chunk> Chunks::next() {
  Chunk chunk;
  while (!at_end_ && chunk.files < kMostFiles && countable() < size_) {
    chunk.files += read_some() ? 1 : 0;
  }
  if (at_end_ && used_ == 0 && chunk.files == 0) {
    return std::nullopt;
  }
  // What is left over is the beginning of one word, so it holds no added line end.
  const std::size_t end = countable();
  chunk.text = troupe::Buffer::copy_of(std::span{buffer_}.first(end));
  chunk.bytes = end - std::exchange(added_, 0);
  std::ranges::copy(std::span{buffer_}.subspan(end, used_ - end), buffer_.begin());
  used_ -= end;
  word_ = 0;
  return chunk;
}

bool Chunks::read_some() {
  if (!file_) {
    auto path = tree_.next();
    if (!path) {
      at_end_ = true;
      return false;
    }
    file_.emplace(std::move(*path));
  }
  if (buffer_.size() < used_ + size_) {  // a very long word
    buffer_.resize(std::max(used_ + size_, 2 * buffer_.size()));
  }
  // One byte stays free for a line end.
  const std::size_t count = file_->read(std::span{buffer_}.subspan(used_, size_ - 1));
  extend(count);
  if (count > 0) {
    return false;
  }
  if (word_ < used_) {
    buffer_.at(used_) = std::byte{'\n'};
    extend(1);
    ++added_;
  }
  const bool was_read = !file_->unreadable();
  if (!was_read) {
    unreadable_.push_back(*file_->unreadable());
  }
  file_.reset();
  return was_read;
}

// So many bytes have been put behind the text.
void Chunks::extend(std::size_t count) {
  const auto added = troupe::text_of(std::span{buffer_}.subspan(used_, count));
  if (const std::size_t begin = last_word_begin(added); begin > 0) {
    word_ = used_ + begin;
  }
  used_ += count;
}

std::size_t Chunks::countable() const {
  return word_ + (used_ - word_) / kLongestWord * kLongestWord;
}

std::vector<Unreadable> Chunks::take_unreadable() {
  auto all = tree_.take_unreadable();
  std::ranges::move(std::exchange(unreadable_, {}), std::back_inserter(all));
  return all;
}

}  // namespace wordcount
