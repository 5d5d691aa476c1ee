// SPDX-License-Identifier: Apache-2.0
// Where the two processes may run: on one CPU, where whoever waits must let the other have it; on
// one each, where both are awake at once; and wherever the system puts them.
// TROUPE_TEST_MESSAGES_FACTOR multiplies the messages.
#include "channel/numbered.hpp"
#include "harness/child.hpp"
#include "harness/repetition.hpp"
#include "harness/temporary_directory.hpp"
#include "harness/test_runtime.hpp"
#include "troupe/runtime/channel/listener.hpp"

#include <sched.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

namespace troupe::harness {
namespace {

struct Placement {
  std::string name;  // letters only
  bool pinned = true;
  std::size_t first = 0;  // of the CPUs that this process may use
  std::size_t second = 0;
};
std::ostream& operator<<(std::ostream& out, const Placement& placement) {
  return out << placement.name;
}

std::vector<int> usable_cpus() {
  cpu_set_t usable;
  std::vector<int> cpus;
  EXPECT_EQ(::sched_getaffinity(0, sizeof usable, &usable), 0);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &usable)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

class ShmCpuTest : public testing::TestWithParam<Placement> {
 protected:
  void SetUp() override {
    if (std::max(GetParam().first, GetParam().second) >= cpus_.size()) {
      GTEST_SKIP() << "there is but one CPU";
    }
  }

  // Two processes: each with its end, on its CPU.
  void run(void (*first)(Connection&), void (*second)(Connection&)) {
    Child listening{[&] {
      place_at(GetParam().first);
      TestRuntime runtime;
      auto listener = Listener::create(runtime, "shm://placed").value();
      auto end = listener.accept().value();
      first(end);
    }};
    Child connecting{[&] {
      place_at(GetParam().second);
      TestRuntime runtime;
      auto end = connect_soon(runtime, "shm://placed");
      second(end);
    }};
    EXPECT_EQ(listening.join(), 0);
    EXPECT_EQ(connecting.join(), 0);
  }

 private:
  void place_at(std::size_t which) const {
    if (GetParam().pinned) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(static_cast<std::size_t>(cpus_.at(which)), &one);
      ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    }
  }

  const std::vector<int> cpus_ = usable_cpus();
  const TemporaryDirectory directory_;
  const EnvironmentScope private_directory_{"XDG_RUNTIME_DIR", directory_.path()};
};

std::uint64_t count(int usual) {
  return static_cast<std::uint64_t>(messages(usual));
}

TEST_P(ShmCpuTest, MessagesGoToAndFro) {
  run([](Connection& end) { bounce_numbers(end, 0, count(10'000)); }, echo_all);
}

TEST_P(ShmCpuTest, AStreamArrivesWhole) {
  run([](Connection& end) { send_numbers(end, 0, count(100'000)); },
      [](Connection& end) {
        receive_numbers(end, 0, count(100'000));
        EXPECT_EQ(end.receive_bytes().error(), Code::closed);
      });
}

INSTANTIATE_TEST_SUITE_P(Shm, ShmCpuTest,
                         testing::Values(Placement{.name = "one_cpu"},
                                         Placement{.name = "one_each", .second = 1},
                                         Placement{.name = "anywhere", .pinned = false}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace troupe::harness
