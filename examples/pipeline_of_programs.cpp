// SPDX-License-Identifier: Apache-2.0
// A typed pipeline with a real program in its middle: an actor makes records, the program `sort`
// puts their lines in order, and an actor that reads its output line by line makes them typed
// again. Neither knows that what is between them is not an actor. Run it without arguments; it
// prints:
//   Erlang 1986, Smalltalk 1972, Scheme 1975, ... sorted by sort (pid N) ended normally
//   1972 Smalltalk
//   1975 Scheme
//   1986 Erlang

#include <troupe/troupe.hpp>

#include <charconv>
#include <iostream>
#include <string>
#include <vector>

namespace {

using troupe::Result;
namespace subprocess = troupe::subprocess;

struct Language {
  int year = 0;
  std::string name;
};
struct Finish {};

// The end of the pipeline.
class Printer {
 public:
  void handle(const Language& language) {
    lines_ += "\n" + std::to_string(language.year) + " " + language.name;
  }
  std::string handle(Finish /*finish*/) { return lines_; }

 private:
  std::string lines_;
};

// The middle: records in, records out; what sorts them is a program.
class Sorter {
 public:
  explicit Sorter(troupe::Ref<Printer> next)
      : next_(next),
        sort_(subprocess::Popen::start({"sort", "-n"}, {.in = subprocess::Stdio::pipe()}).value()) {
  }

  Result<void> handle(const Language& language) {
    return sort_.in().send_bytes(
        troupe::bytes_of(std::to_string(language.year) + " " + language.name));
  }

  // Each wait for a line suspends this actor alone.
  Result<std::string> handle(Finish /*finish*/) {
    sort_.in().close();
    auto line = sort_.out().receive_bytes();
    for (; line; line = sort_.out().receive_bytes()) {
      Language language;
      const auto text = troupe::text_of(*line);
      const auto [end, error] = std::from_chars(text.begin(), text.end(), language.year);
      if (error != std::errc{}) return troupe::Error::failed("not a record: " + std::string{text});
      language.name.assign(end + 1, text.end());
      next_.send(language);
    }
    if (line.error() != troupe::Code::closed) return line.error();
    auto exit = sort_.wait();
    if (!exit) return exit.error();
    return exit->text();
  }

 private:
  troupe::Ref<Printer> next_;
  subprocess::Popen sort_;
};

}  // namespace

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  auto printer = runtime.spawn<Printer>();
  auto sorter = runtime.spawn<Sorter>(printer);
  for (const Language& language :
       std::vector<Language>{{1986, "Erlang"}, {1972, "Smalltalk"}, {1975, "Scheme"}}) {
    std::cout << language.name << ' ' << language.year << ", ";
    sorter.send(language);
  }
  std::cout << "... sorted by " << sorter.ask(Finish{}).value();
  std::cout << printer.ask(Finish{}).value() << '\n';
}
