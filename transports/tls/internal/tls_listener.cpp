// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/tls/internal/tls_listener.hpp"

#include "troupe/transports/socket/socket_listener.hpp"
#include "troupe/transports/socket/tcp_socket.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

namespace troupe::transports {
namespace {

constexpr int kAcceptedAtOnce = 64;  // then those that are here have their turn

Result<void> add(int set, int change, int fd, short events, void* what) {
  epoll_event event{};
  event.events = events == POLLOUT ? EPOLLOUT : EPOLLIN;
  event.data.ptr = what;
  if (::epoll_ctl(set, change, fd, &event) != 0) {
    return Error::system("wait for clients", errno);
  }
  return {};
}

}  // namespace

TlsListener::TlsListener(UniqueFd socket, UniqueFd set, Address address, TlsContext context,
                         const ConnectOptions& options, Make make)
    : socket_(std::move(socket)),
      set_(std::move(set)),
      address_(std::move(address)),
      context_(std::move(context)),
      handshake_(options.handshake),
      lost_after_(options.lost_after),
      make_(std::move(make)) {}

Result<std::unique_ptr<TlsListener>> TlsListener::create(UniqueFd socket, Address address,
                                                         TlsContext context,
                                                         const ConnectOptions& options, Make make) {
  UniqueFd set{::epoll_create1(EPOLL_CLOEXEC)};
  if (!set) {
    return Error::system("listen at " + address.text(), errno);
  }
  std::unique_ptr<TlsListener> listener{new TlsListener{std::move(socket), std::move(set),
                                                        std::move(address), std::move(context),
                                                        options, std::move(make)}};
  if (auto added =
          add(listener->set_.get(), EPOLL_CTL_ADD, listener->socket_.get(), POLLIN, nullptr);
      !added) {
    return added.error();
  }
  return listener;
}

Result<std::unique_ptr<FrameConnection>> TlsListener::try_accept() {
  drop_late();
  std::optional<Error> failure;
  for (;;) {
    std::array<epoll_event, 32> events{};
    const int ready = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0);
    if (ready < 0 && errno != EINTR) {
      return Error::system("accept at " + address_.text(), errno);
    }
    bool more = false;
    bool take = false;
    for (const epoll_event& event :
         std::span{events}.first(static_cast<std::size_t>(std::max(ready, 0)))) {
      if (event.data.ptr == nullptr) {
        take = true;
        continue;
      }
      if (auto connection = step(*static_cast<Coming*>(event.data.ptr))) {
        return connection;  // the others are reported again
      }
      more = true;
    }
    // After the others: making room may drop one of them.
    if (take && !failure) {
      if (auto taken = take_in(); !taken) {
        failure = taken.error();  // those who are here already are served first
      } else {
        more = true;
      }
    }
    if (!more) {
      return failure ? Result<std::unique_ptr<FrameConnection>>{*failure}
                     : std::unique_ptr<FrameConnection>{};
    }
  }
}

Result<void> TlsListener::take_in() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    auto socket = accept_from(socket_.get(), address_);
    if (!socket) {
      return socket.error();
    }
    if (!*socket) {
      return {};
    }
    if (coming_.size() >= kMostComing) {
      drop(coming_.front(), Error{Code::overloaded, "too many handshakes were under way"});
    }
    prepare_tcp(socket->get(), lost_after_);
    Address peer{text_of("tls", peer_of(socket->get()))};
    auto stream = TlsStream::create(context_, std::move(*socket), TlsSide::listener, {});
    if (!stream) {
      return stream.error().within("accept at " + address_.text());
    }
    coming_.push_back({std::move(*stream), std::move(peer), Deadline{handshake_}, {}});
    coming_.back().self = std::prev(coming_.end());
    if (auto watched = watch(coming_.back(), false); !watched) {
      coming_.pop_back();
      return watched.error().within("accept at " + address_.text());
    }
  }
  return {};
}

Result<void> TlsListener::watch(Coming& client, bool known) {
  const Readiness wanted = client.stream->readiness();
  if (known && wanted.events == client.waits_for) {
    return {};
  }
  client.waits_for = wanted.events;
  return add(set_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, wanted.fd, wanted.events, &client);
}

// The connection, once the client's handshake is done.
std::unique_ptr<FrameConnection> TlsListener::step(Coming& client) {
  const auto progress = client.stream->try_handshake();
  if (!progress) {
    drop(client, progress.error());
    return nullptr;
  }
  if (*progress == Progress::would_block) {
    if (auto watched = watch(client, true); !watched) {
      drop(client, watched.error());
    }
    return nullptr;
  }
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, client.stream->readable().fd, nullptr);
  auto connection = make_(std::move(client.stream), client.peer);
  coming_.erase(client.self);
  return connection;
}

void TlsListener::drop(Coming& client, const Error& why) {
  if (dropped_.size() < kMostDropped) {
    dropped_.push_back(why.within(client.peer.text()));
  }
  coming_.erase(client.self);  // its socket leaves the set as it is closed
}

void TlsListener::drop_late() {
  while (!coming_.empty() && coming_.front().until.passed()) {
    drop(coming_.front(),
         Error{Code::timed_out,
               "it did not finish the TLS handshake in time (ConnectOptions::handshake); a client "
               "of tcp: that waits for an answer does not either"});
  }
}

Readiness TlsListener::readable() const noexcept {
  return {set_.get(), POLLIN};
}

Deadline TlsListener::wake() const noexcept {
  return coming_.empty() ? Deadline::never() : coming_.front().until;
}

std::vector<Error> TlsListener::take_dropped() {
  return std::exchange(dropped_, {});
}

}  // namespace troupe::transports
