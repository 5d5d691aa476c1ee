// SPDX-License-Identifier: Apache-2.0
#pragma once

// What may be the body of a process and how it gets there: what travels is the address of run_body,
// instantiated for the body's type and parameters, then the arguments as one message. Functions
// among them travel as FunctionId; that is only for descriptors which were inherited, so no Codec
// says it.

#include "troupe/base/result.hpp"
#include "troupe/runtime/process/bind.hpp"
#include "troupe/runtime/process/function_id.hpp"
#include "troupe/serialization/codec.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

class Process;
class Runtime;
class RuntimeCore;
struct ProcessOptions;

namespace process {

// Runs a body with arguments from `reader`. The value is the exit code.
using RunBody = Result<int> (*)(Runtime& runtime, Reader& reader);

template <class... T>
struct Types {};

// ---- What a body takes
// -------------------------------------------------------------------------------

template <class T>
concept HasOneCallOperator = requires {
  &T::operator();
};

// Parameters<F>::Of<X...>: what F takes when it is given X..., without a Runtime& in front.
template <class F>
struct Parameters {
  // A call operator that is a template: what it is given.
  template <class... X>
  using Of = Types<std::decay_t<X>...>;
  template <class... X>
  static constexpr bool kTakesRuntime =  // the second is looked at only if the first does not fit
      std::conjunction_v<std::negation<std::is_invocable<F, std::decay_t<X>...>>,
                         std::is_invocable<F, Runtime&, std::decay_t<X>...>>;
};

template <class... P>
struct FixedParameters {
  template <class... X>
  using Of = Types<std::decay_t<P>...>;
  template <class... X>
  static constexpr bool kTakesRuntime = false;
  static_assert((... &&
                 (!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>)),
                "troupe: the body of a process gets copies: take parameters by value or const&");
};
template <class... P>
struct FixedParameters<Runtime&, P...> : FixedParameters<P...> {
  template <class... X>
  static constexpr bool kTakesRuntime = true;
};

template <class Member>
struct MemberParameters;
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...)> : FixedParameters<P...> {};
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...) const> : FixedParameters<P...> {};
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...) noexcept> : FixedParameters<P...> {};
template <class R, class C, class... P>
struct MemberParameters<R (C::*)(P...) const noexcept> : FixedParameters<P...> {};

template <class R, class... P>
struct Parameters<R (*)(P...)> : FixedParameters<P...> {};
template <class R, class... P>
struct Parameters<R (*)(P...) noexcept> : FixedParameters<P...> {};
template <HasOneCallOperator F>
struct Parameters<F> : MemberParameters<decltype(&F::operator())> {};
template <class R, class... P>
struct Parameters<Task<R(P...)>> : FixedParameters<P...> {};

template <std::size_t Count, class List>
struct WithoutFirst;
template <class... P>
struct WithoutFirst<0, Types<P...>> {
  using Type = Types<P...>;
};
template <std::size_t Count, class First, class... P>
requires(Count > 0) struct WithoutFirst<Count, Types<First, P...>>
    : WithoutFirst<Count - 1, Types<P...>> {
};

template <class F, class... B>
struct Parameters<Bound<F, B...>> {
  template <class... X>
  using Of =
      typename WithoutFirst<sizeof...(B), typename Parameters<F>::template Of<B..., X...>>::Type;
  template <class... X>
  static constexpr bool kTakesRuntime = Parameters<F>::template kTakesRuntime<B..., X...>;
};

// ---- What may be one
// ---------------------------------------------------------------------------------

template <class F>
inline constexpr bool kIsFunctionPointer =
    std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
inline constexpr bool kIsBound = false;
template <class F, class... B>
inline constexpr bool kIsBound<Bound<F, B...>> = true;
template <class F>
inline constexpr bool kIsTask = false;
template <class Signature>
inline constexpr bool kIsTask<Task<Signature>> = true;

// A lambda without captures, or another class that holds nothing.
template <class F>
inline constexpr bool kIsStateless =
    std::is_class_v<F>&& std::is_empty_v<F>&& std::is_default_constructible_v<F>;

