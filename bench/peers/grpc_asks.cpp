// SPDX-License-Identifier: Apache-2.0
#include "grpc_asks.hpp"

#include "../actors.hpp"
#include "../free_ports.hpp"
#include "../fresh_process.hpp"
#include "grpc_asks.grpc.pb.h"
#include "temporary_folder.hpp"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::grpc_peer {
namespace {

constexpr std::uint64_t kUnderWay = 100;

class Service final : public Echo::CallbackService {
 public:
  grpc::ServerUnaryReactor* Ask(grpc::CallbackServerContext* context, const Number* question,
                                Number* answer) override {
    answer->set_number(question->number());
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

void serve(const std::string& address, const FoundPartner::Tell& tell) {
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) throw std::runtime_error{"gRPC: it does not listen"};
  tell(address);
}

// Asks so often, with so many under way.
class Caller final {
 public:
  explicit Caller(const std::shared_ptr<grpc::Channel>& channel) : stub_(Echo::NewStub(channel)) {}

  // Counts `over` down when all are answered.
  void run(std::uint64_t times, std::latch& over) {
    over_ = &over;
    asked_ = 0;
    answered_ = 0;
    times_ = times;
    for (std::uint64_t i = 0; i < std::min(times, kUnderWay); ++i) {
      ask_next();
    }
  }
  bool failed() const noexcept { return failed_; }

 private:
  struct Call {
    grpc::ClientContext context;
    Number question;
    Number answer;
  };

  void ask_next() {
    const std::uint64_t number = asked_++;
    if (number >= times_) return;
    auto call = std::make_shared<Call>();
    call->question.set_number(number);
    stub_->async()->Ask(&call->context, &call->question, &call->answer,
                        [this, call](const grpc::Status& status) { answered(*call, status); });
  }
  void answered(const Call& call, const grpc::Status& status) {
    if (!status.ok() || call.answer.number() != call.question.number()) failed_ = true;
    ask_next();
    if (++answered_ == times_) over_->count_down();
  }

  const std::unique_ptr<Echo::Stub> stub_;
  std::uint64_t times_ = 0;
  std::latch* over_ = nullptr;
  std::atomic<std::uint64_t> asked_{0};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace

double remote_asks(const std::string& scheme, std::size_t callers, std::uint64_t times) {
  const TemporaryFolder folder;
  const std::string address =
      scheme == "tcp" ? "127.0.0.1:" + free_ports(1).front() : "unix:" + folder.path() + "/socket";
  const FoundPartner there{[&](const FoundPartner::Tell& tell) { serve(address, tell); }};
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  std::vector<std::unique_ptr<Caller>> all;
  while (all.size() < callers) {
    all.push_back(std::make_unique<Caller>(channel));
  }
  const auto run = [&](std::uint64_t each) {
    std::latch over{static_cast<std::ptrdiff_t>(callers)};
    for (const auto& caller : all) {
      caller->run(each, over);
    }
    over.wait();
  };
  const std::uint64_t each = std::max<std::uint64_t>(times / callers, 10);
  run(each / 10 + 1);
  const auto begin = SteadyClock::now();
  run(each);
  const double seconds = seconds_since(begin);
  if (std::ranges::any_of(all, [](const auto& caller) { return caller->failed(); })) {
    throw std::runtime_error{"a call failed, or had another answer"};
  }
  return seconds / static_cast<double>(each * callers);
}

}  // namespace bench::grpc_peer
