// SPDX-License-Identifier: Apache-2.0
#include "harness/child.hpp"
#include "transports/transport_test.hpp"
#include "troupe/base/os/kernel.hpp"
#include "troupe/transports/shm/shm_segment.hpp"
#include "troupe/transports/shm/shm_transport.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace troupe::harness {
namespace {

using transports::Direction;
using transports::FrameConnection;
using transports::ShmSegment;
using transports::ShmTransport;

const auto kShm = [] { return std::make_unique<ShmTransport>(); };
constexpr transports::Capabilities kCapabilities{
    .duplex = true, .many_peers = true, .fds = true, .loans = true, .peer_identity = true};

constexpr transports::Capabilities kWithoutLoans{
    .duplex = true, .many_peers = true, .fds = true, .peer_identity = true};

INSTANTIATE_TEST_SUITE_P(Shm, FrameConnectionTest,
                         testing::Values(pair_way("without_loans", kShm, "shm:?loans=0",
                                                  Direction::duplex, kWithoutLoans),
                                         pair_way("pair", kShm, "shm:", Direction::duplex,
                                                  kCapabilities),
                                         listener_way("name", kShm, "shm://way", kCapabilities),
                                         listener_way("path", kShm, "shm:%d/socket", kCapabilities),
                                         listener_way("chosen_name", kShm, "shm:", kCapabilities)),
                         testing::PrintToStringParamName());

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StreamTest);  // no descriptor has the bytes
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FramingTest);

INSTANTIATE_TEST_SUITE_P(Shm, FrameListenerTest,
                         testing::Values(Place{.name = "name",
                                               .transport = kShm,
                                               .address = "shm://place%n",
                                               .needs_accept = true},
                                         Place{.name = "path",
                                               .transport = kShm,
                                               .address = "shm:%d/socket%n",
                                               .needs_accept = true,
                                               .is_file = true},
                                         Place{.name = "chosen_name",
                                               .transport = kShm,
                                               .address = "shm:",
                                               .needs_accept = true,
                                               .is_chosen = true}),
                         testing::PrintToStringParamName());

class ShmTest : public testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
  ShmTransport transport_;
};

TEST_F(ShmTest, AnAddressThatCannotBeIsRefused) {
  for (const char* address : {"shm://a/b", "shm://name:7", "shm:?ring=0", "shm:?ring=5000",
                              "shm:?ring=4096x", "shm:?ring=-4096", "shm:?ring=2147483648"}) {
    EXPECT_EQ(transport_.listen(address, {}).error(), Code::invalid_argument) << address;
  }
  EXPECT_EQ(transport_.dial("shm:", {}).error(), Code::invalid_argument);
}

TEST_F(ShmTest, NothingIsLeftOfAKilledListenerButItsSocket) {
  const auto told = raw_pipe();
  Child listening{[&] {
    const auto listener = transport_.listen("shm://left", {}).value();
    const auto dial = transport_.dial("shm://left", {}).value();
    const auto ends = meet(*listener, *dial);
    write_raw(told.second.get(), "!");
    ::pause();
  }};
  (void)read_raw(told.first.get(), 1);
  listening.kill_and_reap();
  EXPECT_EQ(transport_.dial("shm://left", {}).value()->step().error(), Code::not_found);
  EXPECT_TRUE(transport_.listen("shm://left", {})) << "the name is free again";
}

TEST_F(ShmTest, APeerThatIsKilledEndsTheReceivingOnceItsMessagesAreRead) {
  for (const bool asleep : {false, true}) {
    const auto listener = transport_.listen("shm://killed", {}).value();
    const auto told = raw_pipe();
    Child peer{[&] {
      const auto dial = transport_.dial("shm://killed", {}).value();
      auto end = dial->step().value();
      while (end == nullptr) {
        end = dial->step().value();
      }
      send(*end, "one");
      send(*end, "two");
      write_raw(told.second.get(), "!");
      ::pause();
    }};
    std::unique_ptr<FrameConnection> survivor;
    while (survivor == nullptr) {
      survivor = listener->try_accept().value();
    }
    (void)read_raw(told.first.get(), 1);
    if (asleep) {
      EXPECT_EQ(receive_text(*survivor), "one");
      EXPECT_EQ(receive_text(*survivor), "two");
      EXPECT_FALSE(survivor->arm_receive());
      peer.kill_and_reap();
    } else {
      peer.kill_and_reap();
      EXPECT_EQ(receive_text(*survivor), "one");
      EXPECT_EQ(receive_text(*survivor), "two");
    }
    const Error end = receive_error(*survivor);
    EXPECT_EQ(end, Code::closed);
    EXPECT_NE(std::string_view{end.what()}.find("the peer's process"), std::string_view::npos)
        << end.what();
    if (os::kernel_has(os::KernelFeature::pidfd_info)) {
      EXPECT_NE(std::string_view{end.what()}.find("was killed by signal 9"), std::string_view::npos)
          << end.what();
    }
    Result<transports::Progress> sent = transports::Progress::done;
    while (sent) {  // until the ring is full, at the latest
      Outgoing question{"anybody?"};
      sent = survivor->try_send(question.frame, transports::Lane::data, transports::When::now);
      if (sent && *sent == transports::Progress::would_block) {
        await_writable(*survivor);
      }
    }
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), Code::disconnected);
  }
}

