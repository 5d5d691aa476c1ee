// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that processes share by descriptor: a sealed memfd. It has no name, so nothing of it is
// left when the last holder is gone, however that went; and its size can never change, so that no
// holder can make another's access a SIGBUS.

#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace troupe::os {

// Bytes that this process may still take: the least of what the host and what each memory cgroup
// (v1 or v2) that it is in has left, counting what can be reclaimed.
std::uint64_t available_memory();

// Who may write to shared memory: whoever has it, or its maker alone, who maps it and then calls
// forbid_new_writers.
enum class Writers : std::uint8_t { all, maker };

// Shared memory of `size` bytes, all reserved and zero. `doing` begins the error's text. Errors:
// overloaded (memory or descriptors are short; the text has the numbers and what to raise), system.
Result<UniqueFd> make_shared_memory(std::size_t size, const std::string& doing,
                                    Writers writers = Writers::all);

// What somebody else has made and handed over: ok when it has that size, cannot change it, and is
// reserved. Errors: malformed (not so), overloaded, system.
Result<void> check_shared_memory(int fd, std::size_t size, const std::string& doing);

// From now on nobody makes a writable mapping of it; those that there are stay. Errors: system.
Result<void> forbid_new_writers(int fd, const std::string& doing);

// A mapping of it. Move-only; unmaps.
class Mapping final {
 public:
  enum class Access : std::uint8_t { read, read_and_write };

  Mapping() = default;
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping();

  // Errors: overloaded (address space or mappings are short), system.
  static Result<Mapping> of(int fd, std::size_t size, const std::string& doing,
                            Access access = Access::read_and_write);

  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  explicit Mapping(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}

  std::span<std::byte> bytes_;
};

}  // namespace troupe::os
