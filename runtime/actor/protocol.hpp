// SPDX-License-Identifier: Apache-2.0
#pragma once

// Protocol: what can be sent to something, and what it answers, as a list of signatures:
//
//   using AccountApi = troupe::Protocol<long(Deposit), long(Balance), void(Reset)>;
//
// A Ref<AccountApi> reaches any actor that handles these messages, whatever its class.

#include <concepts>
#include <type_traits>

namespace troupe {

template <class... Signatures>
struct Protocol {};

namespace actor {

template <class Signature>
struct SignatureOf;
template <class R, class M>
struct SignatureOf<R(M)> {
  using Message = std::remove_cvref_t<M>;
  using Reply = R;
};

template <class P>
inline constexpr bool kIsProtocol = false;
template <class... Signatures>
inline constexpr bool kIsProtocol<Protocol<Signatures...>> = true;

// The reply that a protocol lists for M; NoReply: M is not in it.
struct NoReply {};

template <class M, class... Signatures>
struct FindReply {
  using type = NoReply;
};
template <class M, class First, class... Rest>
struct FindReply<M, First, Rest...> {
  using type = typename std::conditional_t<std::same_as<typename SignatureOf<First>::Message, M>,
                                           std::type_identity<typename SignatureOf<First>::Reply>,
                                           FindReply<M, Rest...>>::type;
};

template <class P, class M>
struct ProtocolReply;
template <class... Signatures, class M>
struct ProtocolReply<Protocol<Signatures...>, M> : FindReply<M, Signatures...> {};

}  // namespace actor
}  // namespace troupe