// The client tells which build it is, and both say so when it is another one.
TEST_F(ShmTest, AnotherBuildsMemoryIsRefusedByBothWithBothVersions) {
  const auto listener = transport_.listen("shm://versions", {}).value();
  sockaddr_un place{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = directory_.path() + "/troupe/versions.shm";
  std::memcpy(place.sun_path, path.data(), path.size());
  UniqueFd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  const auto end = listener->try_accept().value();
  ASSERT_NE(end, nullptr);
  ShmSegment::Head other = ShmSegment::head_for(ShmSegment::kDefaultRing);
  other.version = 77;
  write_raw(client.get(), {reinterpret_cast<const char*>(&other), sizeof other});
  client.reset();  // as it does when it refuses
  const auto error = receive_error(*end);
  EXPECT_EQ(error, Code::refused);
  EXPECT_NE(std::string_view{error.what()}.find("version 77"), std::string_view::npos)
      << error.what();
  EXPECT_NE(std::string_view{error.what()}.find("this program's version 2"),
            std::string_view::npos);

  const auto checked = ShmSegment::check(other, "connect");
  EXPECT_EQ(checked.error(), Code::refused);
}

TEST_F(ShmTest, MemoryThatCouldChangeItsSizeIsRefused) {
  const std::size_t size = 4096 + 2 * ShmSegment::kLeastRing;
  UniqueFd unsealed{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  ASSERT_EQ(::ftruncate(unsealed.get(), static_cast<off_t>(size)), 0);
  EXPECT_EQ(ShmSegment::open(std::move(unsealed), "test").error(), Code::malformed);
  UniqueFd small{::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  EXPECT_EQ(ShmSegment::open(std::move(small), "test").error(), Code::malformed);
}

TEST_F(ShmTest, WhatOtherSizesAHeadAnnouncesIsRefused) {
  auto segment = ShmSegment::create(ShmSegment::kLeastRing, "test").value();
  auto head = ShmSegment::head_for(2 * ShmSegment::kLeastRing);
  void* const place = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, segment.fd(), 0);
  ASSERT_NE(place, MAP_FAILED);
  std::memcpy(place, &head, sizeof head);
  EXPECT_EQ(ShmSegment::open(UniqueFd::duplicate(segment.fd()).value(), "test").error(),
            Code::malformed);
  ::munmap(place, 4096);
}

TEST_F(ShmTest, TooFewDescriptorsIsAnErrorThatSaysWhatToRaise) {
  Child child{[&] {
    const rlimit few{20, 20};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    std::vector<transports::ConnectionPair> pairs;
    for (;;) {
      auto pair = transport_.pair("shm:?ring=4096", Direction::duplex, {});
      if (!pair) {
        EXPECT_EQ(pair.error(), Code::overloaded) << pair.error().what();
        EXPECT_NE(std::string_view{pair.error().what()}.find("ulimit -n"), std::string_view::npos)
            << pair.error().what();
        return;
      }
      pairs.push_back(std::move(*pair));
    }
  }};
  EXPECT_EQ(child.join(), 0);
}

TEST_F(ShmTest, MoreMemoryThanThereIsIsRefusedBeforeItIsTaken) {
  const auto memory = os::make_shared_memory(std::size_t{1} << 46U, "test");
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error(), Code::overloaded);
  EXPECT_NE(std::string_view{memory.error().what()}.find("memory.max"), std::string_view::npos);
}

}  // namespace
}  // namespace troupe::harness
