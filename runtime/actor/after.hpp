// SPDX-License-Identifier: Apache-2.0
#pragma once

// after: a case of Inbox::receive and of select: what is done when nothing else came for so long.

#include "troupe/base/clock.hpp"

#include <utility>

namespace troupe {

template <class F>
struct After {
  Duration wait;
  F action;
};
template <class F>
After<F> after(Duration wait, F action) {
  return {wait, std::move(action)};
}

namespace actor {

template <class H>
inline constexpr bool kIsAfter = false;
template <class F>
inline constexpr bool kIsAfter<After<F>> = true;

}  // namespace actor
}  // namespace troupe
