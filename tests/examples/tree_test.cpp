// SPDX-License-Identifier: Apache-2.0
#include "wordcount/tree.hpp"

#include "temporary_tree.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <stop_token>
#include <string>

namespace wordcount {
namespace {

namespace fs = std::filesystem;

class TreeTest : public testing::Test {
 protected:
  std::set<std::string> files(bool headers_only = false) {
    Tree tree{{place_.path().string(), headers_only}};
    std::set<std::string> names;
    while (const auto file = tree.next()) {
      EXPECT_TRUE(names.insert(fs::relative(*file, place_.path()).string()).second);
    }
    unreadable_ = tree.take_unreadable();
    return names;
  }

  TemporaryTree place_;
  std::vector<Unreadable> unreadable_;
};

using Names = std::set<std::string>;

TEST_F(TreeTest, FindsEveryFileAtAnyDepth) {
  place_.write("a", "1");
  place_.write("b/c", "2");
  place_.write("b/d/e", "");
  EXPECT_EQ(files(), (Names{"a", "b/c", "b/d/e"}));
}

TEST_F(TreeTest, AnEmptyDirectoryHasNoFiles) {
  fs::create_directory(place_.path() / "empty");
  EXPECT_EQ(files(), Names{});
}

TEST_F(TreeTest, LinksAreNotFollowed) {
  place_.write("a", "1");
  fs::create_symlink(place_.path() / "a", place_.path() / "link_to_file");
  fs::create_directory_symlink(place_.path(), place_.path() / "link_to_itself");
  fs::create_symlink("nowhere", place_.path() / "broken");
  EXPECT_EQ(files(), Names{"a"});
  EXPECT_TRUE(unreadable_.empty());
}

TEST_F(TreeTest, TheDirectoryItselfMayBeALink) {
  place_.write("real/a", "1");
  fs::create_directory_symlink("real", place_.path() / "link");
  Tree tree{{(place_.path() / "link").string(), false}};
  EXPECT_TRUE(tree.next());
}

TEST_F(TreeTest, NamedPipesAreLeftAlone) {
  ASSERT_EQ(::mkfifo((place_.path() / "pipe").c_str(), S_IRUSR | S_IWUSR), 0);
  EXPECT_EQ(files(), Names{});
}

TEST_F(TreeTest, ADirectoryThatCannotBeReadIsNamed) {
  Tree tree{{(place_.path() / "missing").string(), false}};
  EXPECT_FALSE(tree.next());
  const auto unread = tree.take_unreadable();
  ASSERT_EQ(unread.size(), 1U);
  EXPECT_EQ(unread[0].path, (place_.path() / "missing").string());
  EXPECT_EQ(unread[0].why, "No such file or directory");
  EXPECT_TRUE(tree.take_unreadable().empty());
}

TEST_F(TreeTest, HeadersAreKnownByTheirName) {
  for (const char* name :
       {"a.h", "b.hpp", "vector", "c.tcc", "d.txt", "e.so", "f.hppx", "README.md"}) {
    place_.write(name, "");
  }
  EXPECT_EQ(files(true), (Names{"a.h", "b.hpp", "c.tcc", "vector"}));
}

TEST_F(TreeTest, ASurveyCountsFilesAndBytes) {
  place_.write("a", "12345");
  place_.write("b/c", "678");
  const Extent extent = survey({place_.path().string(), false}, {}).value();
  EXPECT_EQ(extent.files, 2U);
  EXPECT_EQ(extent.bytes, 8U);
}

TEST_F(TreeTest, ASurveyStopsWhenAskedTo) {
  place_.write("a", "12345");
  std::stop_source stop;
  stop.request_stop();
  const auto surveyed = survey({place_.path().string(), false}, stop.get_token());
  EXPECT_TRUE(surveyed.error() == troupe::Code::cancelled);
}

TEST_F(TreeTest, ASurveySaysWhatIsWrongWithTheDirectory) {
  const auto error_of = [](const std::filesystem::path& path) {
    return survey({path.string(), false}, {}).error();
  };
  EXPECT_TRUE(error_of(place_.path()) == troupe::Code::not_found);  // empty
  EXPECT_TRUE(error_of(place_.path() / "missing") == troupe::Code::not_found);
  place_.write("file", "");
  EXPECT_TRUE(error_of(place_.path() / "file") == troupe::Code::invalid_argument);
  EXPECT_TRUE(error_of("") == troupe::Code::not_found);
}

}  // namespace
}  // namespace wordcount
