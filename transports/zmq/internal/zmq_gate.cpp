// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_gate.hpp"

#include "troupe/base/bytes.hpp"
#include "troupe/transports/key_file.hpp"
#include "troupe/transports/zmq/curve_keys.hpp"

#include <zmq.hpp>

#include <array>
#include <cerrno>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::transports {
namespace {

constexpr int kFds = 4;
// Of a request: version, its number, domain, address, identity, mechanism, then what that brings.
constexpr std::size_t kNumber = 1;
constexpr std::size_t kDomain = 2;
constexpr std::size_t kMechanism = 5;
constexpr std::size_t kKey = 6;

Result<std::set<std::string>> read_keys(const std::filesystem::path& path,
                                        const std::string& doing) {
  const std::string reading = doing + ": clients' keys " + path.string();
  const auto file = KeyFile::read(path, reading);
  if (!file) {
    return file.error();
  }
  std::set<std::string> keys;
  std::istringstream lines{std::string{text_of(file->bytes())}};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string key;
    words >> key;
    if (key.empty() || (key.front() == '#' && !is_curve_key(key))) {
      continue;
    }
    if (!is_curve_key(key)) {
      return Error{Code::invalid_argument,
                   reading + ": a line does not begin with a key: " + line.substr(0, 60)};
    }
    keys.insert(key);
  }
  return keys;
}

std::filesystem::file_time_type changed(const std::filesystem::path& path) noexcept {
  std::error_code none;
  return std::filesystem::last_write_time(path, none);
}

std::string z85_of(const zmq::message_t& key) {
  constexpr std::size_t kBytes = 32;
  std::array<char, 41> text{};
  if (key.size() != kBytes) {
    return {};
  }
  return ::zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(key.data()), kBytes);
}

}  // namespace

ZmqGate::ZmqGate(ZmqBridge& bridge, void* socket) : bridge_(bridge), socket_(socket) {
  std::size_t size = sizeof news_;
  (void)::zmq_getsockopt(socket_, ZMQ_FD, &news_, &size);
}

Result<std::unique_ptr<ZmqGate>> ZmqGate::create(ZmqBridge& bridge) {
  const std::string doing = "watch over ZeroMQ's keys";
  if (auto free = expect_free_fds(kFds, doing); !free) {
    return free.error();
  }
  void* socket = ::zmq_socket(bridge.context()->get(), ZMQ_REP);
  if (socket == nullptr) {
    return Error::system(doing, errno);
  }
  std::unique_ptr<ZmqGate> gate{new ZmqGate{bridge, socket}};
  const int at_once = 0;
  (void)::zmq_setsockopt(socket, ZMQ_LINGER, &at_once, sizeof at_once);
  if (::zmq_bind(socket, "inproc://zeromq.zap.01") != 0) {
    return Error::system(doing, errno);
  }
  if (auto added = bridge.add(*gate, doing); !added) {
    return added.error();
  }
  return gate;
}

ZmqGate::~ZmqGate() {
  if (!bridge_.context()->is_forked_copy()) {
    bridge_.remove(*this);
    ::zmq_close(socket_);
  }
}

Result<void> ZmqGate::open(const std::string& domain, const std::filesystem::path& clients,
                           const std::string& doing) {
  if (clients.empty()) {
    const std::lock_guard lock{mutex_};
    domains_[domain] = {};
    return {};
  }
  const auto as_of = changed(clients);
  auto keys = read_keys(clients, doing);
  if (!keys) {
    return keys.error();
  }
  const std::lock_guard lock{mutex_};
  domains_[domain] = {clients, as_of, std::move(*keys)};
  return {};
}

void ZmqGate::close(const std::string& domain) noexcept {
  const std::lock_guard lock{mutex_};
  domains_.erase(domain);
}

ZmqBridge::Served::Turn ZmqGate::serve() {
  for (;;) {
    std::vector<zmq::message_t> request;
    do {
      zmq::message_t part;
      if (::zmq_msg_recv(part.handle(), socket_, ZMQ_DONTWAIT) < 0) {
        return {Deadline::never()};
      }
      request.push_back(std::move(part));
    } while (request.back().more());
    const auto who = request.size() == kKey + 1 && request[kMechanism].to_string() == "CURVE"
                         ? let_in(request[kDomain].to_string(), z85_of(request[kKey]))
                         : std::nullopt;
    const std::string number = request.size() > kNumber ? request[kNumber].to_string() : "";
    const std::array<std::string, 6> answer{
        "1.0", number, who ? "200" : "400", who ? "" : "this key is not let in", who.value_or(""),
        ""};
    for (const std::string& part : answer) {
      (void)::zmq_send(socket_, part.data(), part.size(),
                       ZMQ_DONTWAIT | (&part == &answer.back() ? 0 : ZMQ_SNDMORE));
    }
  }
}

std::optional<std::string> ZmqGate::let_in(const std::string& domain, const std::string& key) {
  const std::lock_guard lock{mutex_};
  const auto found = domains_.find(domain);
  if (found == domains_.end() || key.empty()) {
    return std::nullopt;
  }
  Keys& keys = found->second;
  if (keys.path.empty()) {
    return "";
  }
  if (const auto now = changed(keys.path); now != keys.changed) {
    // A file that cannot be read lets in nobody.
    auto read = read_keys(keys.path, "let a client in");
    keys.let_in = read ? std::move(*read) : std::set<std::string>{};
    keys.changed = now;
  }
  return keys.let_in.contains(key) ? std::optional{key} : std::nullopt;
}

}  // namespace troupe::transports
