// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/node/reporter.hpp"

#include "troupe/base/os/masked_thread.hpp"
#include "troupe/runtime/actor/open_metrics.hpp"
#include "troupe/runtime/actor/system.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/node/internal/http_endpoint.hpp"
#include "troupe/runtime/node/internal/hub.hpp"
#include "troupe/runtime/node/internal/inspection_socket.hpp"
#include "troupe/runtime/process/function_id.hpp"
#include "troupe/runtime/process/this_process.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

namespace troupe::node {
namespace {

UniqueFd make_wake_fd() {
  UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!fd) {
    throw Error::system("make a Runtime: eventfd", errno);
  }
  return fd;
}

// Of the object that holds this library: the program, since it is linked statically.
std::string own_build_id() {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): a function of any type
  const auto own = identify(reinterpret_cast<AnyFunction>(&own_build_id));
  std::string text;
  if (own) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::byte each : own->build_id) {
      text += kDigits[std::to_integer<unsigned>(each) >> 4U];
      text += kDigits[std::to_integer<unsigned>(each) & 15U];
    }
  }
  return text;
}

// Names are the program's and may have any length; what is told has not.
void shorten(std::string& text) {
  constexpr std::size_t kMost = 200;
  if (text.size() > kMost) {
    text.resize(kMost);
  }
}

int milliseconds_until(Deadline until) {
  if (until.is_never()) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.left()).count();
  return static_cast<int>(std::min<std::int64_t>(left, INT_MAX));
}

}  // namespace

Reporter::Reporter(RuntimeCore& runtime, std::string name, const Address& metrics)
    : runtime_(runtime),
      name_(std::move(name)),
      began_(runtime.clock().now()),
      wake_(make_wake_fd()) {
  if (!metrics.empty()) {
    http_ = HttpEndpoint::listen(metrics, [this](std::string_view path) {
              return answer(path);
            }).value();
    const std::lock_guard lock{mutex_};
    start();
  }
}

Reporter::~Reporter() {
  ending_.store(true);
  wake();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Reporter::open_inspection() noexcept {
  try {
    auto socket = InspectionSocket::open([this](Detail detail) { return report(detail); });
    if (!socket) {
      runtime_.log().write(LogLevel::info, "troupe ps will not find runtime '" + name_ +
                                               "': " + socket.error().what());
      return;
    }
    const std::lock_guard lock{mutex_};
    opened_ = std::move(*socket);
    start();
    wake();
  } catch (const std::exception& error) {
    runtime_.log().write(LogLevel::info, "troupe ps will not find runtime '" + name_ +
                                             "': " + std::string{error.what()});
  }
}

Address Reporter::metrics_address() const {
  return http_ != nullptr ? http_->address() : Address{};
}

void Reporter::start() {
  if (!thread_.joinable()) {
    thread_ = os::masked_thread("troupe-report", [this] { run(); });
  }
}

void Reporter::wake() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one));  // full: it is awake
}

void Reporter::run() {
  std::unique_ptr<InspectionSocket> inspection;
  std::vector<pollfd> waits;
  while (!ending_.load()) {
    if (inspection == nullptr && (inspection = take_opened()) != nullptr &&
        !this_process::parent()) {  // once for a tree of processes
      inspection->clean_up();
    }
    waits.assign(1, {wake_.get(), POLLIN, 0});
    Deadline until = forever;
    if (inspection != nullptr) {
      inspection->add_waits(waits);
      until = earlier(until, inspection->next());
    }
    if (http_ != nullptr) {
      http_->add_waits(waits);
      until = earlier(until, http_->next());
    }
    ::poll(waits.data(), waits.size(), milliseconds_until(until));
    std::uint64_t count = 0;
    static_cast<void>(::read(wake_.get(), &count, sizeof count));
    if (inspection != nullptr) {
      inspection->serve();
    }
    if (http_ != nullptr) {
      http_->serve();
    }
  }
}

std::unique_ptr<InspectionSocket> Reporter::take_opened() {
  const std::lock_guard lock{mutex_};
  return std::move(opened_);
}

ProgramReport Reporter::report(Detail detail) const {
  ProgramReport report;
  report.program = program_invocation_short_name;
  report.name = name_;
  report.pid = ::getpid();
  report.parent = this_process::parent().value_or(0);
  report.uptime = runtime_.clock().now() - began_;
  report.version = TROUPE_VERSION;
  report.build_id = own_build_id();
  report.stopping = runtime_.stopping();
  for (const pid_t child : this_process::children()) {
    report.children.push_back(child);
  }
  report.metrics = metrics_address().text();
  report.stats = runtime_.actors()->stats(detail == Detail::actors ? kMostRows : 0);
  for (ActorStats& actor : report.stats.actors) {
    for (std::string* const text : {&actor.name, &actor.type, &actor.handler, &actor.waits_for}) {
      shorten(*text);
    }
  }
  if (runtime_.nodes() != nullptr) {
    report.links = runtime_.nodes()->link_reports();
    for (LinkReport& link : report.links) {
      shorten(link.node);
    }
  }
  return report;
}

HttpAnswer Reporter::answer(std::string_view path) const {
  if (path == "/metrics") {
    return {.type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
            .body = runtime_.actors()->open_metrics()};
  }
  if (path == "/livez") {
    return {.body = "alive\n"};
  }
  if (path == "/readyz") {
    return runtime_.stopping() ? HttpAnswer{.status = 503, .body = "stopping\n"}
           : ready_.load()
               ? HttpAnswer{.body = "ready\n"}
               : HttpAnswer{.status = 503, .body = "not ready: no Runtime::set_ready(true) yet\n"};
  }
  return {.status = 404, .body = "there are /metrics, /livez and /readyz\n"};
}

}  // namespace troupe::node
