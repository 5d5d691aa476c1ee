// SPDX-License-Identifier: Apache-2.0
// Link: what the other node says, and what is done about it.
#include "troupe/runtime/actor/remote_error.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/link.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace troupe::node {
namespace {

// That the other side may have to actors here.
constexpr std::size_t kMostLines = std::size_t{1} << 20U;

std::size_t size_of(const Incoming& incoming) {
  std::size_t bytes = incoming.bytes.size();
  for (const DetachedBytes& part : incoming.detached) {
    bytes += part.bytes.size();
  }
  return bytes;
}

}  // namespace

Exit Link::read(const std::function<void(std::uint64_t number)>& watch) {
  const auto ended = [this](const std::string& why) {
    return Exit{.kind = Exit::Kind::unreachable, .what = "the link to " + text() + ": " + why};
  };
  const auto detection = Duration{static_cast<Duration::rep>(ours_.detection)};
  Incoming incoming;
  for (Instant heard = runtime_.clock().now();;) {
    const auto received = connection_->receive_message(incoming, Deadline{detection / 4});
    if (closing_.load()) {
      return ended("it was ended here");
    }
    if (!received && received.error() == Code::timed_out) {
      if (runtime_.clock().now() - heard >= detection) {
        return ended("no sign of life for " +
                     std::to_string(detection / std::chrono::milliseconds{1}) + " ms");
      }
      continue;
    }
    if (!received) {
      return ended(!farewell_.empty()                 ? farewell_
                   : received.error() == Code::closed ? "it has ended"
                                                      : received.error().what());
    }
    heard = runtime_.clock().now();
    received_.fetch_add(size_of(incoming), std::memory_order_relaxed);
    if (const auto read = read_frame(incoming, watch); !read) {
      runtime_.log().write(LogLevel::error,
                           text() + " said what is of no use: " + read.error().what());
      return ended(std::string{"what it said is of no use: "} + read.error().what());
    }
  }
}

Result<void> Link::read_frame(const Incoming& incoming,
                              const std::function<void(std::uint64_t number)>& watch) {
  DecodeLimits limits;
  limits.members = Members::prefix;
  Reader reader{incoming, limits};
  const auto kind = read_kind(reader);
  if (!kind) {
    return kind.error();
  }
  switch (*kind) {
    case LinkFrame::tell:
    case LinkFrame::ask:
      return read_message(*kind, reader, size_of(incoming));
    case LinkFrame::reply:
    case LinkFrame::error:
      return read_answer(*kind, reader);
    case LinkFrame::part:
      return read_part(reader, watch);
    case LinkFrame::down:
      return read_down(reader);
    case LinkFrame::bye: {
      auto why = reader.value<std::string>();
      farewell_ = why ? "it says: " + *why : "";
      return why ? Result<void>{} : why.error();
    }
    default:
      return read_control(*kind, reader, incoming.bytes.size(), watch);
  }
}

Result<void> Link::read_control(LinkFrame kind, Reader& reader, std::size_t bytes,
                                const std::function<void(std::uint64_t number)>& watch) {
  const auto number = reader.value<std::uint64_t>();
  if (!number) {
    return number.error();
  }
  switch (kind) {
    case LinkFrame::declare: {
      auto declared = reader.value<Declared>();
      return declared ? types_.declare(*number, *std::move(declared), bytes) : declared.error();
    }
    case LinkFrame::joined:
    case LinkFrame::left:
      return read_group(kind, *number, reader);
    case LinkFrame::watch:
      watch(*number);
      return {};
    case LinkFrame::stop:
      // What is of this node itself, others do not stop.
      if (const actor::Target its{runtime_.actors()->find(*number), *number};
          its.cell != nullptr && *number != ours_.service &&
          !actor::remote_messages_of(its).empty()) {
        actor::stop(its);
      }
      return {};
    case LinkFrame::credit:
      return read_credit(*number, reader);
    case LinkFrame::ping:
      post_number(LinkFrame::pong, *number);
      return {};
    case LinkFrame::pong: {
      const auto now =
          static_cast<std::uint64_t>(runtime_.clock().now().time_since_epoch().count());
      if (*number <= now) {  // else it is no ping of ours
        round_trip_.store(static_cast<Duration::rep>(now - *number));
      }
      return {};
    }
    default:
      return Error{Code::malformed, "a frame that has its time before the link begins"};
  }
}

Result<void> Link::read_group(LinkFrame kind, std::uint64_t member, Reader& reader) {
  const auto group = reader.value<std::string>();
  if (!group) {
    return group.error();
  }
  Groups& groups = runtime_.nodes()->groups();
  if (kind == LinkFrame::left) {
    groups.left_there(*this, member, *group);
    return {};
  }
  auto types = reader.value<std::vector<std::uint64_t>>();
  return types ? groups.joined_there(*this, member, *group, *std::move(types)) : types.error();
}

