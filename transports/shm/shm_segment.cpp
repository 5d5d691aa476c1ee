// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/shm/shm_segment.hpp"

#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <new>
#include <utility>

namespace troupe::transports {
namespace {

constexpr std::size_t kDirectionsAt = 4096;
constexpr std::size_t kAreasAt = kDirectionsAt + 2 * sizeof(ShmDirection);

// FNV-1a over what two builds must agree on.
constexpr std::uint32_t layout_of_this_build() {
  std::uint32_t hash = 2166136261U;
  for (const std::uint64_t number :
       {std::uint64_t{kDirectionsAt}, std::uint64_t{kAreasAt}, std::uint64_t{sizeof(ShmDirection)},
        std::uint64_t{offsetof(ShmDirection, control)},
        std::uint64_t{offsetof(ShmDirection, reader)},
        std::uint64_t{offsetof(ShmDirection, returns)}, std::uint64_t{kMostLoans},
        std::uint64_t{ShmSegment::kControlRing}, std::uint64_t{kRecordHeader},
        std::uint64_t{sizeof(ShmSegment::Head)},
        std::uint64_t{std::endian::native == std::endian::little}}) {
    hash = (hash ^ static_cast<std::uint32_t>(number)) * 16777619U;
  }
  return hash;
}

constexpr std::size_t size_for(std::size_t ring) {
  return kAreasAt + 2 * (ring + ShmSegment::kControlRing);
}

}  // namespace

ShmSegment::Head ShmSegment::head_for(std::size_t ring) noexcept {
  return {.layout = layout_of_this_build(), .ring = ring};
}

Result<void> ShmSegment::check(const Head& head, const std::string& doing) {
  if (head.magic != Head::kMagic) {
    return Error{Code::malformed, doing + ": the peer does not speak the protocol of shm:"};
  }
  const Head own = head_for(kDefaultRing);
  if (head.version != own.version || head.layout != own.layout) {
    return Error{Code::refused,
                 doing + ": the peer's shared memory has version " + std::to_string(head.version) +
                     " and layout " + std::to_string(head.layout) + ", this program's version " +
                     std::to_string(own.version) + " and layout " + std::to_string(own.layout) +
                     "; build both with the same troupe, or use unix:"};
  }
  if (!std::has_single_bit(head.ring) || head.ring < kLeastRing || head.ring > kLargestRing) {
    return Error{Code::malformed,
                 doing + ": a ring of " + std::to_string(head.ring) + " bytes cannot be"};
  }
  return {};
}

Result<ShmSegment> ShmSegment::create(std::size_t ring, const std::string& doing) {
  const std::size_t size = size_for(ring);
  auto memory = os::make_shared_memory(size, doing);
  if (!memory) {
    return memory.error();
  }
  auto mapping = os::Mapping::of(memory->get(), size, doing);
  if (!mapping) {
    return mapping.error();
  }
  const Head head = head_for(ring);
  std::memcpy(mapping->bytes().data(), &head, sizeof head);
  for (const std::size_t i : {0U, 1U}) {
    new (mapping->bytes().data() + kDirectionsAt + i * sizeof(ShmDirection)) ShmDirection;
  }
  return ShmSegment{std::move(*memory), std::move(*mapping), ring};
}

Result<ShmSegment> ShmSegment::open(UniqueFd memory, const std::string& doing) {
  struct stat status {};
  if (::fstat(memory.get(), &status) != 0) {
    return Error::system(doing, errno);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size < size_for(kLeastRing) || size > size_for(kLargestRing)) {
    return Error{Code::malformed,
                 doing + ": shared memory of " + std::to_string(size) + " bytes cannot be"};
  }
  if (auto checked = os::check_shared_memory(memory.get(), size, doing); !checked) {
    return checked.error();
  }
  auto mapping = os::Mapping::of(memory.get(), size, doing);
  if (!mapping) {
    return mapping.error();
  }
  Head head;
  std::memcpy(&head, mapping->bytes().data(), sizeof head);
  if (auto checked = check(head, doing); !checked) {
    return checked.error();
  }
  if (size_for(head.ring) != size) {
    return Error{Code::malformed, doing + ": the shared memory and its rings differ in size"};
  }
  return ShmSegment{std::move(memory), std::move(*mapping), head.ring};
}

ShmDirection& ShmSegment::direction_from(ShmSide side) const noexcept {
  const std::size_t place = kDirectionsAt + static_cast<std::size_t>(side) * sizeof(ShmDirection);
  return *std::launder(reinterpret_cast<ShmDirection*>(mapping_.bytes().data() + place));
}

SharedArea ShmSegment::data_from(ShmSide side) const noexcept {
  return SharedArea{
      mapping_.bytes().subspan(kAreasAt + static_cast<std::size_t>(side) * ring_, ring_)};
}

SharedArea ShmSegment::control_from(ShmSide side) const noexcept {
  return SharedArea{mapping_.bytes().subspan(
      kAreasAt + 2 * ring_ + static_cast<std::size_t>(side) * kControlRing, kControlRing)};
}

}  // namespace troupe::transports
