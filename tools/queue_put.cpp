// SPDX-License-Identifier: Apache-2.0
#include "tools/queue_put.hpp"

#include "tools/line_splitter.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

namespace troupe::tools {
namespace {

class Putting final {
 public:
  Putting(Runtime& runtime, const QueueCommand& command, const Queue<std::string>& queue)
      : runtime_(runtime), command_(command), queue_(queue) {}

  Result<void> all() {
    auto put = command_.lines.empty() ? standard_input() : given_lines();
    auto flushed = queue_.flush(command_.patience());  // what was put before an error, too
    return put ? flushed : put;
  }

 private:
  Result<void> given_lines() {
    for (const std::string& line : command_.lines) {
      if (auto done = put(line); !done) return done;
    }
    return {};
  }

  Result<void> standard_input() {
    std::array<char, std::size_t{64} << 10> piece{};
    LineSplitter lines;
    for (;;) {
      if (auto waited = wait_any(runtime_, {Waitable{STDIN_FILENO}}); !waited) {
        return waited.error();
      }
      const ssize_t count = ::read(STDIN_FILENO, piece.data(), piece.size());
      if (count < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return Error::system("read standard input", errno);
      }
      lines.add({piece.data(), static_cast<std::size_t>(count)});
      while (const auto line = lines.next()) {
        if (auto done = put(*line); !done) return done;
      }
      if (count == 0) {
        const auto last = lines.last();
        return last ? put(*last) : Result<void>{};
      }
      if (lines.waiting() > command_.connect.max_message) {
        return Error{Code::invalid_argument,
                     "put into " + command_.address.text() +
                         ": a line of standard input is longer than an item may be"};
      }
    }
  }

  Result<void> put(std::string_view line) {
    const std::string item{line};
    if (command_.put.delay == Duration::zero() && command_.put.priority == 0) {
      return queue_.put(item, command_.patience());
    }
    PutOptions options = command_.put;
    options.until = command_.patience();
    return queue_.put_with(item, options);
  }

  Runtime& runtime_;
  const QueueCommand& command_;
  const Queue<std::string>& queue_;
};

}  // namespace

Result<void> put_lines(Runtime& runtime, const QueueCommand& command,
                       const ConnectOptions& connect) {
  const auto queue = Queue<std::string>::open(
      runtime, command.address, command.timeout.value_or(std::chrono::seconds{10}), connect);
  if (!queue) return queue.error();
  return Putting{runtime, command, *queue}.all();
}

}  // namespace troupe::tools
