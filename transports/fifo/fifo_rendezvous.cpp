// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/fifo/fifo_rendezvous.hpp"

#include "troupe/base/clock.hpp"
#include "troupe/base/random.hpp"
#include "troupe/transports/fifo/fifo_file.hpp"
#include "troupe/transports/fifo/fifo_hello.hpp"
#include "troupe/transports/pipe/pipe_transport.hpp"
#include "troupe/transports/private_directory.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <list>

namespace troupe::transports {
namespace {

// What the client writes into its way up, once that is open. Part of the wire format.
constexpr char kOpened = '+';

constexpr const char* kUp = ".up";      // client to listener
constexpr const char* kDown = ".down";  // listener to client

ssize_t write_whole(const UniqueFd& fd, std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec serves reading and writing
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  return write_to_pipe(fd.get(), {&piece, 1});
}

// All writers that there ever were have left.
bool has_hung_up(const UniqueFd& fd) {
  pollfd item{fd.get(), POLLIN, 0};
  return ::poll(&item, 1, 0) > 0 && (item.revents & POLLHUP) != 0;
}

class RendezvousDial final : public Dial {
 public:
  RendezvousDial(Address address, std::string path, ConnectOptions options, FifoFile up,
                 FifoFile down, UniqueFd input)
      : address_(std::move(address)),
        path_(std::move(path)),
        options_(std::move(options)),
        up_(std::move(up)),
        down_(std::move(down)),
        input_(std::move(input)) {}

  Result<std::unique_ptr<FrameConnection>> step() override {
    const std::string doing = "connect to " + address_.text();
    if (!greeted_) {
      auto greeted = greet(doing);
      if (!greeted || *greeted == Progress::would_block) {
        return greeted ? Result<std::unique_ptr<FrameConnection>>{nullptr} : greeted.error();
      }
    }
    auto output = try_open_fifo(up_.path(), O_WRONLY, doing);
    if (!output) {
      return output.error();
    }
    if (!*output) {
      greeted_ = !has_hung_up(input_);  // a listener that has answered and died: greet the next
      return std::unique_ptr<FrameConnection>{};
    }
    up_.remove();
    down_.remove();
    if (write_whole(*output, {&kOpened, 1}) != 1) {
      return Error{Code::disconnected, doing + ": the listener went away"};
    }
    return make_pipe_connection(std::move(input_), std::move(*output), address_, options_);
  }

  Readiness readiness() const noexcept override { return {}; }
  Duration retry() const noexcept override { return std::chrono::milliseconds{1}; }

 private:
  Result<Progress> greet(const std::string& doing) {
    auto meeting = try_open_fifo(path_, O_WRONLY, doing);
    if (!meeting) {
      return meeting.error();
    }
    if (!*meeting) {
      return Progress::would_block;  // nobody reads there yet
    }
    const std::string prefix = up_.path().substr(0, up_.path().size() - std::strlen(kUp));
    const std::string hello = encode_hello(prefix);
    const ssize_t written = write_whole(*meeting, hello);
    if (written < 0 && (errno == EAGAIN || errno == EPIPE || errno == EINTR)) {
      return Progress::would_block;  // it is full of hellos, or the reader has just left
    }
    if (written != static_cast<ssize_t>(hello.size())) {
      return Error::system(doing, errno);
    }
    meeting_ = std::move(*meeting);
    greeted_ = true;
    return Progress::done;
  }

  const Address address_;
  const std::string path_;
  const ConnectOptions options_;
  FifoFile up_;
  FifoFile down_;
  UniqueFd input_;
  UniqueFd meeting_;  // kept open: a hello that nobody has read yet outlives its listener
  bool greeted_ = false;
};

class RendezvousListener final : public FrameListener {
 public:
  RendezvousListener(Address address, ConnectOptions options, FifoFile file, UniqueFd meeting,
                     UniqueFd readiness)
      : address_(std::move(address)),
        options_(std::move(options)),
        file_(std::move(file)),
        meeting_(std::move(meeting)),
        readiness_(std::move(readiness)) {}

