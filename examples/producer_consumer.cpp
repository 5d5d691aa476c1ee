// SPDX-License-Identifier: Apache-2.0
// Producers and consumers that were started apart and meet at an address, in two terminals or on
// two hosts. Kill a consumer: its items go to the next. Kill a producer: what it said is there.
//
//   producer_consumer serve tcp://127.0.0.1:7001/jobs        owns the queue until it is told to
//   stop producer_consumer produce tcp://127.0.0.1:7001/jobs 100  puts 100 jobs producer_consumer
//   consume tcp://127.0.0.1:7001/jobs      works until there are no more producer_consumer close
//   tcp://127.0.0.1:7001/jobs        says that there are no more
//
// Without arguments it is all of them, each a process, and prints:
//   3 consumers did 300 jobs

#include <troupe/troupe.hpp>

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

namespace shop {

struct Job {
  std::uint64_t number = 0;
  std::string what;
};

}  // namespace shop

namespace {

using shop::Job;

troupe::Queue<Job> open(const std::string& at) {
  return troupe::Queue<Job>::open(*troupe::Runtime::current(), at).value();
}

void produce(const std::string& at, std::uint64_t count) {
  const auto jobs = open(at);
  for (std::uint64_t i = 1; i <= count; ++i) {
    jobs.put(Job{i, "job " + std::to_string(i)}).value();  // waits while the queue is full
  }
  jobs.flush().value();  // the owner has them
}

std::uint64_t consume(const std::string& at) {
  std::uint64_t done = 0;
  for (auto& job : open(at)) {  // the next step acknowledges
    done += job->what.empty() ? 0 : 1;
  }
  return done;
}

void consume_and_tell(const std::string& at, const troupe::Queue<std::uint64_t>& told) {
  told.put_confirmed(consume(at)).value();
}

int all(troupe::Runtime& runtime) {
  const auto jobs = troupe::Queue<Job>::create(runtime, "tcp://127.0.0.1:0/jobs").value();
  const std::string at = jobs.address().text();
  troupe::Queue<std::uint64_t> told{runtime};
  std::vector<troupe::Process> consumers, producers;
  for (int i = 0; i < 3; ++i) {
    consumers.emplace_back(runtime, consume_and_tell, at, told);
    producers.emplace_back(runtime, produce, at, std::uint64_t{100});
  }
  for (auto& producer : producers) {
    if (!producer.join().value().ok()) return 1;
  }
  jobs.close().value();
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    done += told.get().value();
  }
  std::cout << consumers.size() << " consumers did " << done << " jobs\n";
  return done == 300 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  troupe::Runtime runtime{argc, argv, {.signals = troupe::SignalPolicy::stop_on_terminate}};
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words.empty()) return all(runtime);
  if (words.size() == 2 && words[0] == "serve") {
    const auto jobs = troupe::Queue<Job>::create(runtime, words[1]).value();
    (void)troupe::Inbox<troupe::Protocol<>>{runtime}.receive([](const troupe::Down&) {});
  } else if (words.size() == 3 && words[0] == "produce") {
    produce(words[1], std::stoull(words[2]));
  } else if (words.size() == 2 && words[0] == "consume") {
    std::cout << "did " << consume(words[1]) << " jobs\n";
  } else if (words.size() == 2 && words[0] == "close") {
    open(words[1]).close().value();
  } else {
    std::cerr << "producer_consumer [serve URL | produce URL COUNT | consume URL | close URL]\n";
    return 2;
  }
} catch (const std::exception& error) {
  std::cerr << "producer_consumer: " << error.what() << '\n';
  return 1;
}
