// SPDX-License-Identifier: Apache-2.0
// A Python process with only its standard library at the other end: both as client and as listener,
// with and without a key, and over inherited pipe ends.

#include "transports/tls/certificates.hpp"
#include "troupe/runtime/channel/listener.hpp"
#include "troupe/runtime/channel/pipe.hpp"
#include "troupe/runtime/runtime.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

// python_echo.py in a process, with what it prints.
class Python {
 public:
  explicit Python(std::vector<std::string> arguments, const std::vector<int>& kept = {}) {
    std::array<int, 2> printed{};
    EXPECT_EQ(::pipe2(printed.data(), O_CLOEXEC), 0);
    arguments.insert(arguments.begin(), {TROUPE_PYTHON, TROUPE_PYTHON_ECHO});
    std::vector<char*> words;
    for (std::string& argument : arguments) {
      words.push_back(argument.data());
    }
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(printed[1], STDOUT_FILENO);
      for (const int fd : kept) {
        ::fcntl(fd, F_SETFD, 0);
      }
      ::execv(words.front(), words.data());
      ::_exit(127);
    }
    ::close(printed[1]);
    output_ = UniqueFd{printed[0]};
  }
  Python(const Python&) = delete;
  Python& operator=(const Python&) = delete;
  ~Python() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      (void)exit_code();
    }
  }

  std::string line() {
    std::string line;
    char letter = 0;
    while (::read(output_.get(), &letter, 1) == 1 && letter != '\n') {
      line += letter;
    }
    return line;
  }

  int exit_code() {
    int status = 0;
    EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  UniqueFd output_;
};

void expect_echo(Connection& out, Connection& in) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16384},
                                 std::size_t{16385}, std::size_t{1} << 20}) {
    Bytes message(size);
    for (std::size_t i = 0; i < size; ++i) {
      message[i] = static_cast<std::byte>(i * 31 + size);
    }
    ASSERT_TRUE(out.send_bytes(message, kPatience));
    const auto back = in.receive_bytes(kPatience);
    ASSERT_TRUE(back) << back.error().what();
    EXPECT_EQ(*back, message) << size;
  }
}

struct Case {
  const char* name;
  std::string scheme;
  bool with_key;
};

class PythonTest : public testing::TestWithParam<Case> {
 protected:
  PythonTest() { std::filesystem::create_directory(directory_); }
  ~PythonTest() override { std::filesystem::remove_all(directory_); }

  Address ours() const {
    return GetParam().scheme == "unix" ? "unix:" + directory_ + "/socket"
                                       : GetParam().scheme + "://127.0.0.1:0";
  }
  static Address printed(const std::string& where) {
    return GetParam().scheme + (GetParam().scheme == "unix" ? ":" : "://") + where;
  }
  // As Python writes an address of ours.
  static std::string python_address(const Address& address) {
    return address.port() == 0 && address.host().empty()
               ? std::string{address.path()}
               : std::string{address.host()} + ":" + std::to_string(address.port());
  }

  ConnectOptions options() const {
    ConnectOptions options;
    options.key = GetParam().with_key ? AuthKey{"secret"} : AuthKey{};
    if (is_tls()) {
      const auto& made = harness::TestCertificates::get();
      options.tls = {.certificate = made.listener().file,
                     .private_key = made.listener().key,
                     .trust = made.authority().file()};
    }
    return options;
  }
  // Who only accepts asks no certificate of its clients.
  ConnectOptions options_of_listener() const {
    ConnectOptions without_trust = options();
    without_trust.tls.trust.clear();
    return without_trust;
  }
  static bool is_tls() { return GetParam().scheme == "tls"; }
  static std::string key() { return GetParam().with_key ? "secret" : "-"; }

  static std::vector<std::string> client(const Address& address) {
    if (is_tls()) {
      return {"tls-client", python_address(address), key(),
              harness::TestCertificates::get().authority().file()};
    }
    return {"client", python_address(address), key()};
  }
  std::vector<std::string> listener(const std::string& with_key) const {
    if (is_tls()) {
      const auto& made = harness::TestCertificates::get().listener();
      return {"tls-listener", python_address(ours()), with_key, made.file, made.key};
    }
    return {"listener", python_address(ours()), with_key};
  }

  Runtime runtime_{RuntimeOptions{}};
  const std::string directory_ = testing::TempDir() + "troupe-python-" + std::to_string(::getpid());
};

TEST_P(PythonTest, AClientOfPythonTalksToAListenerOfOurs) {
  auto listener = Listener::create(runtime_, ours(), options_of_listener());
  ASSERT_TRUE(listener) << listener.error().what();
  Python python{client(listener->address())};

  auto connection = listener->accept(kPatience);
  ASSERT_TRUE(connection) << connection.error().what();
  expect_echo(*connection, *connection);
  connection->close();

  EXPECT_EQ(python.exit_code(), 0);
}

TEST_P(PythonTest, AListenerOfPythonTalksToAClientOfOurs) {
  Python python{listener(key())};
  const std::string where = python.line();
  ASSERT_FALSE(where.empty());

  auto connection = connect(runtime_, printed(where), options(), kPatience);
  ASSERT_TRUE(connection) << connection.error().what();
  expect_echo(*connection, *connection);
  connection->close();

  EXPECT_EQ(python.exit_code(), 0);
}

TEST_P(PythonTest, AWrongKeyIsRefusedOnBothSides) {
  if (!GetParam().with_key) {
    return;  // there is no key to be wrong
  }
  Python python{listener("another")};
  const std::string where = python.line();

  const auto connection = connect(runtime_, printed(where), options(), kPatience);

  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error(), Code::refused) << connection.error().what();
  EXPECT_EQ(python.exit_code(), 3);
}

INSTANTIATE_TEST_SUITE_P(Addresses, PythonTest,
                         testing::Values(Case{"unix", "unix", false},
                                         Case{"unix_key", "unix", true}, Case{"tcp", "tcp", false},
                                         Case{"tcp_key", "tcp", true}, Case{"tls", "tls", false},
                                         Case{"tls_key", "tls", true}),
                         [](const auto& given) { return given.param.name; });

TEST(PythonPipeTest, AChildOfPythonTalksOverInheritedPipeEnds) {
  Runtime runtime{RuntimeOptions{}};
  auto there = connect_ends(runtime, "pipe:", transports::Direction::one_way, false);
  auto back = connect_ends(runtime, "pipe:", transports::Direction::one_way, false);
  ASSERT_TRUE(there);
  ASSERT_TRUE(back);
  auto input = there->first.hand_over();
  auto output = back->second.hand_over();
  ASSERT_TRUE(input);
  ASSERT_TRUE(output);
  Python python{{"pipe", std::to_string(input->input.get()), std::to_string(output->output.get())},
                {input->input.get(), output->output.get()}};
  there->first.close();
  back->second.close();
  input->input.reset();
  output->output.reset();

  expect_echo(there->second, back->first);
  there->second.close();

  EXPECT_EQ(python.exit_code(), 0);
}

}  // namespace
}  // namespace troupe