Result<void> Link::read_credit(std::uint64_t number, Reader& reader) {
  const auto done = reader.value<Done>();
  if (!done) {
    return done.error();
  }
  std::shared_ptr<Line> line;
  {
    const std::lock_guard lock{lock_};
    if (const auto found = lines_.find(number); found != lines_.end()) {
      line = found->second;
    }
  }
  if (line != nullptr) {
    line->take_back(*done);
  }
  return {};
}

Result<void> Link::read_message(LinkFrame kind, Reader& reader, std::size_t bytes) {
  const auto route = reader.value<Route>();
  if (!route) {
    return route.error();
  }
  if (entrances_.size() >= kMostLines && !entrances_.contains(route->line)) {
    return Error{Code::malformed, "it has more than 1048576 ways to actors"};
  }
  const std::shared_ptr<Entrance> its = entrance(*route);
  if (kind == LinkFrame::tell) {
    if (its != nullptr) {
      return its->tell(*route, reader, bytes);
    }
    runtime_.actors()->count(actor::Dropped::ended);
    return {};  // no credit: nobody sends there again
  }
  const auto ask = reader.value<std::uint64_t>();
  const auto left = reader.value<std::int64_t>();
  const auto chain = reader.value<std::uint64_t>();
  if (!ask || !left || !chain) {
    return reader.error();
  }
  if (its != nullptr) {
    return its->ask(*route, *ask, *left > 0 ? Deadline{Duration{*left}} : forever, reader, bytes);
  }
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::error);
  writer.natural(*ask);
  writer.value(actor::to_wire(Error{Code::closed, "the actor has ended"}));
  (void)writer.finish();
  outbox_->post(std::move(frame));
  return {};
}

// Null: it is no actor of ours, or one that has ended.
std::shared_ptr<Entrance> Link::entrance(const Route& route) {
  if (entrances_.size() >= forget_entrances_at_) {
    std::erase_if(entrances_, [this](const auto& each) {
      return runtime_.actors()->find(each.second->actor().number) == nullptr;
    });
    forget_entrances_at_ = std::max<std::size_t>(64, 2 * entrances_.size());
  }
  auto& its = entrances_[route.line];
  if (its == nullptr) {
    actor::Cell* const cell = runtime_.actors()->find(route.target);
    if (cell == nullptr) {
      entrances_.erase(route.line);
      return nullptr;
    }
    its = std::make_shared<Entrance>(shared_from_this(), actor::Target{cell, route.target},
                                     route.line);
  }
  return its;
}

Result<void> Link::read_answer(LinkFrame kind, Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  if (!number) {
    return number.error();
  }
  Ask ask{};
  {
    const std::lock_guard lock{lock_};
    if (const auto found = asks_.find(*number); found != asks_.end()) {
      ask = found->second;
      asks_.erase(found);
    }
  }
  if (ask.answer == nullptr) {
    return {};  // it was given up
  }
  if (kind == LinkFrame::reply) {
    ask.message->answer(*ask.answer, reader);
  } else {
    const auto error = reader.value<actor::RemoteError>();
    ask.answer->fail(error ? actor::from_wire(*error) : error.error());
  }
  return {};
}

Result<void> Link::read_part(Reader& reader,
                             const std::function<void(std::uint64_t number)>& watch) {
  const auto frame = large_.add(reader);
  if (!frame) {
    return frame.error();
  }
  if (!frame->has_value()) {
    return {};
  }
  const Incoming incoming{.bytes = **frame};
  const DecodeLimits limits;
  Reader its{incoming, limits};
  if (const auto kind = read_kind(its); !kind || *kind == LinkFrame::part) {
    return Error{Code::malformed, "the parts of a large message are no message"};
  }
  return read_frame(incoming, watch);
}

Result<void> Link::read_down(Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  auto name = reader.value<std::string>();
  auto exit = reader.value<Exit>();
  if (!number || !name || !exit) {
    return reader.error();
  }
  std::vector<std::shared_ptr<Line>> lines;
  {
    const std::lock_guard lock{lock_};
    const auto [first, last] = ways_.equal_range(*number);
    for (auto each = first; each != last; ++each) {
      lines_.erase(each->second->number());
      lines.push_back(std::move(each->second));
    }
    ways_.erase(first, last);
  }
  if (exit->who.empty()) {
    exit->who = *name;
  }
  exit->who += " on " + theirs_.node.name;
  for (const auto& line : lines) {
    line->close();
    runtime_.nodes()->line_ended(*line);
    actor::end_stand_in(line->stand_in(), *exit);
  }
  return {};
}

void Link::note_dropped(const Error& why) {
  runtime_.actors()->count(actor::Dropped::unhandled);
  if (!drop_said_.exchange(true)) {
    runtime_.log().write(LogLevel::warning, "a message from " + text() + " was dropped: " +
                                                why.what() + " (said once; stats() counts)");
  }
}

}  // namespace troupe::node
