// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/process/subprocess.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace troupe::subprocess {
namespace {

// For an error's text: what a program says last says most.
std::string end_of(const std::string& text) {
  constexpr std::size_t kMost = 2000;
  std::string_view end = text;
  end.remove_prefix(end.size() - std::min(end.size(), kMost));
  end = end.substr(0, end.find_last_not_of(" \t\r\n") + 1);
  if (end.empty()) return {};
  std::string shown{end};
  // A zero byte would end the text; others could move a terminal's cursor.
  std::ranges::replace_if(
      shown, [](char c) { return c >= 0 && c < ' ' && c != '\n' && c != '\t'; }, '.');
  return "; its error output ends: " + shown;
}

Result<Completed> checked(Completed completed) {
  const std::string doing = "run " + completed.exit.who;
  if (completed.timed_out) {
    return Error{Code::timed_out,
                 doing + ": it did not end in time, and was ended" + end_of(completed.err)};
  }
  if (completed.truncated) {
    return Error{
        Code::overloaded,
        doing + ": it wrote more than Options::max_output, and was ended" + end_of(completed.err)};
  }
  if (!completed.exit.ok()) {
    return Error::failed("run: " + completed.exit.text() + end_of(completed.err),
                         completed.exit.python_code());
  }
  return completed;
}

}  // namespace

// NOLINTBEGIN(performance-unnecessary-value-param): written as a list at the call
Result<Completed> run(RuntimeCore& runtime, std::vector<std::string> command, Options options) {
  const bool check = options.check;
  const Deadline until = options.until;
  auto started = Popen::start_as(runtime, command, std::move(options), true);
  if (!started) return started.error();
  auto completed = started->finish(until);
  if (!completed || !check) return completed;
  return checked(std::move(*completed));
}

Result<Completed> run(std::vector<std::string> command, Options options) {
  RuntimeCore* const runtime = RuntimeCore::current();
  if (runtime == nullptr) {
    return Error{Code::invalid_argument,
                 "run a program: this thread has no current runtime; name one, or make a "
                 "Runtime::Scope"};
  }
  return run(*runtime, std::move(command), std::move(options));
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace troupe::subprocess