  Result<std::unique_ptr<FrameConnection>> try_accept() override {
    read_hellos();
    const Instant now = Clock::current().now();
    for (auto peer = coming_.begin(); peer != coming_.end();) {
      char opened = 0;
      const ssize_t count = ::read(peer->input.get(), &opened, 1);
      if (count == 1 && opened == kOpened) {
        ::epoll_ctl(readiness_.get(), EPOLL_CTL_DEL, peer->input.get(), nullptr);
        auto connection = make_pipe_connection(std::move(peer->input), std::move(peer->output),
                                               address_, options_);
        coming_.erase(peer);
        return connection;
      }
      const bool gone = count == 1 || (count < 0 && errno != EAGAIN && errno != EINTR) ||
                        (count == 0 && has_hung_up(peer->input)) || now > peer->until;
      peer = gone ? coming_.erase(peer) : std::next(peer);
    }
    return std::unique_ptr<FrameConnection>{};
  }

  Readiness readable() const noexcept override { return {readiness_.get(), POLLIN}; }
  const Address& address() const noexcept override { return address_; }

 private:
  // In one accept: who writes without end must not keep it for himself.
  static constexpr int kMostReads = 16;

  // A client that said hello and has not yet opened its way up.
  struct Coming {
    UniqueFd input;
    UniqueFd output;
    Instant until;
  };

  void read_hellos() {
    std::array<char, PIPE_BUF> bytes{};
    for (int turn = 0; turn < kMostReads; ++turn) {
      const ssize_t count = ::read(meeting_.get(), bytes.data(), bytes.size());
      if (count <= 0) {
        break;
      }
      hellos_.add({bytes.data(), static_cast<std::size_t>(count)});
      while (const auto prefix = hellos_.next()) {
        welcome(*prefix);
      }
    }
  }

  void welcome(const std::string& prefix) {
    // The client reads from its way down already; a client that lies or is gone is forgotten.
    auto output = try_open_fifo(prefix + kDown, O_WRONLY, address_.text());
    auto input = try_open_fifo(prefix + kUp, O_RDONLY, address_.text());
    if (!output || !input || !*output || !*input) {
      return;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(readiness_.get(), EPOLL_CTL_ADD, input->get(), &event) != 0) {
      return;
    }
    coming_.push_back(
        {std::move(*input), std::move(*output), Clock::current().now() + options_.handshake});
  }

  const Address address_;
  const ConnectOptions options_;
  const FifoFile file_;
  const UniqueFd meeting_;    // open both ways, so that it never ends
  const UniqueFd readiness_;  // epoll over the named pipe and those who are coming
  HelloParser hellos_;
  std::list<Coming> coming_;
};

}  // namespace

Result<std::unique_ptr<Dial>> dial_rendezvous(const Address& address, std::string path,
                                              const ConnectOptions& options) {
  const std::string doing = "connect to " + address.text();
  auto directory = private_directory();
  if (!directory) {
    return directory.error();
  }
  const std::string prefix = *directory + "/" + Random::system().name(12);
  if (!fits_hello(prefix)) {
    return Error{Code::invalid_argument,
                 doing + ": the private directory's path is too long: " + *directory};
  }
  auto up = FifoFile::create(prefix + kUp);
  if (!up) {
    return up.error();
  }
  auto down = FifoFile::create(prefix + kDown);
  if (!down) {
    return down.error();
  }
  auto input = try_open_fifo(down->path(), O_RDONLY, doing);
  if (!input) {
    return input.error();
  }
  return std::unique_ptr<Dial>{std::make_unique<RendezvousDial>(
      address, std::move(path), options, std::move(*up), std::move(*down), std::move(*input))};
}

Result<std::unique_ptr<FrameListener>> listen_rendezvous(const Address& address,
                                                         const std::string& path,
                                                         const ConnectOptions& options) {
  const std::string doing = "listen at " + address.text();
  auto meeting = claim_fifo(path, O_RDWR, doing);
  if (!meeting) {
    return meeting.error();
  }
  FifoFile file = FifoFile::adopt(path);
  UniqueFd readiness{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{};
  event.events = EPOLLIN;
  if (!readiness || ::epoll_ctl(readiness.get(), EPOLL_CTL_ADD, meeting->get(), &event) != 0) {
    return Error::system(doing, errno);
  }
  return std::unique_ptr<FrameListener>{std::make_unique<RendezvousListener>(
      address, options, std::move(file), std::move(*meeting), std::move(readiness))};
}

}  // namespace troupe::transports
