// SPDX-License-Identifier: Apache-2.0
#pragma once

// Registry: the queues that a runtime owns, and where others reach them: one listener a place,
// which the first frame of a client tells which queue is meant. Thread-safe.

#include "troupe/base/result.hpp"
#include "troupe/runtime/queue/internal/caretaker.hpp"
#include "troupe/runtime/queue/queue_client.hpp"
#include "troupe/runtime/queue/queue_options.hpp"
#include "troupe/transports/address.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::queue {

class Owner;

class Registry final : public std::enable_shared_from_this<Registry> {
 public:
  struct Made {
    std::shared_ptr<Owner> owner;
    Place place;
  };

  // Where clients come: one listener, for the queues that share its host and port.
  struct Site;

  explicit Registry(RuntimeCore& runtime) noexcept;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  // A queue that nobody finds. Throws Error.
  std::shared_ptr<Owner> make(const std::string& name, const Schema& schema,
                              const QueueOptions& options);
  // One at an address. Errors: exists, those of Listener::create. Throws those of Owner.
  Result<Made> make_at(const Address& address, const Schema& schema, const QueueOptions& wished);
  // Where processes of this user on this host reach it from now on. Errors: those of
  // Listener::create.
  Result<Place> local_place(const std::shared_ptr<Owner>& owner);
  // A client that has come: has it served, or tells it why not.
  void receive(const std::shared_ptr<Site>& site, Connection connection);
  // It has ended: its name is free.
  void forget(const Owner& owner);

  Caretaker& caretaker() noexcept { return caretaker_; }
  // The owners end.
  void close();

  // What the address of a queue says. Errors: invalid_argument.
  static Result<Place> place_of(const Address& address);

 private:
  class Receiving;
  class Greeting;

  Result<std::shared_ptr<Site>> open_site(const Address& address, const ConnectOptions& options);
  void close_unused(const std::shared_ptr<Site>& site);
  static std::string place_name(const Address& address);

  RuntimeCore& runtime_;
  Caretaker caretaker_;

  std::mutex lock_;
  // Guarded by lock_.
  bool closed_ = false;
  std::vector<std::weak_ptr<Owner>> owners_;
  std::map<std::string, std::shared_ptr<Site>> sites_;  // by scheme, host and port
  std::shared_ptr<Site> local_;                         // of those that handles lead to
  std::uint64_t last_local_ = 0;
};

}  // namespace troupe::queue
