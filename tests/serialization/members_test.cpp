// SPDX-License-Identifier: Apache-2.0
// What the compiler is asked about aggregates: how many members, their names, what they may be.
#include "messages.hpp"
#include "troupe/base/unique_fd.hpp"

#include <gtest/gtest.h>

#include <any>
#include <functional>
#include <thread>

namespace troupe_test {

template <class T>
struct Pair {
  T first;
  int second;
};

namespace {

using troupe::carries_fds;
using troupe::UniqueFd;
using troupe::reflect::kMemberCount;
using troupe::reflect::kMemberNames;

// Each struct has one member of the kind in question before an int, so that a wrong count shows.
template <class T>
struct Before {
  T member;
  int after;
};

template <class T>
inline constexpr bool kCountsTwo = kMemberCount<Before<T>> == 2;

TEST(MembersTest, MembersOfEveryKindCountAsOne) {
  EXPECT_TRUE((kCountsTwo<bool> && kCountsTwo<char16_t> && kCountsTwo<long double>));
  EXPECT_TRUE((kCountsTwo<Colour> && kCountsTwo<int*> && kCountsTwo<const char*>));
  EXPECT_TRUE((kCountsTwo<std::string> && kCountsTwo<std::string_view>));
  EXPECT_TRUE((kCountsTwo<std::vector<int>> && kCountsTwo<std::vector<std::vector<std::string>>>));
  EXPECT_TRUE((kCountsTwo<std::optional<int>> && kCountsTwo<std::optional<std::string>>));
  EXPECT_TRUE((kCountsTwo<std::optional<Row>> && kCountsTwo<std::optional<std::any>>));
  EXPECT_TRUE((kCountsTwo<std::variant<int, std::string>> && kCountsTwo<std::variant<bool, Row>>));
  EXPECT_TRUE((kCountsTwo<std::any> && kCountsTwo<std::function<void()>>));
  EXPECT_TRUE((kCountsTwo<std::array<int, 3>> && kCountsTwo<std::array<Row, 2>>));
  EXPECT_TRUE((kCountsTwo<Row> && kCountsTwo<Empty> && kCountsTwo<Pair<Pair<std::string>>>));
  EXPECT_TRUE((kCountsTwo<std::unique_ptr<int>> && kCountsTwo<std::shared_ptr<Row>>));
  EXPECT_TRUE((kCountsTwo<UniqueFd> && kCountsTwo<troupe::Buffer> && kCountsTwo<troupe::Dynamic>));
  EXPECT_TRUE((kCountsTwo<std::map<int, int>> && kCountsTwo<std::set<std::string>>));
  EXPECT_TRUE((kCountsTwo<std::pair<int, std::string>> && kCountsTwo<std::tuple<std::string>>));
  EXPECT_TRUE((kCountsTwo<std::chrono::nanoseconds> && kCountsTwo<std::filesystem::path>));
  EXPECT_TRUE((kCountsTwo<std::atomic<int>> && kCountsTwo<std::thread>));
  EXPECT_TRUE((kCountsTwo<std::span<const int>> && kCountsTwo<std::span<int, 3>>));
}

// NOLINTBEGIN(modernize-avoid-c-arrays): what is counted here
TEST(MembersTest, ACArrayCountsAsOneMember) {
  struct Text {
    int id;
    char name[64];
    double size;
  };
  struct Numbers {
    int two[2];
    int three[3];
  };
  EXPECT_EQ(kMemberCount<Text>, 3U);
  EXPECT_EQ(kMemberCount<Numbers>, 2U);
}
// NOLINTEND(modernize-avoid-c-arrays)

TEST(MembersTest, UpToThirtyTwoMembersAreCounted) {
  struct ThirtyThree {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;
    int a2, b2, c2, d2, e2, f2, g2;
  };
  EXPECT_EQ(kMemberCount<Everything>, 32U);
  EXPECT_EQ(kMemberCount<Empty>, 0U);
  EXPECT_EQ(kMemberCount<ThirtyThree>, troupe::reflect::kTooManyMembers);
}

TEST(MembersTest, MembersHaveTheirNamesWithEveryCompiler) {
  struct Local {
    int first_of_all;
    std::string zwei;
    std::function<void(int, std::map<int, int>)> third3;
  };
  EXPECT_EQ((std::vector<std::string_view>(kMemberNames<Row>.begin(), kMemberNames<Row>.end())),
            (std::vector<std::string_view>{"number", "text", "score"}));
  EXPECT_EQ(kMemberNames<Local>[0], "first_of_all");
  EXPECT_EQ(kMemberNames<Local>[1], "zwei");
  EXPECT_EQ(kMemberNames<Local>[2], "third3");
  EXPECT_EQ((kMemberNames<Pair<std::string>>[0]), "first");
  EXPECT_EQ(kMemberNames<Everything>[31], "dynamic");
}

TEST(MembersTest, TypesAreNamedWithAndWithoutTheirNamespaces) {
  EXPECT_EQ(troupe::reflect::type_name<Row>(), "troupe_test::Row");
  EXPECT_EQ(troupe::reflect::short_type_name<Row>(), "Row");
}

struct WithFd {
  int number = 0;
  UniqueFd fd;
};
struct FdTree {
  std::vector<FdTree> children;
  std::map<int, std::optional<WithFd>> fds;
};
struct Socket {};

}  // namespace
}  // namespace troupe_test

template <>
struct troupe::Codec<troupe_test::Socket> {
  static void encode(Writer& writer, const troupe_test::Socket&) { writer.nil(); }
  static Result<troupe_test::Socket> decode(Reader& reader) {
    static_cast<void>(reader.take_nil());
    return troupe_test::Socket{};
  }
  static constexpr bool kCarriesFds = true;
};

namespace troupe_test {
namespace {

TEST(MembersTest, DescriptorsAreFoundHoweverDeep) {
  EXPECT_TRUE(carries_fds<UniqueFd>);
  EXPECT_TRUE(carries_fds<WithFd>);
  EXPECT_TRUE(carries_fds<FdTree>);
  EXPECT_TRUE((carries_fds<std::variant<int, std::vector<std::unique_ptr<WithFd>>>>));
  EXPECT_TRUE((carries_fds<std::tuple<int, Socket>>));
  EXPECT_FALSE(carries_fds<Everything>);
  EXPECT_FALSE(carries_fds<Tree>);
  EXPECT_FALSE(carries_fds<int>);
}

TEST(MembersTest, WhatCannotBeAMessageIsKnownWithoutAnError) {
  struct Function {
    std::function<void()> function;
  };
  struct View {
    std::string_view view;
  };
  class Private {
    [[maybe_unused]] int number_ = 0;
  };
  EXPECT_TRUE(troupe::can_be_sent<Everything> && troupe::can_be_received<Everything>);
  EXPECT_TRUE(troupe::can_be_sent<Tree> && troupe::can_be_received<Tree>);
  EXPECT_TRUE(troupe::can_be_sent<View> && !troupe::can_be_received<View>);
  EXPECT_FALSE(troupe::can_be_sent<Function>);
  EXPECT_FALSE(troupe::can_be_sent<Private>);
  EXPECT_FALSE(troupe::can_be_sent<std::thread>);
  EXPECT_FALSE(troupe::can_be_sent<int*>);
  EXPECT_FALSE(troupe::can_be_sent<long double>);
  EXPECT_FALSE(troupe::can_be_sent<std::shared_ptr<int>>);
  EXPECT_FALSE(troupe::can_be_sent<std::optional<std::optional<int>>>);
}

}  // namespace
}  // namespace troupe_test
