// SPDX-License-Identifier: Apache-2.0
// Does not compile: each line below `refused` is an error, and refused.py holds what it says.
// The test counts on its lines:
// clang-format off
#include "troupe/serialization/codec.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <thread>

namespace app {

struct Callback {
  int number;
  std::function<void()> callback;
};
struct Inner {
  int Inner::*offset;
};
struct Deep {
  std::map<int, std::vector<Inner>> deep;
};
struct Pointer {
  const char* name;
};
struct Shared {
  std::shared_ptr<int> shared;
};
struct Array {
  int before;
  char text[16];
  int after;
};
struct Reference {
  int& number;
};
class Private {
  int number_ = 0;
};
struct HoldsPrivate {
  Private member;
};
struct HoldsThread {
  std::thread thread;
};
struct Base {
  int x;
};
struct Derived : Base {
  int y;
};
struct BitField {
  unsigned a : 3;
  int b;
};
struct Number {
  long double number;
};
struct NilTwice {
  std::optional<std::optional<int>> maybe;
};
struct Many {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;
  int a2, b2, c2, d2, e2, f2, g2;
};
struct Defined {
  int x;
  template <class Packer>
  void msgpack_pack(Packer& packer) const;
};
struct View {
  std::string_view view;
};
struct Unmade {
  explicit Unmade(int number);
};
struct HoldsConst {
  const int number = 0;
};

}  // namespace app

template <>
struct troupe::Codec<app::Unmade> {
  static void encode(Writer& writer, const app::Unmade& value);
  static Result<app::Unmade> decode(Reader& reader);
};

template <class T>
void send(troupe::Encoded& out, const T& value) {
  static_cast<void>(troupe::encode(out, value).has_value());
}
template <class T>
void receive() {
  static_cast<void>(troupe::decode<T>({}).has_value());
}

#ifndef ALONE
// clang-format off: a line is a type and what is said of it
// refused
template void send(troupe::Encoded&, const app::Callback&);  // Callback.*callback.*function<void ?\(\)>.*a function is not sent
template void send(troupe::Encoded&, const app::Deep&);  // app::Inner.*offset.*a pointer
template void send(troupe::Encoded&, const app::Pointer&);  // Pointer.*name.*const char ?\*.*a pointer means nothing
template void send(troupe::Encoded&, const app::Shared&);  // Shared.*shared.*shared_ptr<int>.*sharing ends
template void send(troupe::Encoded&, const app::Array&);  // Array.*text.*char ?\[16\].*a C array
template void send(troupe::Encoded&, const app::Reference&);  // Reference.*one is a reference
template void send(troupe::Encoded&, const app::Private&);  // Private.*neither a plain struct
template void send(troupe::Encoded&, const app::HoldsPrivate&);  // HoldsPrivate.*member.*Private.*write a troupe::Codec
template void send(troupe::Encoded&, const app::HoldsThread&);  // HoldsThread.*thread.*std::thread.*neither
template void send(troupe::Encoded&, const app::Derived&);  // Derived.*a base class
template void send(troupe::Encoded&, const app::BitField&);  // BitField.*a bit-field
template void send(troupe::Encoded&, const app::Number&);  // Number.*number.*long double.*no wire form
template void send(troupe::Encoded&, const app::NilTwice&);  // NilTwice.*maybe.*optional<std::optional<int>.*both would be nil
template void send(troupe::Encoded&, const app::Many&);  // Many.*at most 32 members
template void send(troupe::Encoded&, const app::Defined&);  // Defined.*MSGPACK_DEFINE.*msgpack_define.hpp
template void send(troupe::Encoded&, int* const&);  // int ?\*.*a pointer
template void send(troupe::Encoded&, const std::vector<std::weak_ptr<int>>&);  // weak_ptr<int>.*sharing
template void receive<app::View>();  // View.*view.*string_view<char.*a view has nowhere
template void receive<std::span<int>>();  // span<int.*a view
template void receive<app::Unmade>();  // Unmade.*default constructor
template void receive<app::HoldsConst>();  // HoldsConst.*no const members
#else
template void send(troupe::Encoded&, const app::Callback&);
#endif
