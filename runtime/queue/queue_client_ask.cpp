// SPDX-License-Identifier: Apache-2.0
// What a QueueClient asks its owner.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/client_wait.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <utility>

namespace troupe::queue {

Result<QueueStats> QueueClient::ask(Asked what, Deadline until, std::string_view text) {
  if (what == Asked::close) {
    if (auto flushed = flush(until); !flushed) {
      return flushed.error();
    }
  }
  Lock lock{lock_};
  if (auto fine = ready(lock, until); !fine) {
    return fine.error();
  }
  if (auto settled = settle_held(lock, until); !settled) {
    return settled.error();
  }
  if (auto sent = send_acks(lock); !sent) {
    return sent.error();
  }
  if (auto returned = return_fetched(lock, until); !returned) {
    return returned.error();
  }
  if (what == Asked::close) {
    (void)return_room(lock);
  }
  return question(lock, what, until, text);
}

Result<QueueStats> QueueClient::question(Lock& lock, Asked what, Deadline until,
                                         std::string_view text) {
  const std::uint64_t number = ++last_question_;
  answers_[number] = nullptr;
  Encoded frame;
  Writer writer{frame};
  begin(writer, Frame::ask);
  writer.natural(number);
  writer.natural(static_cast<std::uint64_t>(what));
  writer.text(text);
  auto asked = send(lock, frame, until);
  if (asked) {
    asked = wait_until(
        lock, [&] { return answers_[number] != nullptr; }, until, "ask");
  }
  const auto answer = answers_[number];
  answers_.erase(number);
  if (!asked) {
    return asked.error();
  }
  if (answer->code != 0) {
    return Error{static_cast<Code>(answer->code), answer->what};
  }
  return answer->stats;
}

Result<std::vector<Bytes>> QueueClient::peek(std::uint32_t at_most, Deadline until) {
  Lock lock{lock_};
  if (auto fine = ready(lock, until); !fine) {
    return fine.error();
  }
  if (auto returned = return_fetched(lock, until); !returned) {
    return returned.error();
  }
  const std::uint64_t number = ++last_question_;
  shown_[number] = nullptr;
  Encoded frame = frame_of(Frame::peek, number);
  Writer writer{frame};
  writer.natural(at_most);
  auto asked = send(lock, frame, until);
  if (asked) {
    asked = wait_until(
        lock, [&] { return shown_[number] != nullptr; }, until, "look into it");
  }
  const auto shown = shown_[number];
  shown_.erase(number);
  if (!asked) {
    return asked.error();
  }
  return std::move(*shown);
}

Result<void> QueueClient::read_answer(Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  auto answer = reader.value<Answer>();
  if (!number || !answer) {
    return reader.error();
  }
  if (const auto asked = answers_.find(*number); asked != answers_.end()) {
    asked->second = std::make_shared<Answer>(*std::move(answer));
  }
  return {};
}

Result<void> QueueClient::read_shown(Reader& reader) {
  const auto number = reader.value<std::uint64_t>();
  const auto count = reader.value<std::uint32_t>();
  if (!number || !count) {
    return reader.error();
  }
  std::vector<Bytes> items;
  for (std::uint32_t i = 0; i < *count; ++i) {
    std::span<const std::byte> item;
    if (!reader.take_encoded(item)) {
      return reader.error();
    }
    items.emplace_back(item.begin(), item.end());
  }
  if (const auto asked = shown_.find(*number); asked != shown_.end()) {
    asked->second = std::make_shared<std::vector<Bytes>>(std::move(items));
  }
  return {};
}

}  // namespace troupe::queue
