// SPDX-License-Identifier: Apache-2.0
// ShmInbox: messages of which parts were lent.
#include "troupe/transports/shm/shm_inbox.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace troupe::transports {
namespace {

constexpr std::size_t kMostReferences = 16;  // to loans, of one message

}  // namespace

Result<Progress> ShmInbox::receive_loaned(Way& way, const ShmReader::Record& record,
                                          IncomingFrame& frame, std::span<std::byte> destination) {
  std::span<const std::byte> content{scratch_.get(), record.header.size};
  std::memcpy(scratch_.get(), way.area.at(record.offset), content.size());
  take(way, record);
  std::uint64_t count = 0;
  std::array<LoanReference, kMostReferences> references;
  if (content.size() >= sizeof count) {
    std::memcpy(&count, content.data(), sizeof count);
    content = content.subspan(sizeof count);
  }
  if (count == 0 || count > references.size() || content.size() < count * sizeof(LoanReference)) {
    return shm_broken("receive");
  }
  std::memcpy(references.data(), content.data(), count * sizeof(LoanReference));
  frame.body = content.subspan(count * sizeof(LoanReference));
  std::array<std::span<const std::byte>, kMostReferences> parts;
  const auto size = find(std::span{references}.first(count), frame.body.size(), parts);
  if (!size) {
    return size.error();
  }
  const bool fits = *size <= destination.size();
  for (std::size_t i = 0; i < count; ++i) {
    detached_.push_back(
        {references.at(i).at, fits ? Buffer::view_of(nullptr, parts.at(i))
                                   : notes_.loans().view(references.at(i), parts.at(i))});
  }
  frame.detached = detached_;
  if (fits) {  // what was lent goes back at once
    frame.copy_to(destination);
    frame.body = destination.first(*size);
    frame.detached = {};
    detached_.clear();
    for (const LoanReference& reference : std::span{references}.first(count)) {
      notes_.loans().give_back(reference);
    }
    return Progress::done;
  }
  kill_point("loan.viewed");
  if (frame.body.empty() && count == 1) {
    frame.storage = std::move(detached_.front().bytes);
    frame.body = frame.storage.bytes();
    frame.detached = {};
    detached_.clear();
  }
  unusual_ = true;
  return Progress::done;
}

// Where the lent parts are; returns the size of the whole message.
Result<std::size_t> ShmInbox::find(std::span<const LoanReference> references, std::size_t rest,
                                   std::span<std::span<const std::byte>> parts) {
  std::size_t before = 0;
  std::size_t total = rest;
  for (const LoanReference& reference : references) {
    if (auto learned = notes_.learn_segment(reference.segment); !learned) {
      return learned.error();
    }
  }
  for (const LoanReference& reference : references) {
    // Whoever lies may have retired one while the next was learned.
    if (!notes_.loans().knows(reference.segment) || reference.at < before || reference.at > rest ||
        reference.length > receive_limit_ - std::min(receive_limit_, total)) {
      return shm_broken("receive a loan");
    }
    const auto bytes = notes_.loans().bytes_of(reference);
    if (!bytes) {
      return bytes.error();
    }
    before = reference.at;
    total += reference.length;
    parts[static_cast<std::size_t>(&reference - references.data())] = *bytes;
  }
  return total;
}

}  // namespace troupe::transports
