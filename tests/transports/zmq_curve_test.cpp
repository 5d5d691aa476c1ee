// SPDX-License-Identifier: Apache-2.0
// Keys: who is let in, who is not, and what each is told.
#include "harness/raw_client.hpp"
#include "transports/zmq_fixture.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace troupe::harness {
namespace {

using namespace std::chrono_literals;
using transports::CurveKeys;

// Of ZMTP's metadata.
std::string property(const std::string& name, const std::string& value) {
  return static_cast<char>(name.size()) + name + std::string(3, '\0') +
         static_cast<char>(value.size()) + value;
}

class ZmqCurveTest : public ZmqTest {
 protected:
  CurveKeys key(const std::string& name) {
    CurveKeys made = CurveKeys::make().value();
    made.write(directory_.file(name)).value();
    return made;
  }
  std::string public_of(const std::string& name) const { return directory_.file(name + ".key"); }
  std::string secret_of(const std::string& name) const {
    return directory_.file(name + ".key_secret");
  }
  void let_in(const std::string& keys) {
    const std::string before = directory_.file("clients");
    std::ofstream{directory_.file("new")} << keys;
    // A time of its own, however coarse the file system's clock is.
    static int changes = 0;
    std::filesystem::last_write_time(
        directory_.file("new"),
        std::filesystem::file_time_type::clock::now() - std::chrono::seconds{1000 - ++changes});
    std::filesystem::rename(directory_.file("new"), before);
  }
  ConnectOptions of_listener() const { return {.curve = {.secret_key = secret_of("server")}}; }
  ConnectOptions of_listener_with_list() const {
    return {.curve = {.secret_key = secret_of("server"), .clients = directory_.file("clients")}};
  }
  ConnectOptions of_client(const std::string& own = {},
                           const std::string& server = "server") const {
    return {.handshake = 2s,
            .curve = {.secret_key = own.empty() ? "" : secret_of(own),
                      .server_key = public_of(server)}};
  }

  const CurveKeys server_ = key("server");
};

TEST_F(ZmqCurveTest, WhoKnowsTheListenersKeyIsLetIn) {
  const auto listener = listen(of_listener());
  const auto ends = connect(*listener, of_client());
  send(*ends.second, "secret");
  EXPECT_EQ(receive_text(*ends.first), "secret");
  send(*ends.first, "as well");
  EXPECT_EQ(receive_text(*ends.second), "as well");
  EXPECT_EQ(ends.first->peer_key(), "");
}

TEST_F(ZmqCurveTest, OnlyKeysOfTheListAreLetInAndTheListIsReadAgain) {
  const CurveKeys alice = key("alice");
  const CurveKeys bob = key("bob");
  let_in("# who may come\n" + alice.public_key + " alice\n");
  const auto listener = listen(of_listener_with_list());
  const auto ends = connect(*listener, of_client("alice"));
  send(*ends.second, "alice");
  EXPECT_EQ(receive_text(*ends.first), "alice");
  EXPECT_EQ(ends.first->peer_key(), alice.public_key);
  EXPECT_EQ(ends.second->peer_key(), server_.public_key);

  const Error refused = refusal(listener->address(), of_client("bob"));
  EXPECT_EQ(refused, Code::refused) << refused.what();
  EXPECT_TRUE(says(refused, "does not let this key in")) << refused.what();
  EXPECT_NE(dropped(*listener).find("key"), std::string::npos);

  let_in(alice.public_key + "\n" + bob.public_key + " bob\n");
  const auto later = connect(*listener, of_client("bob"));
  send(*later.second, "bob");
  EXPECT_EQ(receive_text(*later.first), "bob");
}

// ZMTP by hand, see https://rfc.zeromq.org/spec/23/: in the clear, and with the property by which
// libzmq says who a client has proved to be.
TEST_F(ZmqCurveTest, WhoIsInTheClearCannotSayWhoItIs) {
  const CurveKeys alice = key("alice");
  const auto listener = listen();
  const RawClient client{listener->address().port()};
  client.send("\xff" + std::string(8, '\0') + "\x7f\x03" + std::string(1, '\0') + "NULL" +
              std::string(48, '\0'));
  const std::string ready =
      "\x05READY" + property("Socket-Type", "DEALER") + property("User-Id", alice.public_key);
  client.send("\x04" + std::string(1, static_cast<char>(ready.size())) + ready);
  (void)client.read(64 + 8);  // the greeting of the other side, and that it is ready
  client.send({"\x00\x06H\x01\x00\x10\x00\x00", 8});  // our hello
  EXPECT_EQ(accept(*listener)->peer_key(), "");
}

TEST_F(ZmqCurveTest, AnotherListenersKeyIsRefused) {
  (void)key("other");
  const auto listener = listen(of_listener());
  const Error refused = refusal(listener->address(), of_client("", "other"));
  EXPECT_TRUE(refused == Code::refused || refused == Code::timed_out) << refused.what();
  EXPECT_TRUE(says(refused, "key")) << refused.what();
}

TEST_F(ZmqCurveTest, AClientInTheClearIsRefused) {
  const auto listener = listen(of_listener());
  const Error refused = refusal(listener->address(), {.handshake = 2s});
  EXPECT_TRUE(refused == Code::refused || refused == Code::timed_out) << refused.what();
  EXPECT_TRUE(says(refused, "key")) << refused.what();
}

TEST_F(ZmqCurveTest, AListenerInTheClearIsRefused) {
  const auto listener = listen();
  const Error refused = refusal(listener->address(), of_client());
  EXPECT_TRUE(refused == Code::refused || refused == Code::timed_out) << refused.what();
  EXPECT_TRUE(says(refused, "key")) << refused.what();
}

TEST_F(ZmqCurveTest, OtherHostsAreServedOnlyWithAKeyOrWhenThatIsSaid) {
  const auto plain = transport_.listen("zmq+tcp://0.0.0.0:0", {});
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error(), Code::refused);
  EXPECT_TRUE(says(plain.error(), "troupe keygen")) << plain.error().what();
  EXPECT_TRUE(transport_.listen("zmq+tcp://0.0.0.0:0?plaintext=accepted", {}));
  EXPECT_TRUE(transport_.listen("zmq+tcp://0.0.0.0:0", of_listener()));
}

