// SPDX-License-Identifier: Apache-2.0
#include "transports/interleaving/ring_sides.hpp"

#include <optional>

namespace troupe::interleaving {
namespace {

using transports::RecordHeader;
using Writer = transports::RecordWriter<ModelArea>;
using Reader = transports::RecordReader<ModelArea>;
using Word = transports::SleepWord<ModelAtomic>;

// The header and the content of each record are its own. Content could pass for a header.
RecordHeader header_of(std::size_t record, std::size_t size) {
  return {static_cast<std::uint32_t>(size), RecordHeader::Kind::message,
          static_cast<std::uint8_t>(record + 1)};
}
std::uint64_t content_of(std::size_t record, std::size_t offset) {
  const std::size_t mark = 128 + 8 * record + offset / 8;
  return RecordHeader{0, RecordHeader::Kind::message, static_cast<std::uint8_t>(mark)}.word();
}

class Ring final {
 public:
  explicit Ring(const Scenario& scenario) : scenario_(scenario) {
    layout_.name({"written", "read", "reader's word", "writer's word"});
    layout_.begin_with(kWritten, scenario.start);
    layout_.begin_with(kRead, scenario.start);
    for (std::size_t offset = 0; offset < scenario.capacity; offset += 8) {
      const bool is_next = offset == scenario.start % scenario.capacity;
      const bool is_left = scenario.start >= scenario.capacity || offset < scenario.start;
      Layout::add(is_left && !is_next ? content_of(15, 0) : 0);
      layout_.name({"[" + std::to_string(offset) + "]"});
    }
  }

  Explored explore() {
    Explorer explorer{
        layout_,
        {ModelThread{"writer", [this] { write_all(); }, scenario_.writer_may_be_killed},
         ModelThread{"reader", [this] { read_all(); }}}};
    explorer.weaken(scenario_.weaken);
    return explorer.explore();
  }

 private:
  static constexpr Location kWritten = 0;  // as the members below are made
  static constexpr Location kRead = 1;
  static constexpr Location kArea = 4;

  ModelArea area() const { return {kArea, scenario_.capacity, scenario_.zero}; }
  auto barrier() const {
    return [slip = scenario_.slip] {
      if (slip != Slip::nothing_made_visible) make_all_visible();
    };
  }
  static void promise(Word& word, Promises promises) {
    if (promises == Promises::always || (promises == Promises::maybe && choose())) {
      word.promise();
    }
  }
  void ring_if_asleep(Word& other) const {
    if (other.look_for_sleeper(scenario_.both_trust) == Word::Found::sleeper) ring();
  }

  // ---- the writer ----

  void write_all() {
    Writer writer{words_, area()};
    promise(writer_word_, scenario_.writer_promises);
    for (std::size_t record = 0; record < scenario_.sizes.size(); ++record) {
      const std::size_t size = scenario_.sizes[record];
      const std::size_t offset = wait_for_room(writer, record);
      for (std::size_t i = 0; i < size; i += 8) {
        area().write_content(offset + i, content_of(record, i));
      }
      const bool is_first = scenario_.slip == Slip::writer_looks_for_sleeper_first;
      if (is_first) ring_if_asleep(reader_word_);
      writer.commit(header_of(record, size));
      if (!is_first && ends_batch(record)) ring_if_asleep(reader_word_);
    }
  }

  bool ends_batch(std::size_t record) const {
    return (record + 1) % scenario_.batch == 0 || record + 1 == scenario_.sizes.size();
  }

  std::size_t wait_for_room(Writer& writer, std::size_t record) {
    for (;;) {
      settle(record, kRead);
      std::optional<std::size_t> offset = writer.prepare(scenario_.sizes[record]);
      if (offset) return *offset;
      if (record > 0 && !ends_batch(record - 1)) ring_if_asleep(reader_word_);
      writer_word_.lie_down(barrier());
      settle(record, kRead);
      if (scenario_.slip != Slip::writer_looks_once) {
        offset = writer.prepare(scenario_.sizes[record]);
      }
      if (offset) {
        writer_word_.get_up(barrier());
        return *offset;
      }
      expect(!writer.is_broken(), "the ring is broken");
      settle(record, kRead);
      sleep();
      promise(writer_word_, scenario_.writer_promises);
    }
  }

  // ---- the reader ----

  void read_all() {
    Reader reader{words_, area()};
    std::size_t received = 0;
    while (received < scenario_.sizes.size()) {
      settle(received);
      promise(reader_word_, scenario_.reader_promises);
      const auto record = wait_for_record(reader, received);
      if (!record) {
        drain(reader, received);
        return;
      }
      receive(*record, received++);
      if (reader.take(*record)) give_back(reader);
    }
  }

  void give_back(Reader& reader) {
    if (scenario_.slip == Slip::reader_looks_for_sleeper_first) ring_if_asleep(writer_word_);
    reader.give_back();
    if (scenario_.slip != Slip::reader_looks_for_sleeper_first) ring_if_asleep(writer_word_);
  }

  // Nothing when the writer was killed.
  std::optional<Reader::Record> wait_for_record(Reader& reader, std::size_t received) {
    for (;;) {
      settle(received);
      auto record = reader.look();
      if (record) return record;
      reader_word_.lie_down(barrier());
      settle(received);
      if (scenario_.slip != Slip::reader_looks_once) {
        record = reader.look();
      }
      if (record) {
        reader_word_.get_up(barrier());
        settle(mix(received, record->header.word()));
        return record;
      }
      expect(!reader.is_broken(), "the ring is broken");
      settle(received);
      if (sleep() == Woken::other_was_killed) return std::nullopt;
      promise(reader_word_, scenario_.reader_promises);
    }
  }

  void drain(Reader& reader, std::size_t received) {
    while (const auto record = reader.look()) {
      receive(*record, received++);
      reader.take(*record);
    }
    expect(!reader.is_broken(), "the ring is broken");
    expect(received == counted(), "not what was committed");
  }

  void receive(const Reader::Record& record, std::size_t number) {
    expect(number < scenario_.sizes.size(), "more records than were sent");
    const std::size_t size = scenario_.sizes[number];
    expect(record.header.word() == header_of(number, size).word(), "not the record that is next");
    for (std::size_t i = 0; i < size; i += 8) {
      expect(area().read_content(record.offset + i) == content_of(number, i), "other content");
    }
  }

  const Scenario& scenario_;
  Layout layout_;
  Writer::Words words_;
  Word reader_word_;
  Word writer_word_;
};

}  // namespace

Explored explore(const Scenario& scenario) {
  return Ring{scenario}.explore();
}

}  // namespace troupe::interleaving
