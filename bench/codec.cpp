// SPDX-License-Identifier: Apache-2.0
// What does it cost to encode a struct, and to decode it?
//
// Method. One thread, on one CPU, encodes the same value into memory that is kept, or decodes the
// same bytes into a new value each time. msgpack-c does the same to a struct with the same members,
// by MSGPACK_DEFINE; both make the same bytes, which is checked first. small: {number, text of 52
// characters}, 64 bytes. nested: 20 tracks of 16 points, maps, optional texts, about 10 KB. There
// is no floor, and design gives no budget of its own: the typed streams have one.
#include "troupe/serialization/codec.hpp"

#include "messages.hpp"
#include "peers/msgpack.hpp"
#include "questions.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr double kNanoseconds = 1e9;  // in a second

// The optimizer must take it that the value is used.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

template <class Text>
void fill(Text& line) requires requires {
  line.text;
}
{
  line.number = kFirstNumber;
  line.text.assign(52, 'x');
}

template <class Nested>
void fill(Nested& survey) requires requires {
  survey.tracks;
}
{
  survey.host = "worker-17.example";
  survey.begun = 1'800'000'000'000'000'000;
  survey.tags = {"outdoor", "rain", "second try"};
  survey.tracks.resize(20);
  std::uint64_t id = 1000;
  for (auto& track : survey.tracks) {
    track.id = id++;
    track.name = "track " + std::to_string(track.id);
    track.points.resize(16);
    double at = 0.5;  // never a whole number: msgpack-c writes those as integers
    for (auto& point : track.points) {
      point.x = at;
      point.y = 2 * at + 0.25;
      point.z = -at++;
    }
    track.counts = {{"left", 17}, {"right", -4}, {"straight", 70'000}, {"turned", 3}};
    if (track.id % 2 == 0) track.note = "half of them have a note of some length";
  }
}

template <class Message>
Message filled() {
  Message message;
  fill(message);
  return message;
}

template <class Ours, class Theirs>
void check_same_bytes() {
  troupe::Encoded encoded;
  troupe::encode(encoded, filled<Ours>()).value();
  packed::Encoder encoder;
  if (!std::ranges::equal(encoded.joined(), encoder.encode(filled<Theirs>()))) {
    throw std::runtime_error{"ours and msgpack-c's bytes differ"};
  }
}

// Nanoseconds of one call; a step is many, so that the meter costs nothing.
double nanoseconds_of(const Effort& effort, const auto& call) {
  constexpr int kCalls = 32;
  pin_to(allowed_cpus().back());
  const double step = timed(effort.duration)([&] {
    for (int i = 0; i < kCalls; ++i) {
      call();
    }
  });
  return step / kCalls * kNanoseconds;
}

template <class Ours, class Theirs>
Work encode_work(const std::string& name) {
  return {.name = "codec/encode/" + name,
          .unit = "ns",
          .better = Better::lower,
          .sides = {{Role::ours, "ours",
                     [](const Effort& effort) {
                       check_same_bytes<Ours, Theirs>();
                       const auto message = filled<Ours>();
                       troupe::Encoded encoded;
                       return nanoseconds_of(effort, [&] {
                         encoded.clear();
                         troupe::encode(encoded, message).value();
                         keep(encoded);
                       });
                     }},
                    {Role::peer, "msgpack-c",
                     [](const Effort& effort) {
                       const auto message = filled<Theirs>();
                       packed::Encoder encoder;
                       return nanoseconds_of(effort, [&] { keep(encoder.encode(message)); });
                     }}},
          .budget = std::nullopt};
}

template <class Ours, class Theirs>
Work decode_work(const std::string& name) {
  return {.name = "codec/decode/" + name,
          .unit = "ns",
          .better = Better::lower,
          .sides = {{Role::ours, "ours",
                     [](const Effort& effort) {
                       troupe::Encoded encoded;
                       troupe::encode(encoded, filled<Ours>()).value();
                       const troupe::Bytes bytes = encoded.joined();
                       return nanoseconds_of(
                           effort, [&] { keep(troupe::decode<Ours>({.bytes = bytes}).value()); });
                     }},
                    {Role::peer, "msgpack-c",
                     [](const Effort& effort) {
                       packed::Encoder encoder;
                       const auto bytes = encoder.encode(filled<Theirs>());
                       packed::Decoder decoder;
                       return nanoseconds_of(effort, [&] { keep(decoder.decode<Theirs>(bytes)); });
                     }}},
          .budget = std::nullopt};
}

}  // namespace

Question codecs() {
  return {
      .title = "Encoding and decoding a struct",
      .method = "small: 64 bytes; nested: about 10 KB; msgpack-c by MSGPACK_DEFINE, the same bytes",
      .works = {encode_work<Line, packed::Line>("small"), decode_work<Line, packed::Line>("small"),
                encode_work<Survey, packed::Survey>("nested"),
                decode_work<Survey, packed::Survey>("nested")},
  };
}

}  // namespace bench