TEST_F(ZmqCurveTest, FilesThatWillNotDoAreNamed) {
  const ConnectOptions missing{.curve = {.secret_key = directory_.file("missing")}};
  EXPECT_EQ(transport_.listen("zmq+tcp://127.0.0.1:0", missing).error(), Code::not_found);
  const ConnectOptions half{.curve = {.secret_key = public_of("server")}};
  const auto of_half = transport_.listen("zmq+tcp://127.0.0.1:0", half);
  ASSERT_FALSE(of_half);
  EXPECT_TRUE(says(of_half.error(), "public half")) << of_half.error().what();
  ::chmod(secret_of("server").c_str(), 0644);
  const auto read_by_all = transport_.listen("zmq+tcp://127.0.0.1:0", of_listener());
  ASSERT_FALSE(read_by_all);
  EXPECT_EQ(read_by_all.error(), Code::refused);
  EXPECT_TRUE(says(read_by_all.error(), secret_of("server"))) << read_by_all.error().what();
  ::chmod(secret_of("server").c_str(), 0600);
  let_in("no key\n");
  EXPECT_EQ(transport_.listen("zmq+tcp://127.0.0.1:0", of_listener_with_list()).error(),
            Code::invalid_argument);
  const ConnectOptions no_key{.curve = {.clients = directory_.file("clients")}};
  EXPECT_EQ(transport_.listen("zmq+tcp://127.0.0.1:0", no_key).error(), Code::invalid_argument);
  const ConnectOptions only_own{.curve = {.secret_key = secret_of("server")}};
  EXPECT_EQ(transport_.dial("zmq+tcp://127.0.0.1:1", only_own).error(), Code::invalid_argument);
}

TEST_F(ZmqCurveTest, AKeyFileIsNeverWrittenOver) {
  EXPECT_EQ(CurveKeys::make().value().write(directory_.file("server")).error(), Code::exists);
  EXPECT_EQ(CurveKeys::read(public_of("server"), false, "test").value().public_key,
            server_.public_key);
}

}  // namespace
}  // namespace troupe::harness
