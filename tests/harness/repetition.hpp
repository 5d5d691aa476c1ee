// SPDX-License-Identifier: Apache-2.0
#pragma once

// How often a test does again what chance decides: few times in the suite, many in ./dev soak; and
// the chance itself.

#include <cstdio>
#include <cstdlib>
#include <random>

namespace troupe::harness {

// The number in the environment variable `name`; `usual`, where there is none.
inline int times(const char* name, int usual) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it
  const char* const wished = std::getenv(name);
  return wished != nullptr ? std::atoi(wished) : usual;  // NOLINT(cert-err34-c): 0 fails soon
}

// How many processes a test kills, and how many messages it sends.
inline int kills() {
  return times("TROUPE_TEST_KILLS", 20);
}
inline int messages(int usual) {
  return usual * times("TROUPE_TEST_MESSAGES_FACTOR", 1);
}

// Seeded anew each time, or with TROUPE_TEST_SEED. Says its seed at once, so that it is known also
// of a test that crashes or hangs.
inline std::minstd_rand chance() {
  const int none = 0;
  const int wished = times("TROUPE_TEST_SEED", none);
  const unsigned seed =
      wished != none ? static_cast<unsigned>(wished) : std::random_device{}() % 1'000'000 + 1;
  std::fprintf(stderr, "seed: TROUPE_TEST_SEED=%u\n", seed);
  return std::minstd_rand{seed};
}

}  // namespace troupe::harness
