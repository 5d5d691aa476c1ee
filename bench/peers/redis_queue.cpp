// SPDX-License-Identifier: Apache-2.0
#include "redis_queue.hpp"

#include "../child_program.hpp"
#include "../free_ports.hpp"
#include "temporary_folder.hpp"

#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench::redis {
namespace {

using namespace std::chrono_literals;

constexpr int kPipeline = 64;

// redis-server, for as long as this lives.
class Server final {
 public:
  explicit Server(const std::string& scheme)
      : port_(scheme == "tcp" ? free_ports(1).front() : ""), program_(words()) {
    while (program_.line().find("eady to accept connections") == std::string::npos) {
    }
  }

  redisContext* connect() const {
    return port_.empty() ? ::redisConnectUnix(socket().c_str())
                         : ::redisConnect("127.0.0.1", std::stoi(port_));
  }

 private:
  std::string socket() const { return folder_.path() + "/socket"; }
  std::vector<std::string> words() const {
    return {"redis-server",
            "--port",
            port_.empty() ? "0" : port_,
            "--bind",
            "127.0.0.1",
            "--unixsocket",
            socket(),
            "--dir",
            folder_.path(),
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no"};
  }

  const TemporaryFolder folder_;
  const std::string port_;  // empty: it is reached by its Unix socket
  ChildProgram program_;
};

using Words = std::vector<std::string_view>;

class Client final {
 public:
  explicit Client(const Server& server) : context_(server.connect(), &::redisFree) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error{"redis: no connection"};
  }

  // Goes out when a reply is asked for.
  void append(const Words& words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    ::redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(),
                             sizes.data());
  }
  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
  Reply reply() {
    void* raw = nullptr;
    if (::redisGetReply(context_.get(), &raw) != REDIS_OK)
      throw std::runtime_error{context_->errstr};
    Reply reply{static_cast<redisReply*>(raw), &::freeReplyObject};
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error{reply->str};
    return reply;
  }
  Reply ask(const Words& words) {
    append(words);
    return reply();
  }

 private:
  std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

constexpr const char* kItems = "items";

std::string_view text_of(const std::vector<std::byte>& item) {
  return {reinterpret_cast<const char*>(item.data()), item.size()};
}
std::string text_of(const redisReply& reply) {
  return {reply.str, reply.len};
}

void produce(Client& client, std::size_t size) {
  for (std::uint64_t number = kFirstNumber;;) {
    std::vector<std::vector<std::byte>> items;
    for (int i = 0; i < kPipeline; ++i) {
      items.push_back(item_bytes(size, number++));
      client.append({"LPUSH", kItems, text_of(items.back())});
    }
    long long waiting = 0;
    for (int i = 0; i < kPipeline; ++i) {
      waiting = client.reply()->integer;
    }
    while (waiting > static_cast<long long>(kQueueCapacity)) {
      std::this_thread::sleep_for(100us);
      waiting = client.ask({"LLEN", kItems})->integer;
    }
  }
}

// A consumer that acknowledges.
class Worker final {
 public:
  Worker(Client& client, int place) : client_(client), own_("in-work-" + std::to_string(place)) {}

  // Acknowledges what the last call has taken, and takes; waits for one at least. How many were
  // acknowledged.
  std::uint64_t turn(int at_most) {
    const std::vector<std::string> done = std::exchange(taken_, {});
    for (const std::string& item : done) {
      client_.append({"LREM", own_, "-1", item});
    }
    for (int i = 0; i < at_most; ++i) {
      client_.append({"LMOVE", kItems, own_, "RIGHT", "LEFT"});
    }
    for (std::size_t i = 0; i < done.size(); ++i) {
      if (client_.reply()->integer != 1) throw std::runtime_error{"redis: an item is lost"};
    }
    for (int i = 0; i < at_most; ++i) {
      keep(*client_.reply());
    }
    while (taken_.empty()) {
      keep(*client_.ask({"BLMOVE", kItems, own_, "RIGHT", "LEFT", "0"}));
    }
    return done.size();
  }
  const std::vector<std::string>& taken() const noexcept { return taken_; }
  void acknowledge_one() {
    client_.ask({"LREM", own_, "-1", taken_.front()});
    taken_.clear();
  }

 private:
  void keep(const redisReply& reply) {
    if (reply.type == REDIS_REPLY_STRING) taken_.push_back(text_of(reply));
  }

  Client& client_;
  const std::string own_;
  std::vector<std::string> taken_;
};

void consume_acknowledged(Client& client, std::size_t size, int place, Tally& tally) {
  Worker worker{client, place};
  for (;;) {
    tally.add(worker.turn(kPipeline));
    for (const std::string& item : worker.taken()) {
      (void)item_number(item.data(), item.size(), size);
    }
  }
}

void consume_at_once(Client& client, std::size_t size, Tally& tally) {
  const std::string at_most = std::to_string(kPipeline);
  for (;;) {
    auto reply = client.ask({"RPOP", kItems, at_most});
    std::size_t first = 0;
    if (reply->type != REDIS_REPLY_ARRAY) {
      reply = client.ask({"BRPOP", kItems, "0"});  // the list's name, and an item
      first = 1;
    }
    for (std::size_t i = first; i < reply->elements; ++i) {
      (void)item_number(reply->element[i]->str, reply->element[i]->len, size);
    }
    tally.add(reply->elements - first);
  }
}

}  // namespace

double items_a_second(const QueueUse& use, std::chrono::nanoseconds duration) {
  const Server server{use.scheme};
  return bench::items_a_second(use,
                               {.produce =
                                    [&](int /*place*/) {
                                      Client client{server};
                                      produce(client, use.size);
                                    },
                                .consume =
                                    [&](int place, Tally& tally) {
                                      Client client{server};
                                      if (use.finish == Finish::acknowledged) {
                                        consume_acknowledged(client, use.size, place, tally);
                                      } else {
                                        consume_at_once(client, use.size, tally);
                                      }
                                    }},
                               duration);
}

double put_to_take(const std::string& scheme, Quantile which, std::chrono::nanoseconds duration) {
  const Server server{scheme};
  std::unique_ptr<Client> client;
  std::unique_ptr<Worker> worker;
  const LoneItem item{
      .producer =
          [&] {
            return [own = std::make_shared<Client>(server)](std::uint64_t number) {
              own->ask({"LPUSH", kItems, text_of(item_bytes(kLoneItemBytes, number))});
            };
          },
      .consumer =
          [&] {
            client = std::make_unique<Client>(server);
            worker = std::make_unique<Worker>(*client, 0);
            return Taker{.take =
                             [&] {
                               (void)worker->turn(0);
                               const std::string& taken = worker->taken().front();
                               return item_number(taken.data(), taken.size(), kLoneItemBytes);
                             },
                         .finish = [&] { worker->acknowledge_one(); }};
          }};
  return bench::put_to_take(item, which, duration);
}

}  // namespace bench::redis
