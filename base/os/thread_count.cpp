// SPDX-License-Identifier: Apache-2.0
#include "troupe/base/os/thread_count.hpp"

#include <sys/single_threaded.h>
#include <sys/stat.h>

namespace troupe::os {

std::size_t thread_count() noexcept {
  // A directory has a link from each directory in it, itself and its parent.
  struct stat tasks {};
  if (::stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2) {
    return tasks.st_nlink - 2;
  }
  return __libc_single_threaded != 0 ? 1 : 2;
}

}  // namespace troupe::os
