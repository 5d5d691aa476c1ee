// SPDX-License-Identifier: Apache-2.0
#pragma once

// Chunks: the content of a tree as pieces of text for the workers. Small files are put together,
// big ones are cut between words. Holds one chunk at a time, whatever the size of the files.

#include "troupe/base/bytes.hpp"
#include "troupe/base/unique_fd.hpp"
#include "wordcount/messages.hpp"
#include "wordcount/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace wordcount {

// A file, read from its beginning; unless it has become a link. Never waits for a device or a pipe.
class InputFile final {
 public:
  explicit InputFile(std::filesystem::path path);

  // Reads on, into `place`; returns how many bytes. 0: the end, or unreadable().
  std::size_t read(std::span<std::byte> place);

  // Why it could not be read, or not to its end.
  const std::optional<Unreadable>& unreadable() const { return unreadable_; }

 private:
  void failed();

  std::filesystem::path path_;
  troupe::UniqueFd file_;
  std::optional<Unreadable> unreadable_;
};

class Chunks final {
 public:
  static constexpr std::size_t kSize = std::size_t{256} << 10;
  static constexpr std::uint64_t kMostFiles = 256;  // in one chunk: opening them takes time, too

  // A chunk has `size` bytes, where there are so many and they end between words; up to twice that.
  explicit Chunks(const Input& input, std::size_t size = kSize);

  // The next chunk; nothing once all has been read.
  std::optional<Chunk> next();

  // What could not be read, since the last call.
  std::vector<Unreadable> take_unreadable();

 private:
  // Reads a part of a file; true at the end of one.
  bool read_some();
  void extend(std::size_t count);
  // How much can be handed out: all but the word at the end, which may go on. If it goes on for too
  // long it is several words.
  std::size_t countable() const;

  Tree tree_;
  const std::size_t size_;
  std::optional<InputFile> file_;  // being read
  bool at_end_ = false;            // of the tree
  troupe::Bytes buffer_;
  std::size_t used_ = 0;   // of buffer_: text that is not handed out yet
  std::size_t word_ = 0;   // where the word at its end begins
  std::size_t added_ = 0;  // bytes of `used_` that are in no file: line ends between them
  std::vector<Unreadable> unreadable_;
};

}  // namespace wordcount
