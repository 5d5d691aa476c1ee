// SPDX-License-Identifier: Apache-2.0
// A typed pipe to a function in a process of its own. Run it without arguments; it prints 5.

#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <utility>

using namespace std::chrono_literals;

namespace {

struct Question {
  int left, right;
};
struct Answer {
  int sum;
};

void serve(troupe::Pipe<Answer, Question> pipe) {
  for (Question& question : pipe) {
    pipe.send({question.left + question.right}).value();
  }
}

}  // namespace

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  auto [here, there] = troupe::Pipe<Question, Answer>::create(runtime).value();
  troupe::Process child{runtime, serve, std::move(there)};
  here.send({2, 3}).value();
  std::cout << here.receive(1s).value().sum << '\n';
  here.close();
  return child.join(5s).value().ok() ? 0 : 1;
}