// Anything that stands where a body does. Whether it can be sent is checked inside, with a message
// that says what to do.
template <class F>
concept LooksLikeBody = kIsFunctionPointer<F> ||
    (std::is_class_v<F> && !std::is_convertible_v<F*, RuntimeCore*> &&
     !std::is_same_v<F, ProcessOptions> && !std::is_same_v<F, Process>);

template <class F>
inline constexpr bool kCanBeSent = kIsFunctionPointer<F> || kIsTask<F> || kIsStateless<F>;
template <class F, class... B>
inline constexpr bool kCanBeSent<Bound<F, B...>> = kCanBeSent<F>;

// A function that is an argument is sent as one.
template <class T>
inline constexpr bool kIsFunction = kIsFunctionPointer<T> || kIsBound<T> || kIsTask<T>;

// ---- Functions on the wire
// ---------------------------------------------------------------------------

void write_function(Writer& writer, AnyFunction function);
// Null, with the reader failed, when it is not there.
AnyFunction read_function(Reader& reader);

template <class T>
void write_argument(Writer& writer, const T& value);
template <class T>
Result<T> read_argument(Reader& reader);

template <class F>
struct FunctionOnWire {  // stateless
  static void write(Writer&, const F&) {}
  static Result<F> read(Reader& reader) {
    if constexpr (std::is_default_constructible_v<F>) {
      return F{};
    } else {
      return reader.error();  // refused at compile time, by Call
    }
  }
};
template <class F>
requires kIsFunctionPointer<F>
struct FunctionOnWire<F> {
  static void write(Writer& writer, F function) {
    write_function(writer, reinterpret_cast<AnyFunction>(function));
  }
  static Result<F> read(Reader& reader) {
    const AnyFunction function = read_function(reader);
    if (function == nullptr) return reader.error();
    return reinterpret_cast<F>(function);
  }
};
template <class R, class... P>
struct FunctionOnWire<Task<R(P...)>> {
  using Pointer = FunctionOnWire<R (*)(P...)>;
  static void write(Writer& writer, const Task<R(P...)>& task) {
    Pointer::write(writer, task.function());
  }
  static Result<Task<R(P...)>> read(Reader& reader) {
    auto function = Pointer::read(reader);
    if (!function) return function.error();
    return Task<R(P...)>{"", *function};
  }
};
template <class F, class... B>
struct FunctionOnWire<Bound<F, B...>> {
  static void write(Writer& writer, const Bound<F, B...>& bound) {
    FunctionOnWire<F>::write(writer, bound.function());
    std::apply([&](const B&... values) { (write_argument(writer, values), ...); },
               bound.arguments());
  }
  static Result<Bound<F, B...>> read(Reader& reader) {
    auto function = FunctionOnWire<F>::read(reader);
    std::tuple<Result<B>...> values{read_argument<B>(reader)...};
    if (reader.failed()) return reader.error();
    return std::apply(
        [&](auto&... value) {
          return Bound<F, B...>{std::move(*function), std::tuple<B...>{std::move(*value)...}};
        },
        values);
  }
};

template <class T>
void write_argument(Writer& writer, const T& value) {
  if constexpr (kIsFunction<T>) {
    FunctionOnWire<T>::write(writer, value);
  } else {
    writer.value(value);
  }
}

template <class T>
Result<T> read_argument(Reader& reader) {
  if constexpr (kIsFunction<T>) {
    return FunctionOnWire<T>::read(reader);
  } else {
    return reader.value<T>();
  }
}

// ---- In the child
// ------------------------------------------------------------------------------------

template <class Outcome>
inline constexpr bool kIsOutcome =
    std::is_void_v<Outcome> || std::is_same_v<Outcome, int> ||
    std::is_same_v<Outcome, Result<void>> || std::is_same_v<Outcome, Result<int>>;

