// SPDX-License-Identifier: Apache-2.0
#pragma once

// TROUPE_THREAD_SANITIZER is defined in builds with that sanitizer. It keeps threads and locks of
// its own, so a copy of the process must be announced to it, and what borrows the process's memory
// hidden from it.

#if defined(__SANITIZE_THREAD__)
#define TROUPE_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TROUPE_THREAD_SANITIZER
#endif
#endif
