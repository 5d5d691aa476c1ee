// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shard: a part of the keys, in a process of its own. What it has answered for is in its journal,
// so a kill -9 takes nothing that was acknowledged: its successor reads the journal again.

#include <sys/types.h>
#include <troupe/troupe.hpp>

#include <fstream>
#include <map>
#include <string>

struct Put {
  std::string key;
  std::string value;
};
struct Get {
  std::string key;
};
struct WhoAreYou {};

class Shard {
 public:
  using Accepts = troupe::Protocol<void(Put), std::string(Get), pid_t(WhoAreYou)>;

  explicit Shard(const std::string& journal);

  troupe::Result<void> handle(const Put& put);
  troupe::Result<std::string> handle(const Get& get);
  pid_t handle(WhoAreYou question);

 private:
  std::map<std::string, std::string> values_;
  std::ofstream journal_;
};
