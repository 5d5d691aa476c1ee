// SPDX-License-Identifier: Apache-2.0
// Who says something else at an inspection socket, says nothing, or is somebody else.
#include "harness/child.hpp"
#include "harness/raw_client.hpp"
#include "node/looking.hpp"
#include "troupe/runtime/node/internal/inspection_socket.hpp"
#include "troupe/runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace troupe::node_test {
namespace {

using harness::RawClient;

using namespace std::chrono_literals;
using node::Detail;

class InspectionClientTest : public testing::Test {
 protected:
  std::string path() { return places_of(::getpid()).at(0).path; }
  // It has taken no harm.
  void expect_answers() {
    const auto report = node::ask_program(places_of(::getpid()).at(0), Detail::actors, 10min);
    EXPECT_TRUE(report) << report.error().what();
  }

 private:
  PrivateDirectory place_;
  Runtime runtime_{RuntimeOptions{.inspect = Inspect::on}};
};

TEST_F(InspectionClientTest, GarbageIsLetGoWithoutAnAnswer) {
  for (const std::string& garbage :
       {std::string{"\n"}, std::string{"GET / HTTP/1.1\r\n\r\n"}, std::string(64, '\0'),
        std::string(100'000, 'x'), "troupe 1 " + std::string(1000, 'y') + "\n",
        std::string{"\xff\xfe\x00\x01", 4}}) {
    RawClient client{path()};
    client.send(garbage);
    EXPECT_EQ(client.read_to_end(), "") << garbage.substr(0, 20);
  }
  expect_answers();
}

TEST_F(InspectionClientTest, ARequestOfAnotherVersionIsAnsweredWithAnError) {
  RawClient client{path()};
  client.send("troupe 1 everything\n");
  EXPECT_NE(client.read_to_end().find("there is no request \"everything\""), std::string::npos);
  expect_answers();
}

TEST_F(InspectionClientTest, ARequestMayComeInPieces) {
  RawClient client{path()};
  for (const char each : std::string{"troupe 1 summary\n"}) {
    client.send({&each, 1});
  }
  EXPECT_NE(client.read_to_end().find("troupe_workers"), std::string::npos);
}

TEST_F(InspectionClientTest, AHalfRequestThatEndsIsLetGo) {
  RawClient client{path()};
  client.send("troupe 1 sum");
  client.end_sending();
  EXPECT_EQ(client.read_to_end(), "");
  expect_answers();
}

TEST_F(InspectionClientTest, ThoseThatSayNothingKeepNobodyOutForLong) {
  std::vector<RawClient> silent;
  for (std::size_t i = 0; i < node::InspectionSocket::kMostClients; ++i) {
    silent.emplace_back(path());
  }
  expect_answers();
  for (RawClient& client : silent) {
    EXPECT_EQ(client.read_to_end(), "") << "let go";
  }
}

TEST_F(InspectionClientTest, OneThatReadsNothingIsLetGo) {
  RawClient client{path()};
  client.send("troupe 1 actors\n");
  expect_answers();
}

TEST_F(InspectionClientTest, NobodyElseCanEnterWhereTheSocketIs) {
  const std::string directory = path().substr(0, path().rfind('/'));
  struct stat status {};
  ASSERT_EQ(::stat(directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(InspectionClientTest, AnotherUserIsRefusedWhateverTheFilesSay) {
  if (!harness::is_root()) {
    GTEST_SKIP() << "only root can be two users";
  }
  const std::string place = path();
  const std::string directory = place.substr(0, place.rfind('/'));
  for (const std::string& each : {directory.substr(0, directory.rfind('/')), directory, place}) {
    ASSERT_EQ(::chmod(each.c_str(), 0777), 0);
  }
  EXPECT_EQ(harness::run_as_nobody([&] {
              RawClient client{place};
              client.send("troupe 1 summary\n");
              EXPECT_EQ(client.read_to_end(), "");
            }),
            0);
  ASSERT_EQ(::chmod(directory.c_str(), 0700), 0);
  expect_answers();
}

}  // namespace
}  // namespace troupe::node_test
