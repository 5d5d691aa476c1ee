// SPDX-License-Identifier: Apache-2.0
// Nodes of one host and user choose shared memory by themselves.

#include "harness/scheme_name.hpp"
#include "harness/temporary_directory.hpp"
#include "node/subjects.hpp"
#include "process/support.hpp"
#include "transports/tls/certificates.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bank {

struct Who {};  // of the program

}  // namespace bank

namespace troupe::node_test {
namespace {

class SameHostTest : public testing::TestWithParam<const char*> {
 protected:
  const harness::TestCertificates& certificates_ = harness::TestCertificates::get();
  Runtime there_{named("there")};
  Runtime here_{named("here")};
};

TEST_P(SameHostTest, ALinkIsOverSharedMemoryWhateverWasDialed) {
  there_.offer<Account>();
  const Address address = there_.listen(GetParam(), certificates_.of_listener()).value();
  const Node node = here_.connect(address, certificates_.of_client()).value();
  EXPECT_EQ(node.peer().scheme(), "shm");
  EXPECT_EQ(node.info().value().address, address.text());
  EXPECT_EQ(node.spawn<Account>(1L).value().ask(Add{2}).value(), 3);
}

TEST_P(SameHostTest, AnAddressMaySayThatItIsNot) {
  there_.offer<Account>();
  const Address address = there_.listen(GetParam(), certificates_.of_listener()).value();
  const Node node = here_.connect(address.text() + "?shm=off", certificates_.of_client()).value();
  EXPECT_EQ(node.peer().scheme(), address.scheme());
  EXPECT_EQ(node.spawn<Account>(1L).value().ask(Add{2}).value(), 3);
}

INSTANTIATE_TEST_SUITE_P(Over, SameHostTest,
                         testing::Values("unix:", "tcp://127.0.0.1:0", "tls://127.0.0.1:0",
                                         "zmq+tcp://127.0.0.1:0", "zmq+ipc:"),
                         harness::scheme_name<const char*>);

TEST(SameHostKeyTest, TheKeyIsProvenThereToo) {
  Runtime there{named("there")};
  Runtime here{named("here")};
  const ConnectOptions keyed{.key = AuthKey::random()};
  const Address address = there.listen("tcp://127.0.0.1:0", keyed).value();
  EXPECT_EQ(here.connect(address, {.key = AuthKey::random()}).error(), Code::refused);
  EXPECT_EQ(here.connect(address, keyed).value().peer().scheme(), "shm");
}

TEST(SameHostDirectoryTest, WhereTheTwoDoNotMeetTheConnectionThatThereIsServes) {
  // As in two containers that share the network only.
  const harness::TemporaryDirectory other;
  test::Program program = test::Program::run(
      {"env", "XDG_RUNTIME_DIR=" + other.path(), TROUPE_TEST_PROGRAM, "node", "tcp://127.0.0.1:0"});
  Runtime here{named("here")};
  const Node node = here.connect(program.read_line()).value();
  EXPECT_EQ(node.peer().scheme(), "tcp");
  const auto branch = node.find<Protocol<int(bank::Who)>>("branch").value();
  EXPECT_EQ(branch.ask(bank::Who{}, 60s).value(), program.pid());
}

}  // namespace
}  // namespace troupe::node_test
