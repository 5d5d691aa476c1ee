// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/foreign_tls.hpp"

#include "harness/raw_fd.hpp"
#include "troupe/base/check.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::harness {
namespace {

// OpenSSL's own way to write raises it; this thread wants the error.
void ignore_broken_pipes() {
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
using Session = std::unique_ptr<SSL, void (*)(SSL*)>;

Context context_of(const ForeignTls& how) {
  Context context{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  if (how.only_old) {
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  }
  if (!how.own.file.empty()) {
    TROUPE_CHECK(SSL_CTX_use_certificate_chain_file(context.get(), how.own.file.c_str()) == 1);
    TROUPE_CHECK(
        SSL_CTX_use_PrivateKey_file(context.get(), how.own.key.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  return context;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  here.sin_port = htons(port);
  return here;
}

UniqueFd connected(std::uint16_t port) {
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const sockaddr_in there = loopback(port);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface
  TROUPE_CHECK(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) ==
               0);
  return socket;
}

// Carries bytes between `plain_` in the clear and a server's TLS, until either ends or is told to.
class Relay final {
 public:
  Relay(ForeignTls how, UniqueFd socket, UniqueFd plain)
      : how_(std::move(how)), socket_(std::move(socket)), plain_(std::move(plain)) {
    std::tie(stop_seen_, stop_) = raw_pipe();
    thread_ = std::jthread{[this] { run(); }};
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() {
    stop_.reset();
    thread_.join();
  }

 private:
  void run() {
    ignore_broken_pipes();
    ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    SSL_set_fd(session_.get(), socket_.get());
    SSL_set_connect_state(session_.get());
    while (step()) {
    }
    socket_.reset();
    plain_.reset();
  }

  bool step() {
    ERR_clear_error();
    const bool ready = SSL_is_init_finished(session_.get()) == 1;
    if (!ready && !moved(SSL_do_handshake(session_.get()))) {
      return false;
    }
    if (ready && (!write_out() || !read_in())) {
      return false;
    }
    std::array<pollfd, 3> items{
        pollfd{socket_.get(),
               static_cast<short>(out_.empty() && !wants_write_ ? POLLIN : POLLIN | POLLOUT), 0},
        pollfd{ready && out_.empty() ? plain_.get() : -1, POLLIN, 0},
        pollfd{stop_seen_.get(), POLLIN, 0}};
    if (ready == (SSL_is_init_finished(session_.get()) == 1)) {  // else it is done just now
      TROUPE_CHECK(::poll(items.data(), items.size(), -1) > 0 || errno == EINTR);
    }
    if (items[2].revents != 0) {
      return false;
    }
    return items[1].revents == 0 || take_plain();
  }

  // False: the other side is over.
  bool moved(int result) {
    const int why = SSL_get_error(session_.get(), result);
    wants_write_ = why == SSL_ERROR_WANT_WRITE;
    return result > 0 || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }

  bool take_plain() {
    out_.resize(1 << 16);
    const ssize_t count = ::read(plain_.get(), out_.data(), out_.size());
    out_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (count > 0) {
      return true;
    }
    if (how_.announces_end) {
      SSL_shutdown(session_.get());
    }
    return false;
  }

  bool write_out() {
    if (out_.empty()) {
      return true;
    }
    const int count = SSL_write(session_.get(), out_.data(), static_cast<int>(out_.size()));
    if (count > 0) {
      out_.clear();
    }
    return moved(count);
  }

  bool read_in() {
    std::vector<char> bytes(1 << 16);
    for (;;) {
      const int count = SSL_read(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) {
        return moved(count);
      }
      std::size_t written = 0;
      while (written < static_cast<std::size_t>(count)) {
        const ssize_t part = ::send(plain_.get(), bytes.data() + written,
                                    static_cast<std::size_t>(count) - written, MSG_NOSIGNAL);
        if (part < 0 && errno != EINTR) {
          return false;
        }
        written += part > 0 ? static_cast<std::size_t>(part) : 0;
      }
    }
  }

  const ForeignTls how_;
  const Context context_ = context_of(how_);
  const Session session_{SSL_new(context_.get()), SSL_free};
  UniqueFd socket_;
  UniqueFd plain_;
  UniqueFd stop_;
  UniqueFd stop_seen_;
  std::vector<char> out_;
  bool wants_write_ = false;
  std::jthread thread_;
};

}  // namespace

RawPeer ForeignTls::connect(std::uint16_t port) const {
  auto [ours, its] = raw_socket_pair();
  RawPeer peer;
  peer.behind = std::make_shared<Relay>(*this, connected(port), std::move(its));
  peer.input = std::move(ours);
  return peer;
}

ForeignListener::ForeignListener(ForeignTls how)
    : how_(std::move(how)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in here = loopback(0);
  socklen_t size = sizeof here;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface
  TROUPE_CHECK(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&here), size) == 0);
  TROUPE_CHECK(::listen(socket_.get(), 8) == 0);
  TROUPE_CHECK(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&here), &size) == 0);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  port_ = ntohs(here.sin_port);
  thread_ = std::jthread{[this] { serve(); }};
}

ForeignListener::~ForeignListener() {
  ending_ = true;
  (void)connected(port_);  // wakes it
}

void ForeignListener::serve() {
  ignore_broken_pipes();
  const Context context = context_of(how_);
  for (;;) {
    const UniqueFd client{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (ending_) {
      return;
    }
    const Session session{SSL_new(context.get()), SSL_free};
    SSL_set_fd(session.get(), client.get());
    if (SSL_accept(session.get()) == 1) {
      SSL_shutdown(session.get());
    }
    ERR_clear_error();
  }
}

}  // namespace troupe::harness
