// SPDX-License-Identifier: Apache-2.0
#include "troupe/runtime/fiber/open_mark.hpp"

#include "troupe/runtime/fiber/runtime_core.hpp"

#include <utility>

namespace troupe {

std::vector<std::string> OpenMarks::texts() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> texts;
  for (const OpenMark* const mark : marks_) {
    texts.push_back(mark->text_());
  }
  return texts;
}

OpenMark::OpenMark(RuntimeCore& runtime, std::function<std::string()> text)
    : text_(std::move(text)), marks_(runtime.open_marks()) {
  const std::lock_guard lock{marks_->mutex_};
  place_ = marks_->marks_.insert(marks_->marks_.end(), this);
}

void OpenMark::lift() noexcept {
  if (const auto marks = std::move(marks_); marks != nullptr) {
    const std::lock_guard lock{marks->mutex_};
    marks->marks_.erase(place_);
  }
}

}  // namespace troupe
