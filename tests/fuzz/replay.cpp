// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: on the empty input, on each file of the folders that are
// named as arguments, and on each beginning of such a file. So every build and every sanitizer
// tries the seeds; finding new inputs is left to ./dev fuzz.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Gives the target `size` bytes in a block of their own, so that a sanitizer sees any read beyond.
void try_beginning(const Bytes& input, std::size_t size) {
  const Bytes block(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(block.data(), block.size());
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::size_t kEveryByteUpTo = 512;
  LLVMFuzzerTestOneInput(nullptr, 0);
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const Bytes input = contents(entry.path());
      const std::size_t step = 1 + input.size() / kEveryByteUpTo;
      for (std::size_t size = 0; size < input.size(); size += step) {
        try_beginning(input, size);
      }
      try_beginning(input, input.size());
      ++files;
    }
  }
  std::printf("%d seeds\n", files);
  return 0;
}
