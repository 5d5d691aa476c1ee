// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/stream/pipe_stream.hpp"

#include "troupe/base/os/kernel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask and sigtimedwait are POSIX
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace troupe::transports {
namespace {

// linux/fs.h of 6.18; older headers lack it.
constexpr int kRwfNoSignal = 0x100;

bool is_ready(int fd, short events) {
  pollfd item{fd, events, 0};
  return ::poll(&item, 1, 0) > 0;
}

// Keeps SIGPIPE from the calling thread while a pipe is written that may have lost its reader:
// blocks it, and takes back the one that the write raised. Only where the kernel cannot be told not
// to raise it.
class SignalGuard final {
 public:
  SignalGuard() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &outer_);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
  ~SignalGuard() {
    const int saved = errno;
    if (raised_ && !was_pending_) {
      const timespec at_once{};
      while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &outer_, nullptr);
    errno = saved;
  }
  void raised() noexcept { raised_ = true; }

 private:
  sigset_t pipe_{};
  sigset_t outer_{};
  bool was_pending_ = false;
  bool raised_ = false;
};

}  // namespace

ssize_t write_to_pipe(int fd, std::span<const iovec> pieces, int flags) noexcept {
  const int count = static_cast<int>(pieces.size());
  if (os::kernel_has(os::KernelFeature::pipe_nosignal)) {
    return ::pwritev2(fd, pieces.data(), count, -1, flags | kRwfNoSignal);
  }
  SignalGuard guard;
  const ssize_t written = ::pwritev2(fd, pieces.data(), count, -1, flags);
  if (written < 0 && errno == EPIPE) {
    guard.raised();
  }
  return written;
}

PipeStream::PipeStream(UniqueFd input, UniqueFd output)
    : input_(std::move(input)),
      output_(std::move(output)),
      input_mode_(mode_of(input_.get())),
      output_mode_(mode_of(output_.get())) {}

PipeStream::Mode PipeStream::mode_of(int fd) noexcept {
  const int flags = fd >= 0 ? ::fcntl(fd, F_GETFL) : -1;
  if (flags >= 0 && (flags & O_NONBLOCK) != 0) {
    return Mode::flagged;
  }
  iovec nothing{nullptr, 0};
  if (fd >= 0 && os::kernel_has(os::KernelFeature::pipe_nowait)) {
    // Named pipes lack what anonymous ones have: ask this one.
    const bool readable = (flags & O_ACCMODE) != O_WRONLY;
    const ssize_t result = readable ? ::preadv2(fd, &nothing, 1, -1, RWF_NOWAIT)
                                    : ::pwritev2(fd, &nothing, 1, -1, RWF_NOWAIT);
    if (result >= 0 || errno != EOPNOTSUPP) {
      return Mode::nowait;
    }
  }
  return Mode::polled;
}

Result<Transfer> PipeStream::try_write(std::span<iovec> pieces, std::span<UniqueFd> fds) {
  if (!fds.empty()) {
    return Error{Code::invalid_argument,
                 "send file descriptors: a pipe does not carry them; try unix:"};
  }
  if (!output_) {
    return Error{Code::invalid_argument, "send: this end only receives"};
  }
  std::array<iovec, 1> part{};
  if (output_mode_ == Mode::polled) {
    if (!is_ready(output_.get(), POLLOUT)) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    // A pipe that polls writable has room for PIPE_BUF bytes.
    part[0] = {pieces[0].iov_base, std::min<std::size_t>(pieces[0].iov_len, PIPE_BUF)};
    pieces = part;
  }
  for (;;) {
    const ssize_t written =
        write_to_pipe(output_.get(), pieces, output_mode_ == Mode::nowait ? RWF_NOWAIT : 0);
    if (written >= 0) {
      return Transfer{Transfer::Status::moved, static_cast<std::size_t>(written)};
    }
    if (errno == EAGAIN) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    if (errno == EPIPE) {
      return Error{Code::disconnected, "send: the reading end of the pipe is closed",
                   Effect::unknown};
    }
    if (errno != EINTR) {
      return Error::system("send", errno);
    }
  }
}

Result<Transfer> PipeStream::try_read(std::span<iovec> places, std::vector<UniqueFd>& /*fds*/) {
  if (!input_) {
    return Error{Code::invalid_argument, "receive: this end only sends"};
  }
  if (input_mode_ == Mode::polled && !is_ready(input_.get(), POLLIN)) {
    return Transfer{Transfer::Status::would_block, 0};
  }
  for (;;) {
    const ssize_t count = ::preadv2(input_.get(), places.data(), static_cast<int>(places.size()),
                                    -1, input_mode_ == Mode::nowait ? RWF_NOWAIT : 0);
    if (count > 0) {
      return Transfer{Transfer::Status::moved, static_cast<std::size_t>(count)};
    }
    if (count == 0) {
      return Transfer{Transfer::Status::end, 0};
    }
    if (errno == EAGAIN) {
      return Transfer{Transfer::Status::would_block, 0};
    }
    if (errno != EINTR) {
      return Error::system("receive", errno);
    }
  }
}

Readiness PipeStream::readable() const noexcept {
  return {input_.get(), POLLIN};
}

Readiness PipeStream::writable() const noexcept {
  return {output_.get(), POLLOUT};
}

Result<ByteStream::Ends> PipeStream::duplicate() const {
  Ends ends;
  for (const auto& [from, to] :
       {std::pair{&input_, &ends.input}, std::pair{&output_, &ends.output}}) {
    if (*from) {
      auto copy = UniqueFd::duplicate(from->get());
      if (!copy) {
        return copy.error();
      }
      *to = std::move(*copy);
    }
  }
  return ends;
}

}  // namespace troupe::transports
