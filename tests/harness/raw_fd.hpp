// SPDX-License-Identifier: Apache-2.0
#pragma once

// Plain bytes through plain descriptors: what a foreign program at the other end would do. All
// calls block, and check that the kernel did what was asked.

#include "troupe/base/bytes.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::harness {

void write_raw(int fd, std::span<const std::byte> bytes);
inline void write_raw(int fd, std::string_view text) {
  write_raw(fd, bytes_of(text));
}
// Exactly so many.
Bytes read_raw(int fd, std::size_t count);
// Until the end.
Bytes read_to_end(int fd);
// Waits until it can be read, or has ended.
void wait_readable(int fd);
bool is_readable(int fd);

std::pair<UniqueFd, UniqueFd> raw_pipe();  // reader, writer
std::pair<UniqueFd, UniqueFd> raw_socket_pair();

// "00 1f 23": bytes as they stand in a specification.
Bytes from_hex(std::string_view hex);
std::string to_hex(std::span<const std::byte> bytes);

// Bytes that differ at every place and by seed, so that a shift or a mixture shows.
Bytes pattern(std::size_t size, unsigned seed = 0);

// How many descriptors this process has open.
std::size_t open_fds();
// How many mappings of memory that has a descriptor and no name.
std::size_t mapped_memfds();

}  // namespace troupe::harness
