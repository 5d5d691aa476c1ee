// SPDX-License-Identifier: Apache-2.0
// The Store that LevelDB is.
#include "troupe/base/unique_fd.hpp"
#include "troupe/runtime/queue/internal/store.hpp"

#include <fcntl.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/write_batch.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdarg>
#include <string>
#include <system_error>
#include <utility>

namespace troupe::queue {
namespace {

namespace fs = std::filesystem;

// Whose flock is the store's. LevelDB's own lock is let go of when somebody else in the process
// tries to have it, and while a store is opened again.
constexpr const char* kOwner = "owner";

leveldb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view view(const leveldb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// LevelDB's thread begins when the first one that needs it says so: no signal of the program is to
// be its.
class SignalsHeld final {
 public:
  SignalsHeld() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// It would keep a diary in a file that grows.
class NoDiary final : public leveldb::Logger {
 public:
  void Logv(const char* /*format*/, std::va_list /*values*/) override {}
};

class LevelStore final : public Store {
 public:
  LevelStore(fs::path path, bool sync) : path_(std::move(path)) { writing_.sync = sync; }

  Result<void> open();
  Result<void> read(const Each& each) override;
  void put(std::string_view key, std::string_view value) override {
    has_changes_ = true;
    changes_.Put(slice(key), slice(value));
  }
  void erase(std::string_view key) override {
    has_changes_ = true;
    changes_.Delete(slice(key));
  }
  bool has_changes() const noexcept override { return has_changes_; }
  Result<void> commit() override;

 private:
  Error error_of(const leveldb::Status& status, Code code = Code::system) const;
  Error damaged(const std::string& how) const;
  Result<void> make_directory() const;
  Result<void> lock();
  Result<void> open_database();

  const fs::path path_;
  UniqueFd owner_;
  leveldb::WriteOptions writing_;
  NoDiary no_diary_;
  std::unique_ptr<leveldb::DB> db_;  // null: it is to be opened again
  leveldb::WriteBatch changes_;
  bool has_changes_ = false;
};

Error LevelStore::damaged(const std::string& how) const {
  return Error{Code::malformed, "the store of a durable queue at " + path_.string() +
                                    " is damaged (" + how +
                                    "): put a copy of it back, or move it away, which begins with "
                                    "an empty queue"};
}

Error LevelStore::error_of(const leveldb::Status& status, Code code) const {
  const std::string what = status.ToString();
  if (status.IsCorruption() || status.IsInvalidArgument()) {
    return damaged(what);
  }
  return Error{code, "the store of a durable queue at " + path_.string() + ": " + what};
}

Result<void> LevelStore::make_directory() const {
  if (::mkdir(path_.c_str(), S_IRWXU) == 0) {
    return {};
  }
  if (errno != EEXIST) {
    return Error::system("make the store of a durable queue at " + path_.string(), errno);
  }
  const auto foreign = [&](const char* what) {
    return Error{Code::refused, "there is " + std::string{what} + " at " + path_.string() +
                                    ", and no store of a durable queue: choose a path of its own, "
                                    "where there is nothing"};
  };
  std::error_code error;
  if (!fs::is_directory(path_, error)) {
    return foreign("a file");
  }
  if (!fs::exists(path_ / "CURRENT", error)) {
    for (const auto& entry : fs::directory_iterator{path_, error}) {
      // What a first start leaves that was cut off.
      const std::string name = entry.path().filename().string();
      if (name != kOwner && name != "LOCK" && !name.starts_with("MANIFEST-") &&
          !name.ends_with(".dbtmp")) {
        return foreign("a directory with other files");
      }
    }
  }
  return error ? Result<void>{Error::system("read " + path_.string(), error.value())}
               : Result<void>{};
}

Result<void> LevelStore::lock() {
  const fs::path file = path_ / kOwner;
  owner_ = UniqueFd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!owner_) {
    return Error::system("open " + file.string(), errno);
  }
  if (::flock(owner_.get(), LOCK_EX | LOCK_NB) == 0) {
    return {};
  }
  return errno == EWOULDBLOCK
             ? Error{Code::refused,
                     "the store of a durable queue at " + path_.string() +
                         " is another queue's, here or in another process, that has it open: end "
                         "that one, or choose another path"}
             : Error::system("lock " + file.string(), errno);
}

Result<void> LevelStore::open() {
  if (auto made = make_directory(); !made) {
    return made;
  }
  auto locked = lock();
  return locked ? open_database() : locked;
}

Result<void> LevelStore::open_database() {
  leveldb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;  // damage is an error, not the end of what is read
  options.compression = leveldb::kNoCompression;
  options.max_open_files = 64;
  options.info_log = &no_diary_;
  leveldb::DB* db = nullptr;
  const SignalsHeld held;
  if (const auto status = leveldb::DB::Open(options, path_.string(), &db); !status.ok()) {
    return error_of(status);
  }
  db_.reset(db);
  return {};
}

Result<void> LevelStore::read(const Each& each) {
  leveldb::ReadOptions reading;
  reading.verify_checksums = true;
  reading.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> at{db_->NewIterator(reading)};
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (auto taken = each(view(at->key()), view(at->value())); !taken) {
      return taken;
    }
  }
  return at->status().ok() ? Result<void>{} : error_of(at->status());
}

Result<void> LevelStore::commit() {
  if (db_ == nullptr) {
    if (auto opened = open_database(); !opened) {
      return opened.error() == Code::system ? Error{Code::overloaded, opened.error().what()}
                                            : opened;
    }
  }
  const auto status = db_->Write(writing_, &changes_);
  if (!status.ok()) {
    // A record that was written in part stands at the end of its log: what it would write behind
    // that could not be read. Opened anew, it begins another log. Should the commit be there all
    // the same, it changes nothing to write it again.
    db_.reset();
    return error_of(status, Code::overloaded);
  }
  changes_.Clear();
  has_changes_ = false;
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const fs::path& path, bool sync) {
  auto store = std::make_unique<LevelStore>(path, sync);
  if (auto opened = store->open(); !opened) {
    return opened.error();
  }
  return std::unique_ptr<Store>{std::move(store)};
}

}  // namespace troupe::queue
