// SPDX-License-Identifier: Apache-2.0
#pragma once

// Front: what clients talk to. One actor listens; one for each client passes its requests on to the
// shard of the key, again where that is just being restarted.

#include "shard.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

using Request = std::variant<Put, Get>;
struct Reply {
  bool ok = false;
  std::string text;
};
using Shards = std::vector<troupe::Named<Shard>>;
using Client = troupe::Pipe<Request, Reply>;

const troupe::Named<Shard>& shard_of(const Shards& shards, const std::string& key);

class Desk {
 public:
  Desk(troupe::Connection client, Shards shards)
      : client_(std::move(client)), shards_(std::move(shards)) {}
  void started(troupe::Context& context);

 private:
  template <class M>
  auto ask(const M& message, troupe::Context& context);
  Reply answer(const Request& request, troupe::Context& context);

  troupe::Pipe<Reply, Request> client_;
  const Shards shards_;
};

class Front {
 public:
  Front(troupe::Listener listener, Shards shards)
      : listener_(std::move(listener)), shards_(std::move(shards)) {}
  void started(troupe::Context& context);

 private:
  troupe::Listener listener_;
  const Shards shards_;
};
