// SPDX-License-Identifier: Apache-2.0
// What a QueueClient does with what was taken.
#include "troupe/runtime/fiber/runtime_core.hpp"
#include "troupe/runtime/queue/internal/leases.hpp"
#include "troupe/runtime/queue/internal/queue_frame.hpp"
#include "troupe/runtime/queue/queue_client.hpp"

#include <algorithm>
#include <utility>

namespace troupe::queue {
namespace {

// Acknowledgements that are sent together.
constexpr std::uint32_t kMostAcks = 64;

}  // namespace

bool QueueClient::still_mine(std::uint64_t number) noexcept {
  return lost_.erase(number) == 0;
}

namespace {

Error lease_lost(const std::string& queue) {
  return Error{Code::lost, "finish an item of " + queue +
                               ": it was kept for longer than max_hold, and given to another "
                               "consumer"};
}

}  // namespace

Result<void> QueueClient::send_acks(Lock& lock) {
  if (ack_count_ == 0) {
    return {};
  }
  Encoded frame = frame_of(Frame::ack, ack_first_);
  Writer writer{frame};
  writer.natural(std::exchange(ack_count_, 0));
  return send(lock, frame, Deadline{std::chrono::seconds{10}});
}

// Puts what goes to other queues; returns what goes to this one, or null.
Result<Output*> QueueClient::emit(const Taken& taken, std::vector<Output>& outputs,
                                  Deadline until) {
  Output* own = nullptr;
  for (Output& output : outputs) {
    if (output.queue.get() == this) {
      own = &output;
      continue;
    }
    Encoded frame;
    Writer writer{frame};
    begin(writer, Frame::emit);
    writer.natural(queue_);
    writer.natural(taken.id);
    writer.natural(taken.settled);
    writer.natural(output.count);
    writer.encoded(output.items);
    if (auto put = output.queue->put(frame, output.items.size(), output.count, until); !put) {
      return put.error();
    }
  }
  return own;
}

// What was put under it elsewhere, and is not confirmed. What was lost before it was taken is none
// of its business.
std::vector<PutMark> QueueClient::marks_under(const Taken& taken) const {
  std::vector<PutMark> marks = unconfirmed_puts();
  std::erase_if(marks, [&](const PutMark& mark) {
    const bool lost_before = mark.progress->broken.load() && mark.at < taken.at;
    return mark.progress == progress_ || lost_before;
  });
  return marks;
}

Result<void> QueueClient::finish(const Taken& taken, std::vector<Output>& outputs, Deadline until) {
  const auto own = emit(taken, outputs, until);
  if (!own) {
    (void)give_back(taken, retry_delay_);
    return own.error().within("finish an item of " + text());
  }
  std::vector<PutMark> marks = marks_under(taken);
  if (*own != nullptr) {
    if (auto confirmed = await_marks(marks, until); !confirmed) {
      (void)give_back(taken, Duration{});
      return confirmed.error().within("finish an item of " + text());
    }
  }
  for (const PutMark& mark : marks) {
    if (const auto client = mark.client.lock()) {
      client->hear_of_puts();
    }
  }
  note_lease_over(*this);
  Lock lock{lock_};
  ++calls_;
  if (failure_) {
    return failure("finish an item of");
  }
  if (!still_mine(taken.number)) {
    return lease_lost(text());
  }
  return *own != nullptr ? replace(lock, taken, **own, until)
                         : acknowledge(lock, taken, std::move(marks));
}

Result<void> QueueClient::replace(Lock& lock, const Taken& taken, const Output& outputs,
                                  Deadline until) {
  if (auto sent = send_acks(lock); !sent) {
    return sent;
  }
  Encoded frame = frame_of(Frame::finish, taken.number);
  Writer writer{frame};
  writer.natural(outputs.count);
  writer.encoded(outputs.items);
  return send(lock, frame, until);
}

Result<void> QueueClient::acknowledge(Lock& lock, const Taken& taken, std::vector<PutMark> marks) {
  release_held();
  if (!marks.empty()) {
    held_.push_back({taken.number, std::move(marks)});
    look_after_me();
    return {};
  }
  while (ack_count_ > 0 && ack_first_ + ack_count_ != taken.number) {
    if (auto sent = send_acks(lock); !sent) {  // meanwhile others may begin a run of theirs
      return sent;
    }
  }
  if (ack_count_++ == 0) {
    ack_first_ = taken.number;
    look_after_me();
  }
  if (ack_count_ >= kMostAcks || (received_.empty() && ordered_ == 0)) {
    return send_acks(lock);
  }
  return {};
}

// Moves those whose puts have arrived to what is to be acknowledged.
void QueueClient::release_held() {
  std::erase_if(held_, [this](HeldAck& held) {
    std::erase_if(held.marks, [](const PutMark& mark) {
      return mark.progress->accepted.load() >= mark.number;
    });
    if (!held.marks.empty() || (ack_count_ > 0 && ack_first_ + ack_count_ != held.number)) {
      return false;
    }
    if (ack_count_++ == 0) {
      ack_first_ = held.number;
    }
    return true;
  });
}

Result<void> QueueClient::await_marks(const std::vector<PutMark>& marks, Deadline until) {
  for (const PutMark& mark : marks) {
    if (mark.progress->accepted.load() >= mark.number) {
      continue;
    }
    const auto client = mark.client.lock();
    if (client == nullptr || mark.progress->broken.load()) {
      return Error{Code::lost, "what was put before is lost: the owner of its queue is gone"};
    }
    if (auto flushed = client->settle_puts(until); !flushed) {
      return flushed;
    }
  }
  return {};
}

// Waits until all that is held back may be acknowledged. What cannot be any more, since the puts
// under it are lost, is given back.
Result<void> QueueClient::settle_held(Lock& lock, Deadline until) {
  while (!held_.empty()) {
    const HeldAck first = held_.front();
    lock.unlock();
    auto confirmed = await_marks(first.marks, until);
    lock.lock();
    if (!confirmed &&
        (confirmed.error() == Code::timed_out || confirmed.error() == Code::cancelled)) {
      return confirmed;
    }
    if (!confirmed) {
      std::erase_if(held_, [&](const HeldAck& each) { return each.number == first.number; });
      Encoded frame = give_back_frame(first.number, true, retry_delay_);
      if (auto sent = send(lock, frame, until); !sent) {
        return sent;
      }
      continue;
    }
    const std::size_t before = held_.size();
    release_held();
    if (held_.size() == before) {  // another run of numbers
      if (auto sent = send_acks(lock); !sent) {
        return sent;
      }
      release_held();
    }
  }
  return {};
}

// It is the consumer's no more.
Result<void> QueueClient::part_with(const Taken& taken, Encoded frame, const char* doing) {
  note_lease_over(*this);
  Lock lock{lock_};
  ++calls_;
  if (failure_) {
    return failure(doing);
  }
  if (!still_mine(taken.number)) {
    return lease_lost(text());
  }
  return send(lock, frame, Deadline{std::chrono::seconds{10}});
}

Result<void> QueueClient::give_back(const Taken& taken, Duration delay) {
  return part_with(taken, give_back_frame(taken.number, true, delay), "give an item back to");
}

Result<void> QueueClient::reject(const Taken& taken, const std::string& why) {
  Encoded frame = frame_of(Frame::reject, taken.number);
  Writer writer{frame};
  writer.text(why);
  return part_with(taken, std::move(frame), "reject an item of");
}

Result<void> QueueClient::extend(const Taken& taken, Duration more) {
  Lock lock{lock_};
  ++calls_;
  if (failure_) {
    return failure("keep an item of");
  }
  receive_ready(lock);
  if (lost_.contains(taken.number)) {
    return lease_lost(text());
  }
  Encoded frame = frame_of(Frame::extend, taken.number);
  Writer writer{frame};
  writer.integer(more.count());
  return send(lock, frame, Deadline{std::chrono::seconds{10}});
}

}  // namespace troupe::queue
