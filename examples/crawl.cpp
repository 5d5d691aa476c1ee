// SPDX-License-Identifier: Apache-2.0
// Workers that put into the queue they take from: each item is a directory, and who has it puts the
// directories in it in its place. One worker is killed on the way; nothing is missed or seen twice.
// Run it with a directory, or without for /usr/include. It prints:
//   worker (pid …) was killed; its directory goes to another
//   … directories with … files; walked by one process: the same

#include <troupe/troupe.hpp>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Directory {
  std::string path;
};
struct Found {
  std::uint64_t directories = 0;
  std::uint64_t files = 0;

  void operator+=(const Found& more) {
    directories += more.directories;
    files += more.files;
  }
};

// What is in one directory, and the directories in it. Links are not followed.
Found look_into(const std::string& path, std::vector<std::string>& inside) {
  Found found{1, 0};
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator{path, unreadable}) {
    if (entry.is_symlink()) continue;
    if (entry.is_directory()) {
      inside.push_back(entry.path().string());
    } else {
      ++found.files;
    }
  }
  return found;
}

void crawl(const troupe::Queue<Directory>& directories, const troupe::Queue<Found>& results) {
  for (auto& directory : directories) {
    std::vector<std::string> inside;
    const Found found = look_into(directory->path, inside);
    for (std::string& path : inside) {
      directory.emit(directories, Directory{std::move(path)})
          .value();  // never waits: takes its place
    }
    directory.emit(results, found).value();
  }
}

Found walk(const std::string& path) {
  Found all;
  std::vector<std::string> left{path};
  while (!left.empty()) {
    const std::string next = std::move(left.back());
    left.pop_back();
    all += look_into(next, left);
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  troupe::Runtime runtime{argc, argv};
  const std::string root = argc > 1 ? argv[1] : "/usr/include";

  troupe::Queue<Directory> directories{runtime, {.capacity = 64}};
  troupe::Queue<Found> results{runtime};
  directories.put(Directory{root}).value();
  directories.close().value();  // nothing more from outside: it ends when the last one is done

  std::vector<troupe::Process> workers;
  workers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back(runtime, troupe::ProcessOptions{.name = "worker"}, crawl, directories,
                         results);
  }
  Found all = results.get().value();
  workers[0].kill().value();
  std::cout << workers[0].join().value().text() << "; its directory goes to another\n";
  while (!directories.join(0s) || results.size().value() > 0) {
    if (const auto found = results.get(10ms)) all += *found;
  }

  const Found expected = walk(root);
  const bool same = all.directories == expected.directories && all.files == expected.files;
  std::cout << all.directories << " directories with " << all.files
            << " files; walked by one process: " << (same ? "the same" : "another number") << '\n';
  return same ? 0 : 1;
}
