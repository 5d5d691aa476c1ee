// SPDX-License-Identifier: Apache-2.0
// A program of its own for the tests that need one: to be killed, to be first in its family, to
// have other options. The first argument names the role; what happens is told on standard output, a
// fact a line.
#include "troupe/troupe.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using troupe::Process;
using troupe::Runtime;
using troupe::RuntimeOptions;
using troupe::StartMethod;

template <class... T>
void say(const T&... facts) {
  std::string line;
  const auto add = [&line](const auto& fact) {
    if (!line.empty()) line += ' ';
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(fact)>>) {
      line += std::to_string(fact);
    } else {
      line += fact;
    }
  };
  (add(facts), ...);
  line += '\n';
  (void)!::write(STDOUT_FILENO, line.data(), line.size());
}

void wait_for_a_signal() {
  for (;;)
    ::pause();
}
// As a body that waits for something of the runtime's.
void wait_for_a_stop(Runtime& runtime) {
  auto [one, other] = troupe::Pipe<int>::create(runtime).value();
  one.receive().value();
}
void wait_for_a_line() {
  std::string line;
  std::getline(std::cin, line);
}

int state_before_main = 1;

// ---- Roles
// ---------------------------------------------------------------------------------------------

StartMethod method_of(const std::string& name) {
  return name == "exec" ? StartMethod::exec : StartMethod::zygote;
}

// A tree of processes: each says its pid, then waits.
void grow(Runtime& runtime, int depth, StartMethod method) {
  say(::getpid());
  if (depth == 0) wait_for_a_signal();
  Process child{runtime, {.start = method}, grow, depth - 1, method};
  wait_for_a_signal();
}
void tree(Runtime& runtime, const std::vector<std::string>& arguments) {
  grow(runtime, 2, method_of(arguments.at(0)));
}

// A detached child that lives until it is alone.
void detached(Runtime& runtime, const std::vector<std::string>&) {
  Process child{runtime, {.detached = true}, [] {
                  say("parent", troupe::this_process::parent().value());
                  while (troupe::this_process::parent()) {
                    ::usleep(1000);
                  }
                  say("alone");
                }};
  say("child", child.pid());
  wait_for_a_signal();
}

// Starts a child whenever it is told to.
void start_on_request(Runtime& runtime, const std::vector<std::string>&) {
  for (std::string line; std::getline(std::cin, line);) {
    auto child = Process::start(runtime, {.start = method_of(line)}, [] { return 5; });
    if (!child) {
      say(child.error().what());
    } else {
      say(child->join().value().code);
    }
  }
}

void drop_privileges(Runtime& runtime, const std::vector<std::string>& arguments) {
  const gid_t group = 7;
  if (::setgroups(1, &group) != 0 || ::setresgid(2345, 2345, 2345) != 0 ||
      ::setresuid(1234, 1234, 1234) != 0) {
    say("cannot drop");
    return;
  }
  Process child{runtime, {.start = method_of(arguments.at(0))}, [] {
                  std::array<uid_t, 3> users{};
                  std::array<gid_t, 3> groups{};
                  std::array<gid_t, 8> more{};
                  ::getresuid(users.data(), &users[1], &users[2]);
                  ::getresgid(groups.data(), &groups[1], &groups[2]);
                  const int count = ::getgroups(static_cast<int>(more.size()), more.data());
                  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
                  std::array<__user_cap_data_struct, 2> sets{};
                  ::syscall(SYS_capget, &header, sets.data());
                  say("uid", users[0], users[1], users[2], "gid", groups[0], groups[1], groups[2],
                      "groups", count == 1 ? more[0] : 0, "capabilities",
                      sets[0].permitted | sets[0].effective);
                }};
  if (const auto exit = child.join().value(); !exit.ok()) say(exit.text());
}

void change_root(Runtime& runtime, const std::vector<std::string>& arguments) {
  if (::chroot("/tmp") != 0) return say("cannot");
  auto child = Process::start(runtime, {.start = method_of(arguments.at(0))}, wait_for_a_signal);
  say(child ? "started" : child.error().what());
}

