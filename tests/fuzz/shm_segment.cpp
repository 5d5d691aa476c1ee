// SPDX-License-Identifier: Apache-2.0
// A peer that writes what it likes, where it likes, into the memory that it shares with an honest
// end, and says what it likes by the socket. The input is a list of what it does, between what the
// honest end does: receives, holds what it views, sends, lends. Whatever it is, the honest end may
// lose its connection, and nothing else: another one of the same process goes on.
#include "shm_enemy.hpp"
#include "troupe/base/check.hpp"
#include "troupe/transports/shm/shm_transport.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

using troupe::Buffer;
using troupe::Bytes;
using troupe::UniqueFd;
using troupe::transports::ConnectionPair;
using troupe::transports::FrameConnection;
using troupe::transports::IncomingFrame;
using troupe::transports::Lane;
using troupe::transports::OutgoingFrame;
using troupe::transports::Progress;
using troupe::transports::ShmTransport;
using troupe::transports::When;
using troupe_fuzz::Input;
using troupe_fuzz::ShmEnemy;

constexpr std::size_t kLargest = 300'000;

ConnectionPair make_pair(const char* address) {
  ShmTransport transport;
  auto ends = transport.pair(troupe::Address{address}, troupe::transports::Direction::duplex,
                             {.max_message = kLargest});
  TROUPE_CHECK(ends);
  return std::move(*ends);
}

// Reads all of it, so that a sanitizer and the processor have their say.
void use(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) {
    sum += std::to_integer<unsigned>(byte);
  }
  [[maybe_unused]] volatile unsigned used = sum;
}

std::span<const std::byte> zeroes(std::size_t size) {
  static const Bytes bytes(kLargest);
  return std::span{bytes}.first(std::min(size, bytes.size()));
}

// The end that keeps to the rules, and its user.
class Honest final {
 public:
  explicit Honest(FrameConnection& end) : end_(end) {}

  void receive(Input& input) {
    const auto how = input.number<std::uint8_t>();
    Bytes destination((how & 1U) != 0 ? how * 64U : 0U);
    for (int i = 0; i < 1 + how % 8; ++i) {
      IncomingFrame frame;
      const auto received = end_.try_receive(frame, destination);
      if (!received) {
        TROUPE_CHECK(end_.try_receive(frame).error() == received.error().code());
        return;
      }
      if (*received == Progress::would_block) {
        end_.leave_destination();
        return;
      }
      TROUPE_CHECK(frame.size() <= kLargest);
      use(frame.joined());
      if ((how & 64U) != 0) {
        end_.drop_fds();
      } else {
        for (UniqueFd& fd : end_.fds()) {
          const UniqueFd taken = std::move(fd);
        }
      }
      if ((how & 128U) != 0) {
        views_.push_back(std::move(frame.storage));
        for (const auto& detached : frame.detached) {
          views_.push_back(detached.bytes);
        }
      }
    }
  }

  void drop_view(Input& input) {
    if (!views_.empty()) {
      const auto which = static_cast<std::ptrdiff_t>(input.number<std::uint8_t>() % views_.size());
      use(views_[static_cast<std::size_t>(which)].bytes());
      views_.erase(views_.begin() + which);
    }
  }

  void send(Input& input) {
    const auto how = input.number<std::uint8_t>();
    std::array<std::span<const std::byte>, 2> pieces{zeroes(input.number<std::uint16_t>() % 1500)};
    if ((how & 1U) != 0) {
      pieces[0] = zeroes(input.number<std::uint16_t>());
    } else if ((how & 2U) != 0) {  // two that are worth a loan, each
      pieces = {zeroes(135'000), zeroes(140'000)};
    } else if ((how & 4U) != 0 && !loans_.empty()) {
      pieces[1] = loans_.front().bytes();
    }
    std::vector<UniqueFd> fds;
    for (unsigned i = 0; i < how / 64U; ++i) {
      fds.emplace_back(::dup(ShmEnemy::any_fd()));
    }
    OutgoingFrame frame{.pieces = pieces, .fds = fds, .size = pieces[0].size() + pieces[1].size()};
    const auto sent = end_.try_send(frame, (how & 8U) != 0 ? Lane::control : Lane::data, When::now);
    if (sent && *sent == Progress::would_block && frame.taken > 0) {
      end_.take_over(frame);
    }
    (void)end_.try_flush();
  }

