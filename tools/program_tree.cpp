// SPDX-License-Identifier: Apache-2.0
#include "tools/program_tree.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe::tools {
namespace {

class Growing final {
 public:
  explicit Growing(const std::vector<Program>& programs) {
    for (const Program& program : programs) {
      programs_[program.place.pid].push_back(&program);
      if (!program.report) continue;
      auto& children = children_[program.place.pid];
      children.insert(program.report->children.begin(), program.report->children.end());
    }
    // A child that its parent has let go of still says who that is.
    for (const Program& program : programs) {
      if (program.report && programs_.contains(program.report->parent)) {
        children_[program.report->parent].insert(program.place.pid);
      }
    }
  }

  std::vector<TreeRow> all() {
    std::set<std::int64_t> born;
    for (const auto& [parent, children] : children_) {
      born.insert(children.begin(), children.end());
    }
    for (const auto& [pid, its] : programs_) {
      if (!born.contains(pid)) add(pid, "", "");
    }
    // What is left goes round in a circle: pids of several containers.
    for (const auto& [pid, its] : programs_) {
      add(pid, "", "");
    }
    return std::move(rows_);
  }

 private:
  void add(std::int64_t pid, const std::string& branch, const std::string& below) {
    if (!seen_.insert(pid).second) return;
    if (const auto its = programs_.find(pid); its != programs_.end()) {
      for (const Program* const program : its->second) {
        rows_.push_back({pid, branch, program});
      }
    } else {
      rows_.push_back({pid, branch, nullptr});
    }
    const auto children = children_.find(pid);
    if (children == children_.end()) return;
    for (auto child = children->second.begin(); child != children->second.end(); ++child) {
      const bool is_last = std::next(child) == children->second.end();
      add(*child, below + (is_last ? "└ " : "├ "), below + (is_last ? "  " : "│ "));
    }
  }

  std::map<std::int64_t, std::vector<const Program*>> programs_;
  std::map<std::int64_t, std::set<std::int64_t>> children_;
  std::set<std::int64_t> seen_;
  std::vector<TreeRow> rows_;
};

}  // namespace

std::vector<TreeRow> tree_of(const std::vector<Program>& programs) {
  return Growing{programs}.all();
}

}  // namespace troupe::tools
