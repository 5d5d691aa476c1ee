// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/internal/program_starter.hpp"

#include "troupe/runtime/fiber/park.hpp"
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/fiber/waiter.hpp"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace troupe::process {

// Shared, since who fires or notifies still touches it when the caller goes on.
struct ProgramStarter::Order {
  const os::Program* program = nullptr;
  std::optional<Result<os::Cloned>> started;
  std::atomic<bool> done = false;  // publishes `started`
  fiber::Waiter waiter;            // of a fiber
};

struct ProgramStarter::Desk {
  std::mutex mutex;
  std::condition_variable news;
  std::deque<std::shared_ptr<Order>> orders;  // guarded by mutex
  bool closed = false;                        // guarded by mutex
};

void ProgramStarter::work(Desk& desk) {
  for (;;) {
    std::shared_ptr<Order> order;
    {
      std::unique_lock lock{desk.mutex};
      desk.news.wait(lock, [&] { return desk.closed || !desk.orders.empty(); });
      if (desk.orders.empty()) return;
      order = std::move(desk.orders.front());
      desk.orders.pop_front();
    }
    order->started.emplace(os::start_program(*order->program));
    order->done = true;
    order->done.notify_all();
    (void)order->waiter.fire();
  }
}

ProgramStarter::Desk& ProgramStarter::desk(RuntimeCore& runtime) {
  std::call_once(once_, [&] {
    auto made = std::make_shared<Desk>();
    runtime.executor().execute([made] { work(*made); });
    desk_ = std::move(made);
  });
  return *desk_;
}

Result<os::Cloned> ProgramStarter::start(RuntimeCore& runtime, const os::Program& program) {
  const bool fiber = on_fiber();
  if (!fiber && (!program.dies_with_thread || ::gettid() == ::getpid())) {
    return os::start_program(program);
  }
  auto order = std::make_shared<Order>();
  order->program = &program;
  try {
    Desk& desk = this->desk(runtime);
    {
      const std::lock_guard lock{desk.mutex};
      desk.orders.push_back(order);
    }
    desk.news.notify_one();
  } catch (const Error& error) {  // of a simulated node, which has no threads
    return error.within("start " + program.described);
  } catch (const std::system_error& error) {
    return Error::system("start " + program.described + ": make a thread for it",
                         error.code().value());
  }
  if (fiber) {
    (void)order->waiter.wait(runtime, forever);
  }
  // A stop wakes the fiber early: the few moments that are left it holds its worker.
  order->done.wait(false);
  return std::move(*order->started);
}

void ProgramStarter::close() {
  if (desk_ == nullptr) return;
  {
    const std::lock_guard lock{desk_->mutex};
    desk_->closed = true;
  }
  desk_->news.notify_one();
}

}  // namespace troupe::process
