// SPDX-License-Identifier: Apache-2.0
// What an Owner does about clients whose connections have broken: it keeps what they have until
// they come again, or have ended for certain, or for QueueOptions::connect.lost_after.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/owner.hpp"

#include <poll.h>

#include <algorithm>
#include <string>
#include <utility>

namespace troupe::queue {

// Null: it is not here.
std::unique_ptr<Session> Owner::take_out(std::uint64_t client) {
  for (auto* const sessions : {&sessions_, &away_}) {
    const auto found = std::ranges::find_if(*sessions, [client](const auto& session) {
      return client != 0 && session->client() == client && !session->over();
    });
    if (found != sessions->end()) {
      auto session = std::move(*found);
      sessions->erase(found);
      return session;
    }
  }
  return nullptr;
}

// Errors: lost.
Result<void> Owner::go_on_with(Arrival& arrival) {
  if (arrival.hello.queue != number_) {
    return Error{Code::lost, "the queue has been made anew"};
  }
  auto session = take_out(arrival.hello.client);
  if (session == nullptr) {
    return Error{Code::lost, "the client was away for too long (ConnectOptions::lost_after)"};
  }
  if (!session->is_away()) {
    session->leave(now_);  // its end of the old connection has broken first
  }
  if (!session->come_back(std::move(arrival.connection), welcome(), arrival.hello.heard, now_)) {
    session->end("it has read what it was not told", now_, false);
  }
  sessions_.push_back(std::move(session));
  return {};
}

void Owner::end_absences() {
  std::erase_if(away_, [this](const auto& session) {
    std::string why = session->fault();
    if (session->away_since() + options_.connect.lost_after <= now_) {
      why = "its connection broke, and it has not come again";
    }
    if (why.empty() && !session->process_has_ended()) {
      return false;
    }
    if (!why.empty()) {
      runtime_.log().write(LogLevel::warning, "a client of queue " + name_ + " is gone: " + why);
    }
    session->end("", now_, false);
    return true;
  });
}

void Owner::add_waits_for_away() {
  for (const auto& session : away_) {
    if (session->process() >= 0) {
      waits_.push_back({{session->process(), POLLIN}});
    }
  }
}

}  // namespace troupe::queue
