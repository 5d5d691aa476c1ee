// SPDX-License-Identifier: Apache-2.0
#include "wordcount/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <thread>

namespace wordcount {
namespace {

using troupe::Code;
using troupe::Error;
using troupe::Result;

constexpr std::size_t kMostWorkers = 100;

// The value of --name VALUE or --name=VALUE; moves on to it.
Result<std::string_view> value_of(std::span<const char* const> arguments, std::size_t& at) {
  const std::string_view argument = arguments[at];
  if (const std::size_t equals = argument.find('='); equals != std::string_view::npos) {
    return argument.substr(equals + 1);
  }
  if (at + 1 == arguments.size()) {
    return Error{Code::invalid_argument, std::string{argument} + " needs a value"};
  }
  return std::string_view{arguments[++at]};
}

Result<std::size_t> number(std::string_view name, const Result<std::string_view>& text,
                           std::size_t least, std::size_t most) {
  if (!text) {
    return text.error();
  }
  std::size_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || stop != end || number < least || number > most) {
    return Error{Code::invalid_argument, std::string{name} + " takes a number from " +
                                             std::to_string(least) + " to " + std::to_string(most) +
                                             ", not \"" + std::string{*text} + "\""};
  }
  return number;
}

Result<std::string> transport(const Result<std::string_view>& text) {
  constexpr std::array<std::string_view, 4> kBetweenStrangers{"fifo", "unix", "shm", "tcp"};
  if (!text) {
    return text.error();
  }
  if (std::ranges::find(kBetweenStrangers, *text) != kBetweenStrangers.end()) {
    return std::string{*text};
  }
  const std::string there_are = "there are fifo, unix, shm and tcp";
  if (*text == "inproc") {
    return Error{Code::invalid_argument,
                 "--transport inproc: it stays inside one process, and the stages of this pipeline "
                 "are processes of their own; " +
                     there_are};
  }
  return Error{Code::invalid_argument,
               "--transport " + std::string{*text} + ": there is no such transport; " + there_are};
}

template <class T, class U>
Result<void> store(Result<T> value, U& place) {
  if (!value) {
    return value.error();
  }
  place = std::move(*value);
  return {};
}

}  // namespace

Result<Options> parse_options(std::span<const char* const> arguments) {
  Options options;
  options.workers = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostWorkers);
  options.input = {"/usr/include", true};
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    const std::string_view name = argument.substr(0, argument.find('='));
    Result<void> stored;
    if (argument == "--help" || argument == "-h") {
      options.help = true;
    } else if (argument == "--verify") {
      options.verify = true;
    } else if (name == "--transport") {
      stored = store(transport(value_of(arguments, at)), options.transport);
    } else if (name == "--workers") {
      stored = store(number(name, value_of(arguments, at), 1, kMostWorkers), options.workers);
    } else if (name == "--top") {
      stored = store(number(name, value_of(arguments, at), 0, 1'000'000'000), options.top);
    } else if (name == "--chaos") {
      stored = store(number(name, value_of(arguments, at), 0, 1000), options.chaos);
    } else if (name == "--input") {
      stored = store(value_of(arguments, at), options.input.directory);
      options.input.headers_only = false;
    } else {
      stored = Error{Code::invalid_argument, "there is no option " + std::string{argument}};
    }
    if (!stored) {
      return stored.error();
    }
  }
  return options;
}

std::string_view usage() {
  return R"(wordcount: counts the words of a directory tree in a pipeline of processes

  one process reads, several count, one puts together; they talk through queues of troupe

  --transport SCHEME  over what they talk: fifo, unix, shm or tcp (shm)
  --workers N         how many processes count, 1 to 100 (one for each CPU)
  --input DIR         count all files below DIR (the C and C++ headers below /usr/include)
  --top K             how many of the most frequent words to show (20)
  --chaos N           kill N of those that count on the way; nothing is lost or counted twice (0)
  --verify            count again in one process, and compare exactly
  --help              this text

A word is a run of letters, digits, _ and bytes outside ASCII; one of more than 16 MiB counts as
several. Links are not followed. Headers are files named .h .hh .hpp .hxx .h++ .H .inl .ipp .tcc
.tpp .txx, or without a dot. The table goes to stdout, everything else to stderr. The exit status is
0, or 1 when something failed or --verify found a difference, 2 for a wrong command line, 130 after
Ctrl-C.
)";
}

}  // namespace wordcount