template <class Call>
Result<int> exit_code_of(Call call) {
  using Outcome = decltype(call());
  static_assert(
      kIsOutcome<Outcome>,
      "troupe: the body of a process returns void, an int (its exit code), or a Result of "
      "these; results of other types go through a Pipe");
  if constexpr (std::is_void_v<Outcome>) {
    call();
    return 0;
  } else if constexpr (std::is_same_v<Outcome, Result<void>>) {
    auto outcome = call();
    if (!outcome) return outcome.error();
    return 0;
  } else {
    return call();
  }
}

template <class F, bool TakesRuntime, class... P>
Result<int> run_body(Runtime& runtime, Reader& reader) {
  auto body = FunctionOnWire<F>::read(reader);
  std::tuple<Result<P>...> arguments{read_argument<P>(reader)...};
  if (reader.failed() || !reader.at_end())
    return reader.final_error("the arguments of the process");
  return std::apply(
      [&](auto&... argument) {
        return exit_code_of([&]() -> decltype(auto) {
          if constexpr (!TakesRuntime) {
            return (*body)(std::move(*argument)...);
          } else if constexpr (kIsBound<F>) {
            return (*body).with_runtime(runtime, std::move(*argument)...);
          } else {
            return (*body)(runtime, std::move(*argument)...);
          }
        });
      },
      arguments);
}

// ---- In the starter
// ----------------------------------------------------------------------------------

// An argument as the parameter's type: itself, or converted.
template <class P>
class Converted final {
 public:
  template <class X>
  explicit Converted(X& argument) {
    using Given = std::remove_cvref_t<X>;
    if constexpr (std::is_same_v<Given, P>) {
      given_ = &argument;
    } else {
      static_assert(std::is_convertible_v<const Given&, P>,
                    "troupe: an argument of the process does not fit its parameter");
      made_ = std::make_unique<const P>(static_cast<P>(std::as_const(argument)));
      given_ = made_.get();
    }
  }
  const P& get() const { return *given_; }

 private:
  const P* given_ = nullptr;
  std::unique_ptr<const P> made_;  // null: it needed no conversion
};

template <class F, class List, class... X>
struct CallWith;
template <class F, class... P, class... X>
struct CallWith<F, Types<P...>, X...> {
  static_assert(sizeof...(P) == sizeof...(X),
                "troupe: the body of the process takes another number of arguments");
  static_assert(
      (... && (std::is_copy_constructible_v<std::decay_t<X>> || !std::is_lvalue_reference_v<X>)),
      "troupe: channel ends and descriptors are moved into a process: use std::move, so that "
      "no copy stays behind");

  using Arguments = std::tuple<Converted<P>...>;

  static AnyFunction entry() {
    constexpr RunBody kRun = &run_body<F, Parameters<F>::template kTakesRuntime<X...>, P...>;
    return reinterpret_cast<AnyFunction>(kRun);
  }

  // Refers to what is large in `body` and `arguments`.
  static Result<Encoded> encode(const F& body, const Arguments& arguments) {
    Encoded encoded;
    Writer writer{encoded};
    FunctionOnWire<F>::write(writer, body);
    std::apply([&](const auto&... argument) { (write_argument<P>(writer, argument.get()), ...); },
               arguments);
    if (auto written = writer.finish(); !written) return written.error();
    return encoded;
  }
};

template <class F, class... X>
struct Call : CallWith<F, typename Parameters<F>::template Of<X...>, X...> {
  static_assert(
      kCanBeSent<F>,
      "troupe: a lambda with captures cannot be sent to another process: pass what it needs "
      "as arguments, or use troupe::bind(f, args...)");
};

// What was given away is gone here too: no copy of a channel end stays open.
template <class X>
void consume([[maybe_unused]] std::remove_reference_t<X>& argument) {
  if constexpr (!std::is_lvalue_reference_v<X> && !std::is_const_v<X> &&
                !std::is_trivially_copyable_v<X>) {
    [[maybe_unused]] const X gone = std::move(argument);
  }
}

}  // namespace process
}  // namespace troupe
