// SPDX-License-Identifier: Apache-2.0
#include "tools/programs.hpp"

#include "tools/arguments.hpp"
#include "tools/far_program.hpp"
#include "tools/figures_text.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <system_error>
#include <utility>

namespace troupe::tools {
namespace {

// How long each program has for its answer.
constexpr Duration kPatience = std::chrono::seconds{2};

// All at once: those that do not answer cost their time together.
std::vector<Program> ask(std::vector<node::ProgramPlace> places, node::Detail detail) {
  std::vector<std::future<Result<node::ProgramReport>>> answers;
  answers.reserve(places.size());
  for (const node::ProgramPlace& place : places) {
    answers.push_back(std::async(std::launch::async, [&place, detail] {
      return node::ask_program(place, detail, Deadline{kPatience});
    }));
  }
  std::vector<Program> programs;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (auto report = answers[i].get(); report || report.error() != Code::not_found) {
      programs.push_back({std::move(places[i]), std::move(report)});
    }
  }
  return programs;
}

Error not_found(std::int64_t pid) {
  std::error_code failed;
  const std::string text = std::to_string(pid);
  if (!std::filesystem::exists("/proc/" + text, failed)) {
    return {Code::not_found, "there is no process " + text + "; troupe ps lists programs"};
  }
  return {Code::not_found,
          "process " + text +
              " is not seen: it belongs to another user, is no troupe program, or has no actors "
              "yet (an embedded Runtime is seen with RuntimeOptions::inspect = Inspect::on); "
              "troupe ps lists those that are"};
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (const auto pid = number_of<std::int64_t>(text); pid && *pid > 0) {
    return Target{.pid = *pid};
  }
  if (text.find(':') != std::string_view::npos) {
    auto url = Address::parse(text);
    if (!url) return url.error();
    return Target{.url = *std::move(url)};
  }
  return wrong("\"" + std::string{text} +
               "\" is no PID, and no URL of a node; troupe ps lists programs with theirs");
}

std::vector<Program> look_at_all(node::Detail detail) {
  return ask(node::find_programs(), detail);
}

std::string text_of(const Target& target) {
  return target.pid != 0 ? std::to_string(target.pid) : target.url.text();
}

Result<std::vector<Program>> look_at(Target& target, node::Detail detail) {
  if (target.pid == 0) {
    if (target.far == nullptr) {
      auto far = FarProgram::dial(target.url, target.choice);
      if (!far) return far.error();
      target.far = *std::move(far);
    }
    auto report = target.far->look(detail);
    if (!report) return report.error();
    const node::ProgramPlace place{report->pid, 0, target.url.text()};
    std::vector<Program> programs;
    programs.push_back({place, std::move(report)});
    return programs;
  }
  auto places = node::find_programs();
  std::erase_if(places, [&](const auto& place) { return place.pid != target.pid; });
  auto programs = ask(std::move(places), detail);
  if (programs.empty()) return not_found(target.pid);
  for (const Program& program : programs) {
    if (!program.report) return program.report.error();
  }
  return programs;
}

std::string title_of(const node::ProgramReport& report) {
  const bool has_own_name =
      !report.name.empty() && report.name != "main" && report.name != report.program;
  return report.program + (has_own_name ? ": " + report.name : "");
}

std::string remark_on_rows(const node::ProgramReport& report) {
  if (report.stats.actors.size() < node::kMostRows) return {};
  const auto all = static_cast<std::uint64_t>(sum_of(report.stats, "troupe_actors"));
  return "of " + std::to_string(all) + " actors " + std::to_string(node::kMostRows) +
         " are listed, those that are not idle first";
}

}  // namespace troupe::tools
