// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/queue/internal/owner.hpp"

#include "troupe/runtime/actor/spawn.hpp"
#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/registry.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>
#include <thread>
#include <utility>

namespace troupe::queue {
namespace {

// While some clients are busy, so often the others are looked at.
constexpr unsigned kLookAtAllEvery = 8;

QueueOptions for_dead(const QueueOptions& options) {
  QueueOptions dead = options;
  dead.when_full = WhenFull::drop_oldest;
  dead.deliveries = std::numeric_limits<std::uint32_t>::max();
  return dead;
}

UniqueFd bell() {
  UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!fd) {
    throw Error::system("make a queue: eventfd", errno);
  }
  return fd;
}

}  // namespace

QueueOptions Owner::checked(const QueueOptions& options) {
  if (options.capacity == 0 || options.capacity_bytes == 0 || options.deliveries == 0 ||
      options.max_hold <= Duration::zero() || options.retry_delay < Duration::zero()) {
    throw Error{Code::invalid_argument,
                "make a queue: capacity, capacity_bytes, deliveries and max_hold are to be more "
                "than nothing, and retry_delay not less"};
  }
  if (options.sync && options.durable.empty()) {
    throw Error{Code::invalid_argument,
                "make a queue: sync is for a durable one, which names its path, too"};
  }
  return options;
}

// Runs it, as an actor with a thread of its own.
class Owner::Serving final {
 public:
  explicit Serving(std::shared_ptr<Owner> owner) : owner_(std::move(owner)) {}

  void started(Context& context) {
    owner_->run();
    context.stop();
  }

 private:
  const std::shared_ptr<Owner> owner_;
};

Owner::Owner(RuntimeCore& runtime, std::string name, Schema schema, const QueueOptions& options)
    : runtime_(runtime),
      name_(std::move(name)),
      options_(checked(options)),
      archive_(Archive::open(options_, schema, runtime.random())),
      number_(archive_ != nullptr ? archive_->number() : runtime.random().next() | 1U),
      bell_(bell()),
      schema_(std::move(schema)),
      items_(options_, archive_ != nullptr ? archive_->items() : nullptr),
      dead_(for_dead(options_), archive_ != nullptr ? archive_->dead() : nullptr) {
  if (archive_ != nullptr) {
    archive_->restore(items_, dead_, runtime_.clock().now());
  }
}

Owner::~Owner() = default;

void Owner::start() {
  ActorOptions options;
  options.name = "queue " + name_;
  options.placement = Placement::thread;
  options.handler_limit = std::chrono::hours{24 * 365};
  (void)actor::spawn<Serving>(runtime_, &options, nullptr, shared_from_this());
}

void Owner::adopt(Connection connection, const Hello& hello, bool here) {
  {
    const std::lock_guard lock{lock_};
    if (!gone_) {
      arrivals_.push_back({std::move(connection), hello, here});
      ++arrived_;
    }
  }
  ring();
}

void Owner::end() noexcept {
  over_.store(true);
  ring();
}

void Owner::let_go() noexcept {
  held_.store(false);
  ring();
}

// No handle is left here, nobody elsewhere uses one, and none is on its way.
bool Owner::is_forsaken() {
  if (held_.load() || !sessions_.empty() || !away_.empty()) {
    return false;
  }
  const std::lock_guard lock{lock_};
  return arrivals_.empty() && arrived_ >= given_out_.load();
}

