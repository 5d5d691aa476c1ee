// SPDX-License-Identifier: Apache-2.0
// A message is handled by a handler of exactly its type, whatever could be made of it.
#include "actor/support.hpp"

#include <gtest/gtest.h>

#include <any>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::actor_test {
namespace {

struct Base {};
struct Derived : Base {};
// Can be made of anything.
struct Greedy {
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, Greedy>)  //
      Greedy(T&& /*value*/) {}  // NOLINT: it is for being implicit, and hides no constructor
};

// Each takes what an int, or a lambda, converts to.
template <class M>
struct ByValue {
  int handle(M /*message*/) { return 1; }
};
template <class M>
struct ByReference {
  int handle(const M& /*message*/) { return 1; }
};
template <class M>
struct ByRvalue {
  int handle(M&& /*message*/) { return 1; }
};
template <class M>
struct InContext {
  int handle(M /*message*/, Context& /*context*/) { return 1; }
};

template <class M, class Other>
constexpr bool takes_only() {
  static_assert(actor::accepts<ByValue<M>, M>());
  static_assert(actor::accepts<ByReference<M>, M>());
  static_assert(actor::accepts<ByRvalue<M>, M>());
  static_assert(actor::accepts<InContext<M>, M>());
  static_assert(!actor::accepts<ByValue<M>, Other>());
  static_assert(!actor::accepts<ByReference<M>, Other>());
  static_assert(!actor::accepts<ByRvalue<M>, Other>());
  static_assert(!actor::accepts<InContext<M>, Other>());
  return true;
}

TEST(ExactTest, WhatAMessageConvertsToIsNoHandlerOfIt) {
  const auto lambda = [] {};
  static_assert(takes_only<std::optional<int>, int>());
  static_assert(takes_only<std::variant<int, std::string>, int>());
  static_assert(takes_only<std::any, int>());
  static_assert(takes_only<std::function<void()>, std::remove_const_t<decltype(lambda)>>());
  static_assert(takes_only<std::shared_ptr<Base>, std::shared_ptr<Derived>>());
  static_assert(takes_only<std::string, const char*>());
  static_assert(takes_only<Greedy, int>());
  static_assert(takes_only<long, int>());
  static_assert(takes_only<Result<int>, int>());
}

TEST(ExactTest, AHandlerOfABaseTakesNoDerivedMessage) {
  static_assert(takes_only<Base, Derived>());
}

TEST(ExactTest, AHandlerThatChangesItsCallersMessageTakesNone) {
  struct Changing {
    void handle(std::string& /*message*/) {}
  };
  static_assert(!actor::accepts<Changing, std::string>());
}

// Of two, one of which the message would convert to, it is the other that handles it.
class Wrapping final {
 public:
  std::string handle(int /*message*/) { return "int"; }
  std::string handle(std::optional<int> /*message*/) { return "optional"; }
  std::string handle(const std::any& /*message*/) { return "any"; }
  std::string handle(std::variant<int, std::string>&& /*message*/) { return "variant"; }
  std::string handle(const Base& /*message*/) { return "base"; }
  std::string handle(Derived /*message*/) { return "derived"; }
  std::string handle(std::function<int()> /*message*/, Context& /*context*/) { return "function"; }
};

TEST(ExactTest, AHandlerOfTheMessageItselfIsFoundBesideThoseItConvertsTo) {
  Runtime runtime{workers(1)};
  const auto wrapping = runtime.spawn<Wrapping>();
  EXPECT_EQ(wrapping.ask(1).value(), "int");
  EXPECT_EQ(wrapping.ask(std::optional{1}).value(), "optional");
  EXPECT_EQ(wrapping.ask(std::any{1}).value(), "any");
  EXPECT_EQ((wrapping.ask(std::variant<int, std::string>{1}).value()), "variant");
  EXPECT_EQ(wrapping.ask(Base{}).value(), "base");
  EXPECT_EQ(wrapping.ask(Derived{}).value(), "derived");
  EXPECT_EQ(wrapping.ask(std::function<int()>{[] { return 1; }}).value(), "function");
  static_assert(!actor::accepts<Wrapping, long>());
  static_assert(!actor::accepts<Wrapping, std::string>());
}

// However handle() is declared.
template <int>
struct Message {};
class Declared {
 public:
  static int handle(Message<1> /*message*/) { return 1; }
  int handle(Message<2> /*message*/) const { return 2; }
  int handle(Message<3> /*message*/) noexcept { return 3; }
  int handle(Message<4> /*message*/) & { return 4; }
  const int& handle(const Message<5>& /*message*/) const& { return five_; }
  int handle(Message<6> /*message*/, const Context& /*context*/) { return 6; }
  template <class T>
  int handle(const std::vector<T>& /*message*/) {
    return 7;
  }

 private:
  int five_ = 5;
};
class Heir final : public Declared {
 public:
  using Declared::handle;
  int handle(Message<8>&& /*message*/) { return 8; }
};

TEST(ExactTest, AHandlerMayBeStaticConstNoexceptATemplateOrInherited) {
  Runtime runtime{workers(1)};
  const auto heir = runtime.spawn<Heir>();
  EXPECT_EQ(heir.ask(Message<1>{}).value(), 1);
  EXPECT_EQ(heir.ask(Message<2>{}).value(), 2);
  EXPECT_EQ(heir.ask(Message<3>{}).value(), 3);
  EXPECT_EQ(heir.ask(Message<4>{}).value(), 4);
  EXPECT_EQ(heir.ask(Message<5>{}).value(), 5);
  EXPECT_EQ(heir.ask(Message<6>{}).value(), 6);
  EXPECT_EQ(heir.ask(std::vector<int>{7}).value(), 7);
  EXPECT_EQ(heir.ask(Message<8>{}).value(), 8);
  static_assert(!actor::accepts<Heir, Message<9>>());
}

TEST(ExactTest, AnActorThatHandlesAnythingElseIsNotToldOfEnds) {
  static_assert(actor::kActorType<ByValue<std::any>>.down == nullptr);
  static_assert(actor::Handles<ByValue<Down>, Down>);
}

}  // namespace
}  // namespace troupe::actor_test