// Whether statics of a child are as before main, or as another has left them.
void statics(Runtime& runtime, const std::vector<std::string>& arguments) {
  state_before_main = 2;
  Process child{
      runtime,
      {.start = method_of(arguments.at(0))},
      [](Runtime& own, StartMethod method) {
        say("child", state_before_main);
        state_before_main = 3;
        Process grandchild{own, {.start = method}, [] { say("grandchild", state_before_main); }};
        grandchild.join().value();
      },
      method_of(arguments.at(0))};
  child.join().value();
}

std::atomic<bool> threads_run = true;
std::mutex held;

// Starts children while other threads allocate and hold a lock.
void threads(Runtime& runtime, const std::vector<std::string>& arguments) {
  std::vector<std::jthread> others;
  others.emplace_back([] {
    const std::lock_guard lock{held};
    while (threads_run)
      std::this_thread::yield();
  });
  others.emplace_back([] {
    while (threads_run)
      std::vector<std::string>(100, std::string(100, 'x'));
  });
  for (int i = 0; i < 20; ++i) {
    Process child{runtime, {.start = method_of(arguments.at(0))}, [] {
                    const std::lock_guard lock{held};
                    std::vector<std::string>(100, std::string(100, 'x'));
                  }};
    if (auto exit = child.join(10s); !exit || !exit->ok()) say("stuck");
  }
  threads_run = false;
  say("done");
}

void stop_on_signal(Runtime& runtime, const std::vector<std::string>&) {
  Process child{runtime, wait_for_a_stop};
  say("ready", child.pid());
  const auto joined = child.join();
  say(joined ? "joined" : troupe::name_of(joined.error().code()).data());
  wait_for_a_line();  // a second signal may come here
  const auto report = runtime.stop(5s);
  say(report.clean() ? "clean" : report.text());
}

void stop_in_child(Runtime& runtime, const std::vector<std::string>&) {
  Process child{runtime, [](Runtime& own) {
                  say("waiting");
                  wait_for_a_stop(own);
                }};
  wait_for_a_line();
  child.terminate().value();
  say(child.join().value().text().substr(child.join().value().who.size() + 1));
}

// What a copy that fork() has made can do with its parent's runtime.
void fork_copy(Runtime& runtime, const std::vector<std::string>&) {
  auto child = std::make_unique<Process>(runtime, wait_for_a_signal);
  if (const pid_t copy = ::fork(); copy != 0) {
    int status = 0;
    ::waitpid(copy, &status, 0);
    say("copy", WEXITSTATUS(status), child->is_alive() ? "alive" : "dead");
    return;
  }
  const auto started = Process::start(runtime, {}, wait_for_a_signal);
  say(started ? "started" : troupe::name_of(started.error().code()).data());
  say(child->join(10s).error().what());
  say(child->terminate() ? "terminated" : "refused");
  child.reset();
}

// A fork's copy that goes on living must not keep the children alive.
void fork_and_die(Runtime& runtime, const std::vector<std::string>&) {
  Process child{runtime, wait_for_a_signal};
  const pid_t copy = ::fork();
  if (copy == 0) wait_for_a_signal();
  say(child.pid(), copy);
  wait_for_a_signal();
}

void argv_count(Runtime& runtime, const std::vector<std::string>& arguments) {
  Process child{runtime, {.start = StartMethod::exec}, [] {
                  std::ifstream line{"/proc/self/cmdline"};
                  std::string all{std::istreambuf_iterator<char>{line}, {}};
                  say(std::ranges::count(all, '\0'));
                }};
  child.join().value();
  say(arguments.size());
}

void nest(Runtime& runtime, int depth) {
  std::size_t fds = 0;
  for (int fd = 0; fd < 1000; ++fd)
    fds += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  say(troupe::this_process::name(), fds);
  if (depth > 0) {
    Process child{runtime, nest, depth - 1};
    child.join().value();
  }
}
void generations(Runtime& runtime, const std::vector<std::string>&) {
  Process child{runtime, nest, 5};
  child.join().value();
}

