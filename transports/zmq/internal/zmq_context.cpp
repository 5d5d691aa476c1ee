// SPDX-License-Identifier: Apache-2.0
#include "troupe/transports/zmq/internal/zmq_context.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zmq.h>

#include <cerrno>
#include <string>
#include <vector>

namespace troupe::transports {
namespace {

// The context's own, with one thread for input and output.
constexpr int kContextFds = 16;
constexpr int kMostSockets = 65000;

}  // namespace

ZmqContext::ZmqContext(void* context) : context_(context), maker_(::getpid()) {}

Result<std::shared_ptr<ZmqContext>> ZmqContext::create() {
  const std::string doing = "start ZeroMQ";
  if (auto free = expect_free_fds(kContextFds, doing); !free) {
    return free.error();
  }
  void* context = ::zmq_ctx_new();
  if (context == nullptr) {
    return Error::system(doing, errno);
  }
  ::zmq_ctx_set(context, ZMQ_MAX_SOCKETS, kMostSockets);
  return std::shared_ptr<ZmqContext>{new ZmqContext{context}};
}

ZmqContext::~ZmqContext() {
  if (!is_forked_copy()) {
    while (::zmq_ctx_term(context_) != 0 && errno == EINTR) {
    }
  }
}

bool ZmqContext::is_forked_copy() const noexcept {
  return maker_ != ::getpid();
}

Result<void> expect_free_fds(int count, const std::string& doing) {
  std::vector<UniqueFd> held;
  for (int i = 0; i < count; ++i) {
    held.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!held.back()) {
      return Error::system(doing, errno);
    }
  }
  return {};
}

}  // namespace troupe::transports
