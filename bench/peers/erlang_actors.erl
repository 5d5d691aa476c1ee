%% SPDX-License-Identifier: Apache-2.0
%% Erlang's side of the works on actors; actors.hpp says what each of them is. Started as
%%   erl -noshell -noinput -run erlang_actors main WORK NUMBER...
%% it prints its figures, in seconds, messages a second and bytes, and ends; or "begun", and goes on.
-module(erlang_actors).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2]).

main([Work | Numbers]) ->
  Figures = work(list_to_atom(Work), [list_to_integer(Number) || Number <- Numbers]),
  io:format("~s~n", [lists:join(" ", [io_lib:format("~w", [Figure]) || Figure <- Figures])]),
  halt(0).

work(ping_pong, [Trips]) ->
  Pong = spawn_link(fun pong/0),
  ping(Pong, Trips div 10),
  [seconds(fun() -> ping(Pong, Trips) end) / Trips];

work(senders, [Senders, Messages, Sum]) ->
  Each = Messages div Senders,
  Main = self(),
  Receiver = spawn_link(fun() -> Main ! {received, sum(Each * Senders, 0)} end),
  Pids = [spawn_link(fun() -> receive go -> send_numbers(Receiver, 0, Each) end end)
          || _ <- lists:seq(1, Senders)],
  Seconds = seconds(fun() ->
    [Pid ! go || Pid <- Pids],
    receive {received, Received} -> Sum = Received end
  end),
  [Each * Senders / Seconds];

work(spawn, [Count]) ->
  Started = counters:new(1, []),
  Before = resident_bytes(),
  Begin = now_ns(),
  Pids = [spawn(fun() -> counters:add(Started, 1, 1), wait() end) || _ <- lists:seq(1, Count)],
  await_count(Started, Count),
  Seconds = since(Begin),
  Bytes = resident_bytes() - Before,
  Count = length(Pids),
  [Seconds / Count, Bytes / Count];

work(skynet, [Leaves, Branches, Sum]) ->
  Main = self(),
  [seconds(fun() ->
    spawn(fun() -> skynet(Main, 0, Leaves, Branches) end),
    receive {sum, Reported} -> Sum = Reported end
  end)];

work(thread_ring, [Actors, Hops]) ->
  Main = self(),
  Ring = [First | Rest] = [spawn_link(fun() -> ring(Main) end) || _ <- lists:seq(1, Actors)],
  lists:foreach(fun({Pid, Next}) -> Pid ! {next, Next} end, lists:zip(Ring, Rest ++ [First])),
  go_round(First, Hops div 10),
  [seconds(fun() -> go_round(First, Hops) end) / Hops];

work(bounded_buffer, [Enough, Producers, Consumers, Items, Loops]) ->
  Main = self(),
  Begin = now_ns(),
  spawn_link(fun() -> manage(Main, Enough, Producers, Consumers, Items, Loops) end),
  Consumed = lists:sum([receive {consumed, Value} -> Value end || _ <- lists:seq(1, Consumers)]),
  [since(Begin), Consumed];

work(ask, [Asks]) ->
  {ok, Server} = gen_server:start_link(?MODULE, [], []),
  ask(Server, Asks div 10),
  [seconds(fun() -> ask(Server, Asks) end) / Asks];

work(idle, [Count]) ->
  Pids = [spawn_link(fun wait/0) || _ <- lists:seq(1, Count)],
  io:format("begun~n"),
  wait(),
  Pids;

work(slow_consumer, [EachSecond, TickMs, HandlingNs]) ->
  Consumer = spawn_link(fun() -> consume_slowly(HandlingNs) end),
  spawn_link(fun() -> produce_fast(Consumer, now_ns(), 0, EachSecond, TickMs) end),
  io:format("begun~n"),
  wait().

%% Time and memory

now_ns() -> erlang:monotonic_time(nanosecond).
since(Begin) -> (now_ns() - Begin) / 1.0e9.
seconds(Do) -> Begin = now_ns(), Do(), since(Begin).

resident_bytes() ->
  {ok, Text} = file:read_file("/proc/self/statm"),
  [_, Pages | _] = string:split(Text, " ", all),
  binary_to_integer(Pages) * 4096.

await_count(Counter, Count) ->
  case counters:get(Counter, 1) of
    Count -> ok;
    _ -> erlang:yield(), await_count(Counter, Count)
  end.

wait() -> receive _ -> wait() end.

%% Ping-pong, senders

pong() -> receive {From, Number} -> From ! Number, pong() end.

ping(_, 0) -> ok;
ping(Pong, Number) -> Pong ! {self(), Number}, receive Number -> ping(Pong, Number - 1) end.

send_numbers(_, End, End) -> ok;
send_numbers(To, Number, End) -> To ! Number, send_numbers(To, Number + 1, End).

sum(0, Sum) -> Sum;
sum(Left, Sum) -> receive Number -> sum(Left - 1, Sum + Number) end.

%% Skynet, ring

