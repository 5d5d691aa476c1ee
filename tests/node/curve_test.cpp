// SPDX-License-Identifier: Apache-2.0
// Nodes that know each other by the keys of ZeroMQ's CURVE: an id belongs to the key it came by.
#include "harness/raw_fd.hpp"
#include "harness/temporary_directory.hpp"
#include "node/subjects.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/node/internal/link_frame.hpp"
#include "troupe/runtime/node/internal/node_keys.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace troupe::node_test {
namespace {

using harness::from_hex;

class CurveTest : public testing::Test {
 protected:
  // A key, which the node that listens lets in.
  std::string key(const std::string& name) {
    const auto made = transports::CurveKeys::make().value();
    made.write(directory_.file(name)).value();
    std::ofstream{directory_.file("clients"), std::ios::app} << made.public_key << ' ' << name
                                                             << '\n';
    return made.public_key;
  }
  Address listen(bool with_list = true) {
    (void)key("there");
    CurveOptions curve{.secret_key = directory_.file("there.key_secret")};
    if (with_list) {
      curve.clients = directory_.file("clients");
    }
    return there_.listen("zmq+tcp://127.0.0.1:0", {.curve = curve}).value();
  }
  ConnectOptions by(const std::string& name) const {
    return {.curve = {.secret_key = directory_.file(name + ".key_secret"),
                      .server_key = directory_.file("there.key")}};
  }
  // What a node of that id hears of the other when it comes by the key of `name`.
  node::Verdict come(const Address& address, const std::string& name) {
    auto connection = troupe::connect(here_, address, by(name)).value();
    connection.send_bytes(from_hex(kHello)).value();
    (void)connection.receive_bytes(60s).value();  // its hello
    const Bytes frame = connection.receive_bytes(60s).value();
    const Incoming incoming{.bytes = frame};
    const DecodeLimits limits;
    Reader reader{incoming, limits};
    (void)node::read_kind(reader).value();
    return reader.value<node::Verdict>().value();
  }

  const harness::TemporaryDirectory directory_;
  Runtime there_{named("there")};
  Runtime here_{named("here")};
};

TEST_F(CurveTest, NodesThatKnowEachOthersKeysAreLinked) {
  there_.register_name("savings", there_.spawn<Account>(7)).value();
  (void)key("here");
  const auto node = here_.connect(listen().text() + "?shm=off", by("here")).value();
  EXPECT_EQ(node.find<Account>("savings").value().ask(Add{5}).value(), 12);
  EXPECT_EQ(node.peer().scheme(), "zmq+tcp");
}

TEST_F(CurveTest, AnIdIsNotTakenOverByWhoComesWithAnotherKey) {
  const std::string alice = key("alice");
  const std::string bob = key("bob");
  const Address address = listen();
  EXPECT_TRUE(come(address, "alice").welcome);
  const auto refused = come(address, "bob");
  EXPECT_FALSE(refused.welcome);
  EXPECT_NE(refused.why.find(alice), std::string::npos) << refused.why;
  EXPECT_NE(refused.why.find(bob), std::string::npos) << refused.why;
  EXPECT_TRUE(come(address, "alice").welcome);  // once more, the connection being gone
}

// It lets in everybody, so it knows nobody.
TEST_F(CurveTest, WithoutAListKeysProveNothing) {
  (void)key("alice");
  (void)key("bob");
  const Address address = listen(false);
  EXPECT_TRUE(come(address, "alice").welcome);
  EXPECT_TRUE(come(address, "bob").welcome);
}

NodeInfo node_of(std::uint64_t id) {
  NodeInfo node;
  node.id = id;
  return node;
}

TEST(NodeKeysTest, TheOldestIdIsForgottenForTheNext) {
  node::NodeKeys keys;
  for (std::uint64_t id = 0; id < node::NodeKeys::kMost; ++id) {
    ASSERT_TRUE(keys.admit(node_of(id), "alice"));
  }
  EXPECT_EQ(keys.admit(node_of(0), "bob").error(), Code::refused);
  EXPECT_TRUE(keys.admit(node_of(0), ""));
  EXPECT_TRUE(keys.admit(node_of(node::NodeKeys::kMost), "alice"));
  EXPECT_TRUE(keys.admit(node_of(0), "bob"));
  EXPECT_EQ(keys.admit(node_of(node::NodeKeys::kMost), "bob").error(), Code::refused);
}

}  // namespace
}  // namespace troupe::node_test
