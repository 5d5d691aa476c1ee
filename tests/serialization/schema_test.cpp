// SPDX-License-Identifier: Apache-2.0
#include "troupe/serialization/schema.hpp"

#include "messages.hpp"
#include "troupe/base/unique_fd.hpp"

#include <gtest/gtest.h>

namespace troupe_test {

namespace first {
struct Point {
  int x = 0;
  int y = 0;
};
}  // namespace first
namespace swapped {
struct Point {
  int y = 0;
  int x = 0;
};
}  // namespace swapped
namespace grown {
struct Point {
  std::int64_t x = 0;  // wider: the same wire kind
  int y = 0;
  std::string label;
};
}  // namespace grown
namespace other {
struct Point {
  int x = 0;
  double y = 0;
  std::string label;
};
}  // namespace other

template <class T>
struct Boxed {
  T value;
};
struct Named {
  static constexpr std::string_view troupe_name = "test.Named";
  int x = 0;
};
struct Ping {};

}  // namespace troupe_test

struct InNoNamespace {
  int x = 0;
};

template <>
inline constexpr std::string_view troupe::message_name<troupe_test::Boxed<int>> = "test.BoxedInt";

namespace troupe_test {
namespace {

using troupe::compatible;
using troupe::schema;

template <class T>
std::string structure_of() {
  troupe::wire::Description description{troupe::wire::Description::Form::structure};
  troupe::wire::describe<T>(description);
  return description.take();
}

TEST(SchemaTest, AStructIsDescribedByItsNamesAndKinds) {
  EXPECT_EQ(structure_of<Table>(),
            "struct{title:str,rows:array<struct{number:int,text:str,score:float}>,"
            "widths:map<str,int>}");
  EXPECT_EQ(
      structure_of<Everything>(),
      "struct{truth:bool,tiny:int,big:int,letter:int,narrow:float,wide:float,colour:int,"
      "sign:int,text:str,path:str,bytes:bin,four:bin[4],buffer:bin,"
      "wait:duration<1/1000,int>,seconds:duration<1/1,float>,"
      "when:time<system,duration<1/1000000000,int>>,maybe:optional<str>,"
      "either:variant<nil,int,str,struct{number:int,text:str,score:float}>,"
      "pair:tuple<int,str>,tuple:tuple<int,array<int>,struct{}>,three:array<int>[3],"
      "flags:array<bool>,deque:array<str>,"
      "list:array<struct{number:int,text:str,score:float}>,forward:array<int>,"
      "set:array<str>,multiset:array<int>,unordered_set:array<int>,"
      "map:map<int,array<struct{number:int,text:str,score:float}>>,multimap:array<tuple<str,int>>,"
      "unordered_map:map<str,float>,dynamic:any}");
}

TEST(SchemaTest, ATreeRefersBackToItself) {
  EXPECT_EQ(structure_of<Tree>(), "struct{value:int,children:array<^0>,next:optional<^0>}");
  EXPECT_EQ(schema<Tree>().prefixes.size(), 3U);
}

// The numbers are part of the wire format: they must never change.
TEST(SchemaTest, TheHashesAreTheSameWithEveryCompilerAndBuild) {
  EXPECT_EQ(
      schema<Row>().prefixes,
      (std::vector<std::uint64_t>{0xa734ecfbe777ad40U, 0xf397741051ab60e3U, 0xd115b951b665a67cU}));
  EXPECT_EQ(schema<int>().prefixes, (std::vector<std::uint64_t>{0xf5a738c57a911ff3U}));
  EXPECT_EQ(schema<Everything>().prefixes.back(), 0x6d36dda5019fc9fcU);
}

TEST(SchemaTest, ATypeMayGrowAtItsEnd) {
  EXPECT_TRUE(compatible(schema<first::Point>(), schema<grown::Point>()));
  EXPECT_TRUE(compatible(schema<grown::Point>(), schema<first::Point>()));
  EXPECT_TRUE(compatible(schema<Row>(), schema<Row>()));
}

TEST(SchemaTest, AnythingElseIsRefusedWithBothNames) {
  const troupe::Result<void> result = compatible(schema<grown::Point>(), schema<other::Point>());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), troupe::Code::refused);
  EXPECT_STREQ(result.error().what(),
               "the types differ: ours is troupe_test::grown::Point (3 members), theirs "
               "troupe_test::other::Point (3 members), and neither is the beginning of the other; "
               "members may only be added at the end");
  EXPECT_FALSE(compatible(schema<first::Point>(), schema<swapped::Point>()))
      << "two members of one kind that changed places";
  EXPECT_FALSE(compatible(schema<int>(), schema<std::string>()));
  EXPECT_FALSE(compatible(schema<std::chrono::seconds>(), schema<std::chrono::milliseconds>()));
  EXPECT_FALSE(compatible(schema<Row>(), schema<std::vector<Row>>()));
}

TEST(SchemaTest, AnEmptyStructMayGrowButStandsForNoOther) {
  troupe::Schema grown_ping = schema<Row>();
  grown_ping.name = "troupe_test::Ping";
  EXPECT_TRUE(compatible(schema<Ping>(), grown_ping));
  EXPECT_FALSE(compatible(schema<Ping>(), schema<Row>()));
  EXPECT_TRUE(compatible(schema<Ping>(), schema<Ping>()));
}

struct Hidden {
  int x = 0;
};

TEST(SchemaTest, AQualifiedNameIsStable) {
  EXPECT_EQ(schema<Row>().name, "troupe_test::Row");
  EXPECT_FALSE(schema<Row>().only_this_build);
  EXPECT_EQ(schema<first::Point>().name, "troupe_test::first::Point");
  EXPECT_EQ((schema<std::map<std::string, std::vector<Row>>>().name),
            "map<str,array<troupe_test::Row>>");
  EXPECT_FALSE((schema<std::map<std::string, std::vector<Row>>>().only_this_build));
  EXPECT_EQ(schema<unsigned long>().name, "int");
}

TEST(SchemaTest, OtherNamesStayWithinTheBuildUnlessTheyAreGiven) {
  struct Local {
    int x = 0;
  };
  EXPECT_TRUE(schema<Hidden>().only_this_build);
  EXPECT_TRUE(schema<Local>().only_this_build);
  EXPECT_TRUE(schema<InNoNamespace>().only_this_build);
  EXPECT_TRUE(schema<Boxed<double>>().only_this_build);
  EXPECT_TRUE(schema<std::vector<Hidden>>().only_this_build);

  EXPECT_EQ(schema<Named>().name, "test.Named");
  EXPECT_FALSE(schema<Named>().only_this_build);
  EXPECT_EQ(schema<Boxed<int>>().name, "test.BoxedInt");
  EXPECT_FALSE(schema<Boxed<int>>().only_this_build);
}

TEST(SchemaTest, ASchemaIsAMessage) {
  EXPECT_EQ(decoded<troupe::Schema>(encoded(schema<Everything>())).value(), schema<Everything>());
}

}  // namespace
}  // namespace troupe_test
