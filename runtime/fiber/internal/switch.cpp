// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/internal/switch.hpp"

#include "troupe/base/check.hpp"
#include "troupe/base/os/thread_sanitizer.hpp"

#include <boost/context/detail/fcontext.hpp>
#include <cxxabi.h>
#include <pthread.h>

#include <cerrno>
#include <utility>

// TROUPE_ADDRESS_SANITIZER: it must know which stack is in use.
#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_ADDRESS_SANITIZER
#endif
#endif

#if defined(TROUPE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(TROUPE_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

namespace troupe::fiber {
namespace {

namespace context = boost::context::detail;

// The Itanium C++ ABI's __cxa_eh_globals, which its headers leave open.
struct ExceptionGlobals {
  void* caught;
  unsigned uncaught;
};

// What belongs to the thread, wherever it runs.
struct Here {
  Stack* running = nullptr;
  ExceptionGlobals* exceptions = nullptr;
  int* error = nullptr;
};

[[gnu::tls_model("initial-exec")]] thread_local Here here;

// What a fresh stack begins with. It lies on the stack that was left.
struct Beginning {
  Stack& from;
  Stack& fresh;
  void (*entry)(void*);
  void* argument;
};

// The caller leaves `from`: keeps what is the thread's and not the stack's.
inline void leave(Stack& from) noexcept {
  const Here& thread = here;
  TROUPE_CHECK(thread.running == (from.is_pooled() ? &from : nullptr));
  from.check_canary();
  from.suspended.caught_exceptions = thread.exceptions->caught;
  from.suspended.uncaught_exceptions = thread.exceptions->uncaught;
  from.suspended.error = *thread.error;
}

// The caller has come to `to` from the stack `left`. Never inlined: the thread may be another one
// than before the switch, and compilers take its addresses for constant in a function.
[[gnu::noinline]] void arrive(Stack& to, Stack& left, void* left_context) noexcept {
#if defined(TROUPE_ADDRESS_SANITIZER)
  __sanitizer_finish_switch_fiber(to.suspended.asan_frames, nullptr, nullptr);
#endif
  left.suspended.context = left_context;
  Here& thread = here;
  thread.running = to.is_pooled() ? &to : nullptr;
  thread.exceptions->caught = to.suspended.caught_exceptions;
  thread.exceptions->uncaught = to.suspended.uncaught_exceptions;
  *thread.error = to.suspended.error;
}

// To be inlined: the thread sanitizer follows calls and returns on each side by itself.
[[gnu::always_inline]] inline void announce([[maybe_unused]] Stack& from,
                                            [[maybe_unused]] Stack& to) noexcept {
#if defined(TROUPE_ADDRESS_SANITIZER)
  __sanitizer_start_switch_fiber(&from.suspended.asan_frames, to.bottom(),
                                 static_cast<std::size_t>(to.top() - to.bottom()));
#endif
#if defined(TROUPE_THREAD_SANITIZER)
  __tsan_switch_to_fiber(to.suspended.tsan_fiber, 0);
#endif
}

void begin(context::transfer_t came) noexcept {
  const Beginning beginning = *static_cast<const Beginning*>(came.data);
  arrive(beginning.fresh, beginning.from, came.fctx);
#if defined(TROUPE_ADDRESS_SANITIZER)
  __asan_handle_no_return();  // frames of what ran here before are free
#endif
  beginning.entry(beginning.argument);
  check_failed("a computation ends by a switch to another", __FILE__, __LINE__);
}

}  // namespace

void switch_to(Stack& from, Stack& to) noexcept {
  leave(from);
  void* const goes_on = to.suspended.context;
  announce(from, to);
  const context::transfer_t came = context::jump_fcontext(goes_on, &from);
  arrive(from, *static_cast<Stack*>(came.data), came.fctx);
}

void start(Stack& from, Stack& fresh, void (*entry)(void*), void* argument) noexcept {
  leave(from);
  const auto size = static_cast<std::size_t>(fresh.top() - fresh.bottom());
#if defined(TROUPE_ADDRESS_SANITIZER)
  __asan_unpoison_memory_region(fresh.bottom(), size);
#endif
#if defined(TROUPE_THREAD_SANITIZER)
  // Calls that never returned stay with a fiber: what begins anew has a new one.
  if (fresh.suspended.tsan_fiber != nullptr) {
    __tsan_destroy_fiber(fresh.suspended.tsan_fiber);
  }
  fresh.suspended.tsan_fiber = __tsan_create_fiber(0);
#endif
  fresh.suspended.caught_exceptions = nullptr;
  fresh.suspended.uncaught_exceptions = 0;
  fresh.suspended.error = 0;
  Beginning beginning{from, fresh, entry, argument};
  const context::fcontext_t context = context::make_fcontext(fresh.top(), size, begin);
  announce(from, fresh);
  const context::transfer_t came = context::jump_fcontext(context, &beginning);
  arrive(from, *static_cast<Stack*>(came.data), came.fctx);
}

[[gnu::noinline]] Stack* running() noexcept {
  return here.running;
}

void forget([[maybe_unused]] Stack& stack) noexcept {
#if defined(TROUPE_ADDRESS_SANITIZER)
  if (void* const frames = std::exchange(stack.suspended.asan_frames, nullptr); frames != nullptr) {
    // Only the stack in use can be left for good: told, but not done.
    void* own = nullptr;
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_start_switch_fiber(&own, stack.bottom(),
                                   static_cast<std::size_t>(stack.top() - stack.bottom()));
    __sanitizer_finish_switch_fiber(frames, &bottom, &size);
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
    __sanitizer_finish_switch_fiber(own, nullptr, nullptr);
  }
  __asan_unpoison_memory_region(stack.bottom(),
                                static_cast<std::size_t>(stack.top() - stack.bottom()));
#endif
#if defined(TROUPE_THREAD_SANITIZER)
  if (void* const fiber = std::exchange(stack.suspended.tsan_fiber, nullptr); fiber != nullptr) {
    __tsan_destroy_fiber(fiber);
  }
#endif
}

struct ThreadStack::Bounds {
  Bounds() noexcept {
    pthread_attr_t attributes;
    TROUPE_CHECK(::pthread_getattr_np(::pthread_self(), &attributes) == 0);
    ::pthread_attr_getstack(&attributes, &bottom, &size);
    ::pthread_attr_destroy(&attributes);
  }

  void* bottom = nullptr;
  std::size_t size = 0;
};

ThreadStack::ThreadStack() : ThreadStack(Bounds{}) {}

ThreadStack::ThreadStack(const Bounds& bounds)
    : stack_(static_cast<std::byte*>(bounds.bottom),
             static_cast<std::byte*>(bounds.bottom) + bounds.size, StackGuard::none) {
  here.exceptions = reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
  here.error = &errno;
#if defined(TROUPE_THREAD_SANITIZER)
  stack_.suspended.tsan_fiber = __tsan_get_current_fiber();
#endif
}

}  // namespace troupe::fiber
