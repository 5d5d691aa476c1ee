// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tree: the regular files below a directory, one after the other. Links are not followed (the
// directory itself may be one); devices, sockets and named pipes are left alone. Memory grows with
// the depth and width of directories, not with the number of files.

#include "troupe/base/result.hpp"
#include "wordcount/messages.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace wordcount {

// Which tree, and which of its files: a message, too.
struct Input {
  std::string directory;
  bool headers_only = false;  // files that look like C or C++ headers by their name
};

class Tree final {
 public:
  explicit Tree(const Input& input);

  // The next file; nothing after the last.
  std::optional<std::filesystem::path> next();

  // The directories that could not be read, since the last call.
  std::vector<Unreadable> take_unreadable();

 private:
  void enter(const std::filesystem::path& directory);

  bool headers_only_;
  std::vector<std::filesystem::path> directories_;  // still to be read
  std::filesystem::directory_iterator at_;
  std::filesystem::path directory_;  // that `at_` is in
  std::vector<Unreadable> unreadable_;
};

// .h .hh .hpp .hxx .h++ .H, what they include (.inl .ipp .tcc .tpp .txx), and names without a dot,
// as <vector> has.
bool is_header_name(const std::filesystem::path& name);

// How much there is.
struct Extent {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// Walks through the tree once. Errors: not_found (there is no such directory, or no file in it),
// invalid_argument (it is none), system (it cannot be read), cancelled when asked to stop.
troupe::Result<Extent> survey(const Input& input, const std::stop_token& stop);

}  // namespace wordcount