  void lend(Input& input) {
    const std::size_t size = input.number<std::uint16_t>();
    auto lent = end_.try_lend(size);
    if (lent && *lent) {
      std::ranges::fill((*lent)->bytes(), std::byte{7});
      loans_.insert(loans_.begin(), Buffer{std::move(**lent)});
    }
  }

  void drop_loan(Input& input) {
    if (!loans_.empty()) {
      const auto which = static_cast<std::ptrdiff_t>(input.number<std::uint8_t>() % loans_.size());
      use(loans_[static_cast<std::size_t>(which)].bytes());
      loans_.erase(loans_.begin() + which);
    }
  }

  void use_all() const {
    for (const auto* held : {&views_, &loans_}) {
      for (const Buffer& bytes : *held) {
        use(bytes.bytes());
      }
    }
  }

 private:
  FrameConnection& end_;
  std::vector<Buffer> views_;
  std::vector<Buffer> loans_;
};

void run(Input& input, FrameConnection& end, ShmEnemy& enemy, Honest& honest) {
  while (!input.empty()) {
    switch (input.number<std::uint8_t>() % 16) {
      case 0:
      case 1:
        enemy.write_record(input);
        break;
      case 2:
        enemy.write_loaned_record(input);
        break;
      case 3:
        enemy.say_note(input);
        break;
      case 4:
        enemy.say_anything(input);
        break;
      case 5:
        enemy.write_anywhere(input);
        break;
      case 6:
        enemy.change_word(input);
        break;
      case 7:
        enemy.take_what_came(input);
        break;
      case 8:
        enemy.ring();
        break;
      case 9:
      case 10:
        honest.receive(input);
        break;
      case 11:
        honest.drop_view(input);
        break;
      case 12:
        honest.send(input);
        break;
      case 13:
        honest.lend(input);
        break;
      case 14:
        honest.drop_loan(input);
        break;
      default:
        (void)end.arm_receive();
        break;
    }
  }
}

// The lowest number that is free: higher, once a descriptor has been left open.
int free_descriptor() {
  const UniqueFd probe{::dup(ShmEnemy::any_fd())};
  return probe.get();
}

std::size_t mapped_memfds() {
  std::size_t count = 0;
  std::ifstream mappings{"/proc/self/maps"};
  for (std::string line; std::getline(mappings, line);) {
    count += line.find("/memfd:") != std::string::npos ? 1 : 0;
  }
  return count;
}

// A connection that nobody attacks.
void check_that_it_goes_on(const ConnectionPair& other) {
  static unsigned char turn = 0;
  const Bytes body(500, std::byte{++turn});
  const std::array<std::span<const std::byte>, 1> pieces{body};
  OutgoingFrame out{.pieces = pieces, .fds = {}, .size = body.size()};
  const auto sent = other.first->try_send(out, Lane::data, When::now);
  TROUPE_CHECK(sent && *sent == Progress::done);
  IncomingFrame in;
  const auto received = other.second->try_receive(in);
  TROUPE_CHECK(received && *received == Progress::done && in.joined() == body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ConnectionPair other = make_pair("shm:?ring=4096");
  const int free_before = free_descriptor();
  static const std::size_t mapped_before = mapped_memfds();
  static unsigned inputs = 0;
  Input input{std::as_bytes(std::span{data, size})};
  {
    auto ends = make_pair("shm:?ring=4096&loans=65536");
    auto enemy = std::make_unique<ShmEnemy>(ends.second->hand_over().value());
    Honest honest{*ends.first};
    {
      // What may wait unread in the socket is a few notes.
      const auto own = ends.first->hand_over();
      const int least = 1;
      (void)::setsockopt(own->input.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    }
    run(input, *ends.first, *enemy, honest);
    enemy.reset();
    Input rest{{}};
    honest.receive(rest);
    check_that_it_goes_on(other);
    ends.first.reset();
    honest.use_all();
  }
  TROUPE_CHECK(free_descriptor() == free_before);
  if (inputs++ % 64 == 0) {
    TROUPE_CHECK(mapped_memfds() == mapped_before);
  }
  return 0;
}
