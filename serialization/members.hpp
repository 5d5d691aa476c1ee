// SPDX-License-Identifier: Apache-2.0
#pragma once

// The members of an aggregate, found by the compiler: how many there are, and a call with all of
// them. The count is the largest number of initialisers that T{...} takes, each convertible to
// whatever stands there; the members are then bound by a structured binding of that size.

#include <cstddef>
#include <type_traits>
#include <utility>

namespace troupe::reflect {

inline constexpr std::size_t kMostMembers = 32;

// What kMemberCount says when there is no answer.
inline constexpr std::size_t kTooManyMembers = kMostMembers + 1;
inline constexpr std::size_t kUnknownMembers = kMostMembers + 2;

// Initialises any member, in code that never runs.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor): that is what it is for
};

template <class T, std::size_t... Index>
consteval bool takes(std::index_sequence<Index...>) {
  return requires {
    T{(static_cast<void>(Index), Anything{})...};
  };
}

// `{}` for one member, with something before and after it.
template <class T, std::size_t... Before, std::size_t... After>
consteval bool takes_empty_at(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires {
    T{(static_cast<void>(Before), Anything{})..., {}, (static_cast<void>(After), Anything{})...};
  };
}

// The initialisers that T takes. A C array counts as its elements: they need no braces of their
// own.
template <class T, std::size_t Count = 0, bool Taken = false>
consteval std::size_t initializer_count() {
  constexpr std::size_t kMost =
      500;  // where the search ends: it is in vain, and templates nest only so deep
  if constexpr (Count > kMost) {
    return Count;
  } else {
    constexpr bool kTakes = takes<T>(std::make_index_sequence<Count>{});
    if constexpr (Taken && !kTakes) {
      return Count - 1;
    } else if constexpr (!Taken && !kTakes && Count > kMostMembers) {
      return kUnknownMembers;
    } else {
      return initializer_count<T, Count + 1, kTakes>();
    }
  }
}

// How many of the initialisers the member at initialiser `At` takes: more than one for a C array,
// which takes as many when they are listed flat but is content with one {}.
template <class T, std::size_t At, std::size_t Count, std::size_t Width = 1>
consteval std::size_t width_at() {
  if constexpr (At + Width >= Count) {
    return Count - At;
  } else {
    using Before = std::make_index_sequence<At>;
    if constexpr (takes_empty_at<T>(Before{}, std::make_index_sequence<Count - At - Width>{})) {
      return Width;
    } else if constexpr (!takes_empty_at<T>(Before{}, std::index_sequence<>{})) {
      return 1;  // it takes no {} at all: nothing can be learned
    } else {
      return width_at<T, At, Count, Width + 1>();
    }
  }
}

template <class T, std::size_t Count, std::size_t At = 0, std::size_t Members = 0>
consteval std::size_t member_count() {
  if constexpr (At >= Count) {
    return Members;
  } else if constexpr (Members > kMostMembers) {
    return kTooManyMembers;
  } else {
    return member_count<T, Count, At + width_at<T, At, Count>(), Members + 1>();
  }
}

template <class T>
inline constexpr std::size_t kMemberCount = [] {
  constexpr std::size_t kCount = initializer_count<std::remove_cv_t<T>>();
  return kCount == kUnknownMembers ? kCount : member_count<std::remove_cv_t<T>, kCount>();
}();

// Calls visitor(member...) with a reference to each member of `object`, in order.
// clang-format off
template <class T, class Visitor>
// NOLINTNEXTLINE(readability-function-size,readability-function-cognitive-complexity): a list
constexpr decltype(auto) with_members(T& object, Visitor&& visitor) {
  constexpr std::size_t kCount = kMemberCount<T>;
  if constexpr (kCount == 0) {
    return visitor();
  } else if constexpr (kCount == 1) {
    auto& [m1] = object;
    return visitor(m1);
  } else if constexpr (kCount == 2) {
    auto& [m1, m2] = object;
    return visitor(m1, m2);
  } else if constexpr (kCount == 3) {
    auto& [m1, m2, m3] = object;
    return visitor(m1, m2, m3);
  } else if constexpr (kCount == 4) {
    auto& [m1, m2, m3, m4] = object;
    return visitor(m1, m2, m3, m4);
  } else if constexpr (kCount == 5) {
    auto& [m1, m2, m3, m4, m5] = object;
    return visitor(m1, m2, m3, m4, m5);
  } else if constexpr (kCount == 6) {
    auto& [m1, m2, m3, m4, m5, m6] = object;
    return visitor(m1, m2, m3, m4, m5, m6);
  } else if constexpr (kCount == 7) {
    auto& [m1, m2, m3, m4, m5, m6, m7] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7);
  } else if constexpr (kCount == 8) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8);
  } else if constexpr (kCount == 9) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9);
  } else if constexpr (kCount == 10) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10);
  } else if constexpr (kCount == 11) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11);
  } else if constexpr (kCount == 12) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
  } else if constexpr (kCount == 13) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
  } else if constexpr (kCount == 14) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14);
  } else if constexpr (kCount == 15) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
  } else if constexpr (kCount == 16) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16);
  } else if constexpr (kCount == 17) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17);
  } else if constexpr (kCount == 18) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18);
  } else if constexpr (kCount == 19) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19);
  } else if constexpr (kCount == 20) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20);
  } else if constexpr (kCount == 21) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21);
  } else if constexpr (kCount == 22) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22);
  } else if constexpr (kCount == 23) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23);
  } else if constexpr (kCount == 24) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24);
  } else if constexpr (kCount == 25) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25);
  } else if constexpr (kCount == 26) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26);
  } else if constexpr (kCount == 27) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27);
  } else if constexpr (kCount == 28) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28);
  } else if constexpr (kCount == 29) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29);
  } else if constexpr (kCount == 30) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30);
  } else if constexpr (kCount == 31) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31);
  } else if constexpr (kCount == 32) {
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32] = object;
    return visitor(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32);
  }
}
// clang-format on

template <class... Types>
struct TypeList {};

struct ListTypes {
  template <class... Members>
  TypeList<Members...> operator()(const Members&...) const {
    return {};
  }
};

// The types of the members of T, in order, without const.
template <class T>
using MemberTypes = decltype(with_members(std::declval<const T&>(), ListTypes{}));

}  // namespace troupe::reflect
