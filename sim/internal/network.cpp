// SPDX-License-Identifier: Apache-2.0
#include "troupe/sim/internal/network.hpp"

#include "troupe/sim/internal/node.hpp"

#include <algorithm>

namespace troupe::sim {
namespace {

bool is_over(const std::shared_ptr<Wire>& wire) noexcept {
  return std::ranges::all_of(wire->ways, [](const Way& way) {
    return way.flights.empty() && (way.sender == nullptr || way.broken);
  });
}

void wake_receiver(Way& way) noexcept {
  if (way.awaited) {
    way.awaited = false;
    way.arrival.ring();
  }
}

}  // namespace

// ---- what transports do ------------------------------------------------------------------------

std::shared_ptr<Wire> Network::dial(Node& from, std::string to) {
  auto wire = std::make_shared<Wire>();
  wire->listener = std::move(to);
  Way& there = wire->ways[0];
  Way& back = wire->ways[1];
  there.from = back.to = from.name();
  there.to = back.from = wire->listener.substr(0, wire->listener.find('/'));
  there.sender = back.receiver = &from;
  there.is_cut = weather_.is_cut(there.from, there.to);
  back.is_cut = weather_.is_cut(back.from, back.to);
  weather_.note(from, "dials sim:" + wire->listener);
  wires_.push_back(wire);
  post(there, Flight::Kind::dial);
  return wire;
}

bool Network::listen(Node& node, const std::string& name, const std::shared_ptr<Backlog>& backlog) {
  if (!listeners_.try_emplace(name, backlog).second) {
    return false;
  }
  weather_.note(node, "listens at sim:" + name);
  return true;
}

void Network::unlisten(const std::string& name, Backlog& backlog) {
  if (const auto found = listeners_.find(name);
      found != listeners_.end() && found->second.get() == &backlog) {
    listeners_.erase(found);
  }
  for (const auto& wire : std::exchange(backlog.waiting, {})) {
    close(*wire, 1);
  }
}

void Network::send(Wire& wire, std::size_t side, Bytes frame) {
  Way& way = wire.ways[side];
  way.bytes += frame.size() + 1;
  if (!weather_.is_lost(way.from, way.to)) {
    post(way, Flight::Kind::frame, std::move(frame));
    return;
  }
  weather_.note(*way.sender, "loses its connection to " + way.to);
  post(way, Flight::Kind::reset);
  post(wire.ways[1 - side], Flight::Kind::reset);
}

Bytes Network::take(Wire& wire, std::size_t side) {
  Way& way = wire.ways[1 - side];
  Bytes frame = std::move(way.arrived.front());
  way.arrived.pop_front();
  way.bytes -= frame.size() + 1;
  if (way.refused && way.bytes <= Way::kRoom / 2) {
    way.refused = false;
    way.room.ring();
  }
  return frame;
}

void Network::close(Wire& wire, std::size_t side) {
  Way& out = wire.ways[side];
  Way& in = wire.ways[1 - side];
  if (out.sender != nullptr) {
    weather_.note(*out.sender, "closes its connection to " + out.to);
    // What was not read is told to who has sent it.
    post(out, in.arrived.empty() ? Flight::Kind::end : Flight::Kind::reset);
  }
  out.sender = nullptr;
  in.receiver = nullptr;
  in.arrived.clear();
}

// ---- what the World does -----------------------------------------------------------------------

void Network::post(Way& way, Flight::Kind kind, Bytes bytes) {
  const Instant now = weather_.now();
  way.last = std::max(way.last, now + weather_.delay(way.from, way.to));
  if (kind == Flight::Kind::frame) {
    weather_.note(*way.sender, "sends " + std::to_string(bytes.size()) + " bytes to " + way.to +
                                   ", for " + std::to_string((way.last - now).count()) +
                                   " ns later");
  }
  way.flights.push_back({kind, way.last, std::move(bytes)});
}

Instant Network::next() const noexcept {
  Instant next = Instant::max();
  for (const auto& wire : wires_) {
    for (const Way& way : wire->ways) {
      if (!way.is_cut && !way.flights.empty()) {
        next = std::min(next, way.flights.front().when);
      }
    }
  }
  return next;
}

bool Network::deliver_due() {
  const Instant now = weather_.now();
  bool any = false;
  bool is_any_over = false;
  // What arrives sends, and does not dial.
  for (const auto& wire : wires_) {
    for (const std::size_t side : {0U, 1U}) {
      Way& way = wire->ways[side];
      while (!way.is_cut && !way.flights.empty() && way.flights.front().when <= now) {
        deliver(wire, side);
        any = true;
      }
    }
    is_any_over = is_any_over || is_over(wire);
  }
  if (is_any_over) {
    std::erase_if(wires_, is_over);
  }
  return any;
}

void Network::deliver(const std::shared_ptr<Wire>& wire, std::size_t side) {
  Way& way = wire->ways[side];
  Flight flight = std::move(way.flights.front());
  way.flights.pop_front();
  if (way.state != Way::State::dialing && way.state != Way::State::open) {
    return;
  }
  switch (flight.kind) {
    case Flight::Kind::dial:
      answer_dial(wire);
      break;
    case Flight::Kind::accept:
      way.state = Way::State::open;
      wake_receiver(way);
      break;
    case Flight::Kind::refuse:
      end(way, Way::State::refused);
      break;
    case Flight::Kind::frame:
      if (way.receiver == nullptr) {
        post(wire->ways[1 - side], Flight::Kind::reset);
        break;
      }
      way.arrived.push_back(std::move(flight.bytes));
      wake_receiver(way);
      break;
    case Flight::Kind::end:
      end(way, Way::State::ended);
      break;
    case Flight::Kind::reset: {
      end(way, Way::State::reset);
      Way& back = wire->ways[1 - side];
      back.broken = true;
      back.room.ring();
      break;
    }
  }
}

void Network::answer_dial(const std::shared_ptr<Wire>& wire) {
  Way& there = wire->ways[0];
  Way& back = wire->ways[1];
  const auto listener = listeners_.find(wire->listener);
  if (listener == listeners_.end()) {
    there.state = Way::State::refused;
    post(back, Flight::Kind::refuse);
    return;
  }
  Backlog& backlog = *listener->second;
  there.state = Way::State::open;
  there.receiver = back.sender = backlog.node;
  post(back, Flight::Kind::accept);
  backlog.waiting.push_back(wire);
  backlog.arrival.ring();
}

void Network::end(Way& way, Way::State state) {
  way.state = state;
  wake_receiver(way);
}

void Network::set_cut(std::string_view from, std::string_view to, bool is_cut) {
  for (const auto& wire : wires_) {
    for (Way& way : wire->ways) {
      if (way.from != from || way.to != to || way.is_cut == is_cut) {
        continue;
      }
      way.is_cut = is_cut;
      if (!is_cut) {
        // What has stood still is sent again.
        for (Instant last{}; Flight & each : way.flights) {
          last = std::max({last, each.when, weather_.now() + weather_.delay(way.from, way.to)});
          each.when = way.last = last;
        }
      }
    }
  }
}

void Network::crash(const Node& node) {
  std::erase_if(listeners_, [&](const auto& each) { return each.second->node == &node; });
  for (const auto& wire : wires_) {
    for (const std::size_t side : {0U, 1U}) {
      Way& out = wire->ways[side];
      if (out.sender == &node) {
        post(out, weather_.toss() ? Flight::Kind::end : Flight::Kind::reset);
        out.sender = nullptr;
        wire->ways[1 - side].receiver = nullptr;
        wire->ways[1 - side].arrived.clear();
      }
    }
  }
}

}  // namespace troupe::sim
