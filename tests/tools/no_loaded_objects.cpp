// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program: it sees no shared library, so for it libzmq is without libsodium.

#include <cstddef>

struct dl_phdr_info;

extern "C" int dl_iterate_phdr(int (* /*visit*/)(dl_phdr_info* object, std::size_t size,
                                                 void* data),
                               void* /*data*/) {
  return 0;
}
