// SPDX-License-Identifier: Apache-2.0
#include "shard.hpp"

#include <unistd.h>

#include <stdexcept>

// A line an entry; the last one may have been cut short by a kill, and was not acknowledged then.
Shard::Shard(const std::string& journal) {
  std::string whole;
  {
    std::ifstream before{journal};
    std::string line;
    while (std::getline(before, line) && !before.eof()) {
      const auto tab = line.find('\t');
      values_[line.substr(0, tab)] = line.substr(tab + 1);
      whole += line + '\n';
    }
  }
  std::ofstream{journal + ".new"} << whole;
  std::rename((journal + ".new").c_str(), journal.c_str());
  journal_.open(journal, std::ios::app);
  if (!journal_) throw std::runtime_error{"cannot write " + journal};
}

troupe::Result<void> Shard::handle(const Put& put) {
  if (put.key.find_first_of("\t\n") != std::string::npos ||
      put.value.find('\n') != std::string::npos) {
    return troupe::Error::failed("a key has no tab, and neither a key nor a value a line end");
  }
  journal_ << put.key + '\t' + put.value + '\n' << std::flush;  // with the kernel, which lives on
  if (!journal_) {
    return troupe::Error::failed("the journal cannot be written");
  }
  values_[put.key] = put.value;
  return {};
}

troupe::Result<std::string> Shard::handle(const Get& get) {
  const auto found = values_.find(get.key);
  if (found == values_.end()) {
    return troupe::Error{troupe::Code::not_found, "there is no key " + get.key};
  }
  return found->second;
}

pid_t Shard::handle(WhoAreYou /*question*/) {
  return ::getpid();
}
