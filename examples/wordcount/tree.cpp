// SPDX-License-Identifier: Apache-2.0
#include "wordcount/tree.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace wordcount {

namespace fs = std::filesystem;

Tree::Tree(const Input& input)
    : headers_only_(input.headers_only), directories_{fs::path{input.directory}} {}

std::optional<fs::path> Tree::next() {
  for (;;) {
    if (at_ == fs::directory_iterator{}) {
      if (directories_.empty()) {
        return std::nullopt;
      }
      const fs::path directory = std::move(directories_.back());
      directories_.pop_back();
      enter(directory);
      continue;
    }
    const fs::directory_entry entry = *at_;
    std::error_code error;
    at_.increment(error);
    if (error) {
      unreadable_.push_back({directory_.string(), error.message()});
      at_ = {};
    }
    const fs::file_type type = entry.symlink_status(error).type();
    if (type == fs::file_type::directory) {
      directories_.push_back(entry.path());
    } else if (type == fs::file_type::regular &&
               (!headers_only_ || is_header_name(entry.path().filename()))) {
      return entry.path();
    } else if (type == fs::file_type::none) {
      unreadable_.push_back({entry.path().string(), error.message()});
    }
  }
}

void Tree::enter(const fs::path& directory) {
  std::error_code error;
  at_ = fs::directory_iterator{directory, error};
  directory_ = directory;
  if (error) {
    unreadable_.push_back({directory.string(), error.message()});
    at_ = {};
  }
}

std::vector<Unreadable> Tree::take_unreadable() {
  return std::exchange(unreadable_, {});
}

bool is_header_name(const fs::path& name) {
  using namespace std::string_view_literals;
  static constexpr std::array kEndings{".h"sv,   ".hh"sv,  ".hpp"sv, ".hxx"sv, ".h++"sv, ".H"sv,
                                       ".inl"sv, ".ipp"sv, ".tcc"sv, ".tpp"sv, ".txx"sv};
  const std::string& text = name.native();
  return text.find('.') == std::string::npos ||
         std::ranges::find(kEndings, name.extension().native()) != kEndings.end();
}

troupe::Result<Extent> survey(const Input& input, const std::stop_token& stop) {
  using troupe::Code;
  const std::string doing = "count the words below " + input.directory;
  struct stat status {};
  if (::stat(input.directory.c_str(), &status) != 0) {
    return errno == ENOENT ? troupe::Error{Code::not_found, doing + ": there is no such directory"}
                           : troupe::Error::system(doing, errno);
  }
  if (!S_ISDIR(status.st_mode)) {
    return troupe::Error{Code::invalid_argument, doing + ": it is not a directory"};
  }
  Tree tree{input};
  Extent extent;
  while (const auto file = tree.next()) {
    if (stop.stop_requested()) {
      return troupe::Error{Code::cancelled, doing + ": asked to stop"};
    }
    std::error_code error;
    const auto size = fs::file_size(*file, error);
    ++extent.files;
    extent.bytes += error ? 0 : size;
  }
  if (extent.files > 0) {
    return extent;
  }
  const auto unreadable = tree.take_unreadable();
  return troupe::Error{
      Code::not_found,
      doing + ": " +
          (!unreadable.empty()  ? unreadable.front().path + ": " + unreadable.front().why
           : input.headers_only ? "there is no header; try --input DIR"
                                : "there is no file")};
}

}  // namespace wordcount
