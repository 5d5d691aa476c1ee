%% SPDX-License-Identifier: Apache-2.0
%% Erlang's side of the works on nodes; nodes.cpp says what each of them is. Started as
%%   erl -name benchPORT@127.0.0.1 -epmd_module erlang_nodes … main WORK PATH PEER PAIRS TIMES
%% it starts the other node, prints the seconds that one takes, and ends.
%%
%% It is also what stands in for epmd, which would stay behind: a node's port is the end of its name.
-module(erlang_nodes).
-behaviour(gen_server).
-export([main/1, start_echo/0, start_pong/0, start_sink/0]).
-export([init/1, handle_call/3, handle_cast/2]).
-export([start_link/0, register_node/2, register_node/3, port_please/2, port_please/3,
         listen_port_please/2, address_please/3, names/1]).

main([Work, Path, Peer, Pairs, Times]) ->
  {ok, _, Node} = peer:start_link(#{
    name => Peer, host => "127.0.0.1", longnames => true, connection => standard_io,
    args => ["-start_epmd", "false", "-epmd_module", "erlang_nodes", "-setcookie", "bench",
             "-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-pa", Path]}),
  true = net_kernel:connect_node(Node),
  Count = list_to_integer(Pairs),
  Each = max(list_to_integer(Times) div Count, 10),
  Seconds = work(list_to_atom(Work), Node, Count, Each),
  io:format("~w~n", [Seconds / (Each * Count)]),
  halt(0).

work(ping_pong, Node, Pairs, Each) ->
  at_once(Pairs, Each, fun() -> rpc:call(Node, ?MODULE, start_pong, []) end, fun ping/2);
work(stream, Node, Pairs, Each) ->
  at_once(Pairs, Each, fun() -> rpc:call(Node, ?MODULE, start_sink, []) end, fun stream/2);
work(asks, Node, Pairs, Each) ->
  at_once(Pairs, Each, fun() -> rpc:call(Node, ?MODULE, start_echo, []) end,
          fun(Server, Times) -> asks(Server, Times, 0, queue:new(), 0) end);
work(ask, Node, Pairs, Each) ->
  at_once(Pairs, Each, fun() -> rpc:call(Node, ?MODULE, start_echo, []) end, fun ask/2).

%% Seconds that it takes so many processes here, each with one of its own there, to do it.
at_once(Pairs, Each, Start, Do) ->
  Main = self(),
  Pids = [begin
            Far = Start(),
            spawn_link(fun() -> near(Main, Far, Do) end)
          end || _ <- lists:seq(1, Pairs)],
  all(Pids, Each div 10 + 1),
  Begin = erlang:monotonic_time(nanosecond),
  all(Pids, Each),
  (erlang:monotonic_time(nanosecond) - Begin) / 1.0e9.

all(Pids, Times) ->
  [Pid ! {go, Times} || Pid <- Pids],
  [receive {done, Pid} -> ok end || Pid <- Pids].

near(Main, Far, Do) ->
  receive {go, Times} -> Do(Far, Times), Main ! {done, self()}, near(Main, Far, Do) end.

%% Ping-pong

start_pong() -> spawn(fun pong/0).
pong() -> receive {From, Number} -> From ! Number, pong() end.

ping(_, 0) -> ok;
ping(Pong, Number) -> Pong ! {self(), Number}, receive Number -> ping(Pong, Number - 1) end.

%% Stream: a tuple of eight numbers, 64 bytes of values

start_sink() -> spawn(fun() -> sink(0) end).
sink(Received) ->
  receive
    {Received, _, _, _, _, _, _, _} -> sink(Received + 1);
    {count, From} -> From ! {counted, Received}, sink(0)
  end.

stream(Sink, Times) ->
  send_items(Sink, 0, Times),
  Sink ! {count, self()},
  receive {counted, Times} -> ok end.

send_items(_, Times, Times) -> ok;
send_items(Sink, Number, Times) ->
  Sink ! {Number, 0, 0, 0, 0, 0, 0, 0},
  send_items(Sink, Number + 1, Times).

%% Asks

start_echo() ->
  {ok, Server} = gen_server:start(?MODULE, [], []),
  Server.

asks(_, Times, Times, UnderWay, 0) -> true = queue:is_empty(UnderWay), ok;
asks(Server, Times, Sent, UnderWay, Count) when Sent < Times, Count < 100 ->
  Request = gen_server:send_request(Server, Sent),
  asks(Server, Times, Sent + 1, queue:in({Request, Sent}, UnderWay), Count + 1);
asks(Server, Times, Sent, UnderWay, Count) ->
  {{value, {Request, Number}}, Rest} = queue:out(UnderWay),
  {reply, Number} = gen_server:wait_response(Request, infinity),
  asks(Server, Times, Sent, Rest, Count - 1).

ask(_, 0) -> ok;
ask(Server, Number) -> Number = gen_server:call(Server, Number, infinity), ask(Server, Number - 1).

init([]) -> {ok, none}.
handle_call(Number, _, State) -> {reply, Number, State}.
handle_cast(_, State) -> {noreply, State}.

%% In place of epmd

start_link() -> ignore.
register_node(Name, Port) -> register_node(Name, Port, inet).
register_node(_, _, _) -> {ok, 1}.
listen_port_please(Name, _) -> {ok, port_of(Name)}.
address_please(_, Host, Family) -> inet:getaddr(Host, Family).
port_please(Name, Host) -> port_please(Name, Host, infinity).
port_please(Name, _, _) -> {port, port_of(Name), 6}.
names(_) -> {error, address}.

port_of(Name) when is_atom(Name) -> port_of(atom_to_list(Name));
port_of("bench" ++ Digits) -> list_to_integer(lists:takewhile(fun(C) -> C =/= $@ end, Digits)).
