// SPDX-License-Identifier: Apache-2.0
#include "temporary_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace bench {

TemporaryFolder::TemporaryFolder() {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code whatever;  // what is left there is of no use to anybody
  std::filesystem::remove_all(path_, whatever);
}

}  // namespace bench