skynet(Parent, First, 1, _) -> Parent ! {sum, First};
skynet(Parent, First, Leaves, Branches) ->
  Self = self(),
  Part = Leaves div Branches,
  [spawn(fun() -> skynet(Self, First + I * Part, Part, Branches) end)
   || I <- lists:seq(0, Branches - 1)],
  Parent ! {sum, sum_of_children(Branches, 0)}.

sum_of_children(0, Sum) -> Sum;
sum_of_children(Left, Sum) -> receive {sum, More} -> sum_of_children(Left - 1, Sum + More) end.

ring(Main) -> receive {next, Next} -> ring(Main, Next) end.
ring(Main, Next) ->
  receive
    {token, 0} -> Main ! arrived;
    {token, Hops} -> Next ! {token, Hops - 1}
  end,
  ring(Main, Next).

go_round(First, Hops) -> First ! {token, Hops}, receive arrived -> ok end.

%% Bounded buffer

manage(Main, Enough, ProducerCount, ConsumerCount, Items, Loops) ->
  Self = self(),
  Consumers = [spawn_link(fun() -> consume(Self, Main, 0.0, Loops) end)
               || _ <- lists:seq(1, ConsumerCount)],
  Producers = [spawn_link(fun() -> produce(Self, 0.0, Items, Loops) end)
               || _ <- lists:seq(1, ProducerCount)],
  [Producer ! produce || Producer <- Producers],
  buffer(#{enough => Enough, producers => ProducerCount, consumers => ConsumerCount},
         queue:new(), 0, queue:new(), queue:from_list(Consumers), ConsumerCount).

%% The buffered items, and how many; the producers that wait; the consumers that are free, and how many.
buffer(#{producers := 0, consumers := All}, _, 0, _, Free, All) ->
  [Consumer ! stop || Consumer <- queue:to_list(Free)];
buffer(#{enough := Enough, producers := Left} = Sizes, Buffer, Held, Waiting, Free, FreeCount) ->
  receive
    {item, Item, Producer} ->
      {Buffer1, Held1, Free1, FreeCount1} =
        case queue:out(Free) of
          {{value, Consumer}, Others} ->
            Consumer ! {item, Item},
            {Buffer, Held, Others, FreeCount - 1};
          {empty, _} ->
            {queue:in(Item, Buffer), Held + 1, Free, FreeCount}
        end,
      case Held1 >= Enough of
        true ->
          buffer(Sizes, Buffer1, Held1, queue:in(Producer, Waiting), Free1, FreeCount1);
        false ->
          Producer ! produce,
          buffer(Sizes, Buffer1, Held1, Waiting, Free1, FreeCount1)
      end;
    {free, Consumer} ->
      case queue:out(Buffer) of
        {empty, _} ->
          buffer(Sizes, Buffer, Held, Waiting, queue:in(Consumer, Free), FreeCount + 1);
        {{value, Item}, Items} ->
          Consumer ! {item, Item},
          buffer(Sizes, Items, Held - 1, ask_next(Waiting), Free, FreeCount)
      end;
    ended ->
      buffer(Sizes#{producers := Left - 1}, Buffer, Held, Waiting, Free, FreeCount)
  end.

ask_next(Waiting) ->
  case queue:out(Waiting) of
    {empty, _} -> Waiting;
    {{value, Producer}, Others} -> Producer ! produce, Others
  end.

produce(Manager, _, 0, _) -> receive produce -> Manager ! ended end;
produce(Manager, Last, Items, Loops) ->
  receive produce -> ok end,
  Item = process(Last, Loops),
  Manager ! {item, Item, self()},
  produce(Manager, Item, Items - 1, Loops).

consume(Manager, Main, Value, Loops) ->
  receive
    {item, Item} ->
      Consumed = process(Value + Item, Loops),
      Manager ! {free, self()},
      consume(Manager, Main, Consumed, Loops);
    stop ->
      Main ! {consumed, Value}
  end.

process(Value, Loops) -> process(Value, Loops, 25).
process(Value, 0, _) -> Value;
process(Value, Loops, Seed) ->
  Next = (Seed * 1309 + 13849) band 65535,
  process(Value + math:log(abs(Next / 65536) + 0.01), Loops - 1, Next).

%% Ask

ask(_, 0) -> ok;
ask(Server, Number) -> Number = gen_server:call(Server, Number), ask(Server, Number - 1).

init([]) -> {ok, none}.
handle_call(Number, _, State) -> {reply, Number, State}.
handle_cast(_, State) -> {noreply, State}.

%% Slow consumer

consume_slowly(HandlingNs) ->
  receive Number when is_integer(Number) -> be_busy(now_ns() + HandlingNs) end,
  consume_slowly(HandlingNs).

be_busy(End) ->
  case now_ns() < End of
    true -> be_busy(End);
    false -> ok
  end.

produce_fast(Consumer, Begin, Sent, EachSecond, TickMs) ->
  Due = trunc(since(Begin) * EachSecond),
  send_numbers(Consumer, Sent, Due),
  receive after TickMs -> produce_fast(Consumer, Begin, Due, EachSecond, TickMs) end.
