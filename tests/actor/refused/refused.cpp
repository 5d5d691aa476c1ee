// SPDX-License-Identifier: Apache-2.0
// Does not compile: each CASE below is an error in the use of actors. refused.py compiles one at a
// time, and finds what stands behind its number in the first lines of what the compiler says.
// clang-format off
#include "troupe/troupe.hpp"

#include <any>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace app {

struct Deposit { long amount; };
struct Withdraw { long amount; };
struct Balance {};

class Account {
 public:
  long handle(Deposit deposit) { return balance_ += deposit.amount; }
  long handle(Balance /*now*/) const { return balance_; }
  void handle(double rate, troupe::Context& context);

 private:
  long balance_ = 0;
};

using AccountApi = troupe::Protocol<long(Deposit), long(Balance)>;

struct Forgetful {
  using Accepts = troupe::Protocol<long(Deposit), long(Withdraw)>;
  long handle(Deposit deposit);
};

struct Parcel { std::unique_ptr<int> content; };
struct Porter { void handle(Parcel parcel); };

enum class Colour { red };

// Of what an int, or anything, converts to.
struct Wrapping {
  void handle(std::optional<int> value);
  void handle(const std::any& value);
  void handle(std::function<void()> call, troupe::Context& context);
};
struct Old {};
struct New : Old {};
struct Keeper { int handle(const Old& old); };

}  // namespace app

using namespace std::chrono_literals;

inline void use(troupe::Runtime& runtime, const troupe::Ref<app::Account>& account) {
#if CASE == 0
  account.send(app::Deposit{3});  // what is right compiles
  (void)account.ask(0.5, 1s);
  (void)account.ask_async(app::Balance{});
#elif CASE == 1  // no handle\(\) ACTOR=Account MESSAGE=Withdraw
  account.send(app::Withdraw{3});
#elif CASE == 2  // no handle\(\) ACTOR=Account MESSAGE=Withdraw
  account.send(app::Withdraw{3}, 1s);
#elif CASE == 3  // no handle\(\) ACTOR=Account MESSAGE=Withdraw
  (void)account.ask(app::Withdraw{3});
#elif CASE == 4  // no handle\(\) ACTOR=Account MESSAGE=Withdraw
  (void)account.ask_async(app::Withdraw{3}, 1s);
#elif CASE == 5  // exactly this type ACTOR=Account MESSAGE=int
  (void)account.ask(3);
#elif CASE == 6  // exactly this type ACTOR=Account MESSAGE=float
  account.send(0.5F);
#elif CASE == 7  // using Accepts = troupe::Protocol ACTOR=Account
  const troupe::Ref<app::AccountApi> api = account;
#elif CASE == 8  // no signature ACTOR=Protocol<.*Deposit.*Balance MESSAGE=Withdraw
  troupe::Ref<app::AccountApi>{}.send(app::Withdraw{3});
#elif CASE == 9  // conver ACTOR=Account MESSAGE=Withdraw
  const troupe::Ref<troupe::Protocol<void(app::Withdraw)>> api = account;
#elif CASE == 10  // Accepts lists.*no handle\(\) ACTOR=Forgetful MESSAGE=Withdraw
  runtime.spawn<app::Forgetful>();
#elif CASE == 11  // cannot be copied.*std::move ACTOR=Porter MESSAGE=Parcel
  const auto porter = runtime.spawn<app::Porter>();
  app::Parcel parcel;
  porter.send(parcel);
#elif CASE == 12  // Parcel.*(deleted|unique_ptr) MESSAGE=Parcel
  const auto porter = runtime.spawn<app::Porter>();
  app::Parcel parcel;
  (void)porter.ask(parcel);
#elif CASE == 13  // an actor is a class with handle\(\) overloads ACTOR=Colour
  runtime.spawn<app::Colour>();
#elif CASE == 14  // no constructor for these arguments ACTOR=Account
  runtime.spawn<app::Account>("Ada");
#elif CASE == 15  // no signature for exactly this type ACTOR=Protocol<.*Deposit.*Balance MESSAGE=Withdraw
  runtime.spawn_function<app::AccountApi>([](troupe::Inbox<app::AccountApi>& inbox) {
    (void)inbox.receive([](app::Deposit deposit) { return deposit.amount; }, [](app::Withdraw) {});
  });
#elif CASE == 16  // lists another reply ACTOR=Protocol<.*Deposit.*Balance MESSAGE=Deposit
  runtime.spawn_function<app::AccountApi>([](troupe::Inbox<app::AccountApi>& inbox) {
    (void)inbox.receive([](app::Deposit deposit) { return static_cast<int>(deposit.amount); });
  });
#elif CASE == 20  // exactly this type ACTOR=Wrapping MESSAGE=int
  runtime.spawn<app::Wrapping>().send(3);
#elif CASE == 21  // exactly this type ACTOR=Wrapping MESSAGE=lambda
  runtime.spawn<app::Wrapping>().send([] {});
#elif CASE == 22  // exactly this type ACTOR=Keeper MESSAGE=New
  (void)runtime.spawn<app::Keeper>().ask(app::New{});
#elif CASE == 23  // exactly the topic's type ACTOR=Wrapping MESSAGE=Withdraw
  troupe::Topic<app::Withdraw>{runtime}.deliver_to(runtime.spawn<app::Wrapping>());
#endif
}

inline void app::Account::handle(double, troupe::Context& context) {
#if CASE == 0
  context.after(*this, 1s, app::Deposit{3});
#elif CASE == 17  // no handle\(\) ACTOR=Account MESSAGE=Withdraw
  context.after(*this, 1s, app::Withdraw{3});
#elif CASE == 18  // no handle\(\) ACTOR=Account MESSAGE=Withdraw
  context.every(*this, 1s, app::Withdraw{3});
#elif CASE == 19  // sent again is copied ACTOR=Porter MESSAGE=Parcel
  app::Porter porter;
  context.every(porter, 1s, app::Parcel{});
#endif
  static_cast<void>(context);
}