int preloaded = 0;
std::mutex preloaded_mutex;

void preload(Runtime& runtime, const std::vector<std::string>& arguments) {
  for (int i = 0; i < 2; ++i) {
    auto child = Process::start(runtime, {.start = method_of(arguments.at(1))}, [] {
      const std::lock_guard lock{preloaded_mutex};
      say("child", preloaded);
    });
    if (!child) return say(child.error().what());
    child->join().value();
  }
}
void run_preload(const std::string& how) {
  if (how == "throws") throw std::runtime_error{"no model"};
  if (how == "thread") std::thread{[] { wait_for_a_signal(); }}.detach();
  const std::lock_guard lock{preloaded_mutex};
  preloaded = 42;
  std::printf("preloaded\n");  // into the buffer: once
}

void run_executable(Runtime& runtime, const std::vector<std::string>&) {
  auto child = Process::start(runtime, {.start = StartMethod::exec}, [] {});
  say(child ? child->join().value().text() : child.error().what());
}

void name_of_root(Runtime& runtime, const std::vector<std::string>&) {
  say(troupe::this_process::name(), troupe::this_process::parent() ? "parent" : "none",
      runtime.name());
}

struct Start {};
class Starter final {
 public:
  pid_t handle(Start /*start*/) {
    program_ = troupe::subprocess::Popen::start({"sleep", "1000"}).value();
    return program_.pid();
  }

 private:
  troupe::subprocess::Popen program_;
};

// Programs that are not ours: by the main thread, by one that ends, by an actor; and a detached
// one.
void programs(Runtime& runtime, const std::vector<std::string>&) {
  using troupe::subprocess::Popen;
  const std::vector<std::string> sleep{"sleep", "1000"};
  Popen of_main = Popen::start(runtime, sleep).value();
  Popen of_thread;
  std::jthread{[&] { of_thread = Popen::start(runtime, sleep).value(); }}.join();
  auto actor = runtime.spawn<Starter>();
  const pid_t of_actor = actor.ask(Start{}).value();
  Popen detached = Popen::start(runtime, sleep, {.detached = true}).value();
  say(of_main.pid());
  say(of_thread.pid());
  say(of_actor);
  say(detached.pid());
  // The end of a thread kills at once, or not at all.
  say(!of_main.poll() && !of_thread.poll() ? "all run after their threads' end"
                                           : "some have ended");
  wait_for_a_signal();
}

using Role = std::function<void(Runtime&, const std::vector<std::string>&)>;
const std::map<std::string, Role> kRoles{
    {"tree", tree},
    {"detached", detached},
    {"start", start_on_request},
    {"drop-privileges", drop_privileges},
    {"chroot", change_root},
    {"statics", statics},
    {"threads", threads},
    {"stop", stop_on_signal},
    {"stop-in-child", stop_in_child},
    {"fork-copy", fork_copy},
    {"fork-and-die", fork_and_die},
    {"argv", argv_count},
    {"generations", generations},
    {"preload", preload},
    {"programs", programs},
    {"executable", run_executable},
    {"name", name_of_root},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argv[1];
  const std::vector<std::string> arguments{argv + 2, argv + argc};
  if (role == "no-runtime") return 3;
  if (role == "hangs") wait_for_a_signal();
  RuntimeOptions options;
  if (role == "stop" || role == "stop-in-child") {
    options.signals = troupe::SignalPolicy::stop_on_terminate;
  }
  if (role == "preload") options.preload = [&] { run_preload(arguments.at(0)); };
  if (role == "executable") options.executable = arguments.at(0);
  std::vector<std::jthread> early;
  if (role == "start" && !arguments.empty()) {  // a thread, or an embedded runtime, comes first
    if (arguments.at(0) == "thread") {
      early.emplace_back([](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          ::usleep(1000);
        }
      });
    }
    if (arguments.at(0) == "embedded") {
      Runtime embedded{options};
      kRoles.at(role)(embedded, arguments);
      return 0;
    }
  }
  Runtime runtime{argc, argv, options};
  kRoles.at(role)(runtime, arguments);
}
