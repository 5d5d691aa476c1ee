// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/internal/link.hpp"

#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/hub.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace troupe::node {

Link::Link(RuntimeCore& runtime, Connection connection, Hello ours, Hello theirs)
    : runtime_(runtime),
      ours_(std::move(ours)),
      theirs_(std::move(theirs)),
      connection_(std::make_shared<Connection>(std::move(connection))),
      peer_(connection_->peer()),
      outbox_(std::make_shared<Outbox>(runtime, connection_)),
      types_(ours_.build == theirs_.build) {}

std::string Link::text() const {
  const NodeInfo& node = theirs_.node;
  return "node " + node.name + " (" +
         (node.address.empty() ? "pid " + std::to_string(node.pid) : node.address) + ")";
}

LinkReport Link::report() {
  LinkReport its{.node = theirs_.node.name,
                 .over = peer_.text(),
                 .pid = theirs_.node.pid,
                 .sent = outbox_->sent(),
                 .received = received_.load(std::memory_order_relaxed),
                 .queued = outbox_->queued(),
                 .round_trip = round_trip()};
  const std::lock_guard lock{lock_};
  its.lines = lines_.size();
  for (const auto& [number, line] : lines_) {
    const Done out = line->out();
    its.messages_out += out.messages;
    its.bytes_out += out.bytes;
  }
  return its;
}

// ---- to the other node -------------------------------------------------------------------------

Result<actor::Target> Link::reach(std::uint64_t number, actor::RemoteMessages known) {
  const std::lock_guard lock{lock_};
  if (closed_) {
    return Error{Code::disconnected, "reach an actor on " + text() + ": the link has ended"};
  }
  if (const auto found = ways_.find(number); found != ways_.end()) {
    found->second->learn(known);
    return found->second->stand_in();
  }
  const auto line = runtime_.nodes()->new_line(
      {theirs_.node.id, theirs_.node.epoch, number, theirs_.node.address}, known);
  add(line);
  return line->stand_in();
}

void Link::adopt(const std::shared_ptr<Line>& line) {
  {
    const std::lock_guard lock{lock_};
    if (!closed_) {
      add(line);
      return;
    }
  }
  line->close();
  runtime_.nodes()->line_ended(*line);
  actor::end_stand_in(line->stand_in(), {.kind = Exit::Kind::unreachable,
                                         .what = "the link to " + text() + " has just ended"});
}

void Link::add(const std::shared_ptr<Line>& line) {
  const std::uint64_t actor = line->address().number;
  line->connect(shared_from_this(), ++last_line_);
  lines_.emplace(last_line_, line);
  if (!ways_.contains(actor)) {
    post_number(LinkFrame::watch, actor);
  }
  ways_.emplace(actor, line);
}

std::uint64_t Link::declare(const actor::RemoteMessage& message) {
  std::uint64_t number = 0;
  if (types_.number(message, number)) {
    Encoded frame;
    Writer writer{frame};
    begin(writer, LinkFrame::declare);
    writer.natural(number);
    writer.value(Declared{message.schema(), message.reply_schema()});
    (void)writer.finish();
    outbox_->post_control(std::move(frame));
  }
  return number;
}

bool Link::expect(std::uint64_t ask, actor::AnswerBase& answer,
                  const actor::RemoteMessage& message) {
  std::vector<actor::AnswerBase*> given_up;
  bool ended = false;
  {
    const std::lock_guard lock{lock_};
    ended = closed_;
    if (!ended) {
      asks_.emplace(ask, Ask{&answer, &message});
    }
    if (asks_.size() >= forget_at_) {
      std::erase_if(asks_, [&](const auto& each) {
        const bool unwanted = each.second.answer->unwanted();
        if (unwanted) {
          given_up.push_back(each.second.answer);
        }
        return unwanted;
      });
      forget_at_ = std::max<std::size_t>(64, 2 * asks_.size());
    }
  }
  for (actor::AnswerBase* const each : given_up) {
    each->fail(Error{Code::cancelled, "the ask was given up"});
  }
  if (ended) {
    answer.fail(Error{Code::disconnected, "ask on " + text() + ": the link has ended"});
  }
  return !ended;
}

void Link::post_number(LinkFrame kind, std::uint64_t number) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, kind);
  writer.natural(number);
  (void)writer.finish();
  outbox_->post_control(std::move(frame));
}

void Link::tell_down(std::uint64_t number, const std::string& name, const Exit& exit) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::down);
  writer.natural(number);
  writer.value(name);
  writer.value(exit);
  (void)writer.finish();
  outbox_->post(std::move(frame));
}

void Link::ping() {
  post_number(LinkFrame::ping,
              static_cast<std::uint64_t>(runtime_.clock().now().time_since_epoch().count()));
}

// ---- its end -----------------------------------------------------------------------------------

void Link::end(const Exit& reason) {
  std::unordered_map<std::uint64_t, std::shared_ptr<Line>> lines;
  std::unordered_map<std::uint64_t, Ask> asks;
  {
    const std::lock_guard lock{lock_};
    closed_ = true;
    lines = std::exchange(lines_, {});
    ways_.clear();
    asks = std::exchange(asks_, {});
  }
  ended_.store(true);
  entrances_.clear();  // each has this
  outbox_->close();
  for (const auto& [number, ask] : asks) {
    ask.answer->fail(Error{Code::disconnected,
                           "ask with " + std::string{ask.message->type->name} + ": " + reason.what,
                           Effect::unknown});
  }
  for (const auto& [number, line] : lines) {
    line->close();
    runtime_.nodes()->line_ended(*line);
    actor::end_stand_in(line->stand_in(), reason);
  }
}

void Link::close(const std::string& why) {
  Encoded frame;
  Writer writer{frame};
  begin(writer, LinkFrame::bye);
  writer.value(why);
  (void)writer.finish();
  outbox_->post_control(std::move(frame));
  outbox_->seal();  // who hears that it ends is told nothing that came to be after
  outbox_->flush(Deadline{std::chrono::milliseconds{100}});
  closing_.store(true);
  outbox_->stop_reading();
}

}  // namespace troupe::node
