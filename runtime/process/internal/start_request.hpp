// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the starter of a process and the new process say to each other, over an inherited socket:
// one request, one reply. The reply is the child's own: when it has come the child exists, is set
// up and will run its body; when it has not, the body does not run. So a zygote that is killed at
// any moment makes no start happen twice, or be lost without an error.

#include "troupe/base/buffer.hpp"
#include "troupe/base/result.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/process/function_id.hpp"
#include "troupe/runtime/process/internal/surroundings.hpp"
#include "troupe/serialization/encoded.hpp"
#include "troupe/serialization/limits.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace troupe::process {

// The descriptors go beside it: output, error output, status pipe, directory (those that are said
// to be there), then those of the arguments. A message.
struct StartRequest {
  std::string name;
  std::string path;          // of identities: "2:1" is the first child of the second child
  std::int32_t starter = 0;  // pid
  bool detached = false;
  bool dies_with_thread = false;  // PR_SET_PDEATHSIG: the starter's main thread is the parent
  bool has_output = false;
  bool has_error_output = false;
  std::uint8_t log_level = 0;  // a LogLevel
  Changes changes;
  FunctionId function;
};

struct StartFds {
  UniqueFd output;
  UniqueFd error_output;
  UniqueFd status;
  UniqueFd directory;
};

struct ReceivedRequest {
  StartRequest request;
  StartFds fds;
  Buffer arguments;
  std::vector<UniqueFd> argument_fds;
};

// Errors: as send_packet.
Result<void> send_request(int socket, const StartRequest& request, const StartFds& fds,
                          const Encoded& arguments);

// Of one family and one build: nothing needs to be held against a limit.
inline constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
inline constexpr DecodeLimits kOfTheFamily{64, kUnlimited, kUnlimited, kUnlimited, Members::exact};

struct Packet;
// Errors: malformed.
Result<ReceivedRequest> open_request(Packet packet);

// Says that the calling process is the child, or why there will be none; `ending` is the process
// that was made all the same, and ends at once.
Result<void> send_started(int socket);
Result<void> send_refusal(int socket, const Error& why, pid_t ending = 0);

struct Started {
  pid_t pid = 0;
  UniqueFd pidfd;
};
// Waits for the reply to a request, until it comes or cannot come any more: a child that ends
// before it has said anything takes the writing end of its status pipe along.
struct Reply {
  enum class Kind : std::uint8_t {
    started,
    refused,  // by the child, which is reaped, or by the zygote
    unheard,  // the other end is gone, or says nothing: no child runs
  };
  Kind kind = Kind::unheard;
  Started started;
  std::optional<Error> why;
};
Reply await_reply(int socket, int status);

// How long an answer may take: a zygote needs a millisecond, a program has to come to its Runtime
// in main.
inline constexpr std::chrono::seconds kPatience{20};

}  // namespace troupe::process
