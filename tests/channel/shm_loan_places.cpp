// SPDX-License-Identifier: Apache-2.0
#include "channel/shm_loan_test.hpp"

#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>

namespace troupe::harness {
namespace {

struct Line {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string permissions;
  std::uintptr_t offset = 0;
  std::string file;  // device and inode
  bool shared_memory = false;
};

void each_mapping(const std::function<void(const Line&)>& look) {
  std::ifstream mappings{"/proc/self/maps"};
  for (std::string text; std::getline(mappings, text);) {
    Line line;
    char dash = '-';
    std::string device;
    std::string inode;
    std::istringstream words{text};
    words >> std::hex >> line.begin >> dash >> line.end >> line.permissions >> line.offset >>
        device >> inode;
    line.file = device;
    line.file.append(" ").append(inode);
    line.shared_memory = text.find("/memfd:") != std::string::npos;
    look(line);
  }
}

}  // namespace

Place place_of(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  Place place;
  each_mapping([&](const Line& line) {
    if (line.begin <= at && at < line.end) {
      place = {line.permissions, line.shared_memory,
               line.file + " " + std::to_string(at - line.begin + line.offset)};
    }
  });
  return place;
}

std::size_t mapped_memfd_bytes() {
  std::size_t bytes = 0;
  each_mapping([&](const Line& line) { bytes += line.shared_memory ? line.end - line.begin : 0; });
  return bytes;
}

void expect_read_only_view(const Buffer& buffer) {
  for (const std::byte* at : {buffer.bytes().data(), buffer.bytes().data() + buffer.size() - 1}) {
    const Place place = place_of(at);
    EXPECT_TRUE(place.shared_memory);
    EXPECT_EQ(place.permissions, "r--s");
  }
}

void ShmLoanTest::TearDown() {
  own_runtime_.reset();
  EXPECT_EQ(open_fds(), fds_before_);
  EXPECT_EQ(mapped_memfds(), mappings_before_);
}

}  // namespace troupe::harness
