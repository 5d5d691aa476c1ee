// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShmEnemy: the other end of a connection through shared memory, in the hands of the input. It
// knows the layout, so that what it writes is looked at, and keeps to it only as the input says.

#include "troupe/base/check.hpp"
#include "troupe/base/os/memory.hpp"
#include "troupe/transports/handover.hpp"
#include "troupe/transports/shm/loan_arena.hpp"
#include "troupe/transports/shm/shm_link.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace troupe_fuzz {

// The input, taken from the front; zeroes once it is used up.
class Input final {
 public:
  explicit Input(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> take(std::size_t size) {
    const auto taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  template <class T>
  T number() {
    T value = 0;
    if (const auto bytes = take(sizeof value); !bytes.empty()) {
      std::memcpy(&value, bytes.data(), bytes.size());
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
};

class ShmEnemy final {
 public:
  explicit ShmEnemy(troupe::transports::Handover held)
      : socket_(std::move(held.input)),
        bell_(std::move(held.peer_bell)),
        segment_(Segment::open(std::move(held.memory), "fuzz").value()),
        all_(troupe::os::Mapping::of(segment_.fd(), size_of(segment_.fd()), "fuzz").value()) {}
  ShmEnemy(const ShmEnemy&) = delete;
  ShmEnemy& operator=(const ShmEnemy&) = delete;
  ~ShmEnemy() = default;

  // A descriptor that is there all along.
  static int any_fd() { return memories().front().get(); }

  // A record of any kind, with a size that may be another.
  void write_record(Input& input) {
    const auto how = input.number<std::uint8_t>();
    const auto size = input.number<std::uint16_t>();
    write((how & 1U) != 0, input.take(size % 64U), size % 1016U,
          {.size = (how & 2U) != 0 ? input.number<std::uint32_t>() : size % 1016U,
           .kind = static_cast<Header::Kind>((how >> 2U) % 8U),
           .descriptors = static_cast<std::uint8_t>(how >> 5U)});
  }

  // A record that refers to what it has lent, or has not.
  void write_loaned_record(Input& input) {
    const auto how = input.number<std::uint8_t>();
    const std::uint64_t count = how % 18U;
    std::vector<std::byte> content(sizeof count + count * sizeof(Reference));
    std::memcpy(content.data(), &count, sizeof count);
    for (std::uint64_t i = 0; i < count; ++i) {
      Reference reference{.at = input.number<std::uint8_t>(),
                          .length = input.number<std::uint16_t>(),
                          .offset = input.number<std::uint16_t>(),
                          .segment = input.number<std::uint8_t>() % 8U,
                          .slot = input.number<std::uint8_t>() * 2U};
      if ((how & 64U) != 0) {
        reference.offset |= std::uint64_t{input.number<std::uint32_t>()} << 32U;
      }
      std::memcpy(content.data() + sizeof count + i * sizeof reference, &reference,
                  sizeof reference);
    }
    const std::size_t size = content.size() + ((how & 128U) != 0 ? 200U : 0U);
    write((how & 32U) != 0, content, size,
          {.size = static_cast<std::uint32_t>(size), .kind = Header::Kind::loaned});
  }

  // A note, which its descriptors may fit or not.
  void say_note(Input& input) {
    const auto how = input.number<std::uint8_t>();
    const auto id = input.number<std::uint8_t>();
    const std::size_t which = id / 8U % memories().size();
    Note note{.kind = static_cast<Note::Kind>(how % 4U),
              .count = static_cast<std::uint8_t>(how / 4U % 4U),
              .id = id % 8U,
              .size = size_of(memories()[which].get())};
    if ((how & 128U) != 0) {
      note.size += input.number<std::uint8_t>();
    }
    const std::size_t fds = (how & 64U) != 0 ? input.number<std::uint8_t>() % 4U : note.count;
    say(std::as_bytes(std::span{&note, 1}), std::vector<int>(fds, memories()[which].get()));
  }

  void say_anything(Input& input) {
    const auto how = input.number<std::uint8_t>();
    say(input.take(1 + how / 4U), std::vector<int>(how % 4U, any_fd()));
  }

  void write_anywhere(Input& input) {
    const std::size_t at = input.number<std::uint16_t>() % all_.bytes().size();
    const auto bytes = input.take(
        std::min<std::size_t>(1 + input.number<std::uint8_t>() % 16U, all_.bytes().size() - at));
    std::ranges::copy(bytes, all_.bytes().begin() + static_cast<std::ptrdiff_t>(at));
  }

  // One of those by which the ends keep in step: a little off, or something else.
  void change_word(Input& input) {
    const auto which = input.number<std::uint8_t>();
    auto& direction = (which & 1U) != 0 ? segment_.direction_from(Side::listener)
                                        : segment_.direction_from(Side::client);
    const auto change = static_cast<std::uint32_t>(input.number<std::int8_t>());
    const std::size_t slot = input.number<std::uint8_t>();
    switch ((which >> 1U) % 8U) {
      case 0:
        direction.data.read += change;
        break;
      case 1:
        direction.data.written += change;
        break;
      case 2:
        direction.control.read += change;
        break;
      case 3:
        set_word(&direction.reader, change);
        break;
      case 4:
        set_word(&direction.writer, change);
        break;
      case 5:
        direction.writer_takes_part = change;
        break;
      default:
        direction.returns.at(slot) += change;
        break;
    }
  }

  // Reads as it should; of the socket, only sometimes.
  void take_what_came(Input& input) {
    const auto how = input.number<std::uint8_t>();
    for (unsigned i = 0; i < how % 16U; ++i) {
      if (const auto record = reader_.look()) {
        (void)reader_.take(*record);
        reader_.give_back();
      }
    }
    if ((how & 128U) != 0) {
      std::array<std::byte, 4096> said;
      (void)::recv(socket_.get(), said.data(), said.size(), MSG_DONTWAIT);
    }
    if (how == 255) {
      (void)::shutdown(socket_.get(), SHUT_WR);
    }
  }

  void ring() const {
    const std::uint64_t one = 1;
    (void)!::write(bell_.get(), &one, sizeof one);
  }

 private:
  using Segment = troupe::transports::ShmSegment;
  using Side = troupe::transports::ShmSide;
  using Writer = troupe::transports::ShmWriter;
  using Reader = troupe::transports::ShmReader;
  using Header = troupe::transports::RecordHeader;
  using Reference = troupe::transports::LoanReference;
  using Note = troupe::transports::ShmNote;

  static std::size_t size_of(int fd) { return static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)); }

  // To lend from: as it should be, twice; not sealed; empty; not reserved.
  static const std::vector<troupe::UniqueFd>& memories() {
    static const std::vector<troupe::UniqueFd> made = [] {
      std::vector<troupe::UniqueFd> fds;
      for (const std::size_t size : {8192U, 65536U}) {
        fds.push_back(troupe::os::make_shared_memory(size, "fuzz").value());
      }
      for (const bool sealed : {false, true}) {
        for (const off_t size : {0, 16384}) {
          fds.emplace_back(::memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
          TROUPE_CHECK(::ftruncate(fds.back().get(), size) == 0);
          TROUPE_CHECK(!sealed || ::fcntl(fds.back().get(), F_ADD_SEALS,
                                          F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
        }
      }
      return fds;
    }();
    return made;
  }

  static void set_word(void* word, std::uint32_t value) { std::memcpy(word, &value, sizeof value); }

  // Where the honest end reads next, if it has been left alone.
  void write(bool control, std::span<const std::byte> begin, std::size_t size, Header header) {
    Writer& writer = control ? control_ : data_;
    const auto area =
        control ? segment_.control_from(Side::client) : segment_.data_from(Side::client);
    if (const auto place = writer.prepare(size)) {
      std::memset(area.at(*place), 0, size);
      std::ranges::copy(begin.first(std::min(begin.size(), size)), area.at(*place));
      writer.commit(header);
    }
  }

  void say(std::span<const std::byte> bytes, const std::vector<int>& fds) const {
    std::array<std::byte, 16> copy{};
    iovec piece{copy.data(), std::min(bytes.size(), copy.size())};
    std::memcpy(copy.data(), bytes.data(), piece.iov_len);
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(4 * sizeof(int))> control{};
    if (!fds.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
      cmsghdr* const part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      std::memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
    }
    (void)::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  troupe::UniqueFd socket_;
  troupe::UniqueFd bell_;
  Segment segment_;
  troupe::os::Mapping all_;
  Writer data_{segment_.direction_from(Side::client).data, segment_.data_from(Side::client)};
  Writer control_{segment_.direction_from(Side::client).control,
                  segment_.control_from(Side::client)};
  Reader reader_{segment_.direction_from(Side::listener).data, segment_.data_from(Side::listener)};
};

}  // namespace troupe_fuzz
