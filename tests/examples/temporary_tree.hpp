// SPDX-License-Identifier: Apache-2.0
#pragma once

// A directory for one test, and files in it.

#include "harness/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <string_view>

class TemporaryTree final {
 public:
  std::filesystem::path path() const { return directory_.path(); }

  void write(std::string_view name, std::string_view content) const {
    const auto file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file, std::ios::binary}.write(content.data(),
                                                static_cast<std::streamsize>(content.size()));
  }

 private:
  troupe::harness::TemporaryDirectory directory_;
};