void Owner::ring() noexcept {
  const std::uint64_t one = 1;
  TROUPE_CHECK(::write(bell_.get(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

// ---- its thread --------------------------------------------------------------------------------

void Owner::run() {
  overdue_at_ = runtime_.clock().now();
  while (!over_.load() && !runtime_.stopping()) {
    now_ = runtime_.clock().now();
    take_arrivals();
    bool busy = serve_all();
    end_absences();
    end_overdue();
    bury_dead();
    write_down();
    serve_desks();
    for (const auto& session : sessions_) {
      session->end_untake();
      busy |= session->flush(is_written());
    }
    remove_ended();
    busy |= archive_ != nullptr && archive_->wants_commit();
    if (is_forsaken() || (!busy && !wait())) {
      break;  // or the runtime stops
    }
  }
  over_.store(true);
  if (archive_ != nullptr) {
    (void)look();
    archive_->commit(items_, dead_, now_);
  }
  std::vector<Arrival> late;
  {
    const std::lock_guard lock{lock_};
    gone_ = true;
    late = std::exchange(arrivals_, {});
  }
  for (const auto& session : sessions_) {
    session->say_gone(is_written());
  }
  sessions_.clear();
  away_.clear();
  runtime_.queues()->forget(*this);
}

void Owner::take_arrivals() {
  std::vector<Arrival> arrived;
  {
    const std::lock_guard lock{lock_};
    arrived = std::exchange(arrivals_, {});
  }
  for (Arrival& each : arrived) {
    if (const auto fine = receive(each); !fine) {
      Encoded frame;
      Writer writer{frame};
      begin(writer, Frame::refused);
      writer.natural(static_cast<std::uint64_t>(fine.error().code()));
      writer.text(fine.error().what());
      (void)each.connection.offer_message(frame, Deadline::at_once());
    }
  }
}

Welcome Owner::welcome() const {
  return {.version = kVersion,
          .queue = number_,
          .capacity = options_.capacity,
          .capacity_bytes = options_.capacity_bytes,
          .retry_delay = options_.retry_delay.count(),
          .keeps = options_.connect.lost_after.count(),
          .pids = this_pids(runtime_),
          .pid = static_cast<std::uint64_t>(::getpid())};
}

// Errors: those of check, lost.
Result<void> Owner::receive(Arrival& arrival) {
  const Hello& hello = arrival.hello;
  if (auto fine = check(hello); !fine) {
    return fine;
  }
  if (hello.client != 0 && hello.queue != 0) {
    return go_on_with(arrival);
  }
  if (const auto before = take_out(hello.client); before != nullptr) {
    before->end("", now_, true);  // it has not heard its welcome
  }
  auto session = std::make_unique<Session>(
      std::move(arrival.connection), hello.dead ? dead_ : items_, hello.client,
      hello.client != 0 ? process_of(runtime_, hello.pids, hello.pid) : UniqueFd{}, arrival.here);
  session->welcome(welcome());
  session->hot = true;
  if (!is_written()) {
    session->tell_unwritten(archive_->failure());
  }
  sessions_.push_back(std::move(session));
  return {};
}

// Errors: refused.
Result<void> Owner::check(const Hello& hello) const {
  if (hello.version != kVersion) {
    return Error{Code::refused, "it speaks version " + std::to_string(hello.version) +
                                    " of the queue protocol, this owner version " +
                                    std::to_string(kVersion) + ": update the older one"};
  }
  if (hello.dead || hello.schema.name.empty() || schema_.name.empty()) {
    return {};
  }
  return compatible(schema_, hello.schema);
}

bool Owner::serve_all() {
  const bool all = ++turns_ % kLookAtAllEvery == 0;
  bool busy = false;
  for (const auto& session : sessions_) {
    if (session->hot || session->is_direct() || all) {
      busy |= session->receive(now_);
    }
  }
  return busy;
}

void Owner::remove_ended() {
  std::erase_if(sessions_, [this](const auto& session) {
    if (!session->over() && !session->fault().empty()) {
      session->end(session->fault(), now_, false);
    }
    if (session->over() && !session->fault().empty()) {
      runtime_.log().write(LogLevel::warning,
                           "a client of queue " + name_ + " is gone: " + session->fault());
    }
    return session->over();
  });
  const auto left = std::stable_partition(sessions_.begin(), sessions_.end(),
                                          [](const auto& session) { return !session->is_away(); });
  std::move(left, sessions_.end(), std::back_inserter(away_));
  sessions_.erase(left, sessions_.end());
}

// ---- waiting -----------------------------------------------------------------------------------

bool Owner::look() {
  bool any = false;
  for (const auto& session : sessions_) {
    any |= session->receive(now_);
  }
  return any;
}

Instant Owner::next_deadline() const {
  Instant next = std::min(items_.patience_ends, dead_.patience_ends);
  for (const Desk* const desk : {&items_, &dead_}) {
    const Instant ready = desk->ledger.next_ready();
    if (ready > now_) {  // else it waits for who takes it
      next = std::min(next, ready);
    }
  }
  const auto has_work = [](const auto& session) { return session->holder().in_work() > 0; };
  if (std::ranges::any_of(sessions_, has_work) || std::ranges::any_of(away_, has_work)) {
    next = std::min(next, overdue_at_);
  }
  for (const auto& session : away_) {
    next = std::min(next, session->away_since() + options_.connect.lost_after);
  }
  if (archive_ != nullptr) {
    next = std::min(next, archive_->retry_at());
  }
  return next;
}

// Errors: cancelled (the runtime stops).
Result<void> Owner::wait() {
  // Where its clients want all the CPUs, polling keeps from them what it waits for.
  static const std::size_t cpus = std::thread::hardware_concurrency();  // asks the system
  const bool has_cpu = sessions_.size() < cpus;
  if (runtime_.may_spin() && !sessions_.empty() && has_cpu && spin_.worth_it()) {
    const bool found = spin_.poll([this] {
      pause_cpu();
      return over_.load() || look();
    });
    if (found) {
      return {};
    }
  }
  waits_.clear();
  waits_.push_back({{bell_.get(), POLLIN}});
  bool something = false;
  for (const auto& session : sessions_) {
    something |= session->arm();
    waits_.push_back({session->readable()});
  }
  if (something) {
    for (const auto& session : sessions_) {
      session->hot = true;
    }
    return {};
  }
  for (const auto& session : sessions_) {
    if (const auto writable = session->writable()) {
      waits_.push_back({*writable});
    }
  }
  add_waits_for_away();
  auto waited = park(runtime_, waits_, Deadline{next_deadline()});
  if (!waited && waited.error() != Code::timed_out) {
    return waited;
  }
  if (waits_.front().ready) {
    std::uint64_t rung = 0;
    (void)!::read(bell_.get(), &rung, sizeof rung);
  }
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    sessions_[i]->hot = sessions_[i]->hot || waits_[i + 1].ready;
  }
  return {};
}

}  // namespace troupe::queue
