#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

#include "hsm/base/bytes.h"
#include "tests/simulation/world/dice.h"

namespace labrec::sim {

// The files of a folder that matter, as somebody found them: name -> content.
using Image = std::map<std::string, Bytes>;

// What a disk under a folder has kept, as against what programs see there. Programs see the folder itself
// (real files, on a memory file system where there is one); this class is told of every change and knows
// which of them are durable. SQLite's shared-memory index and our lock files are not kept over a crash.
// Not for several threads at a time; simulated ones never are.
class Disk {
 public:
  explicit Disk(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  bool Keeps(const std::string& path) const;

  void Opened(int fd, const std::string& path);
  void Closed(int fd) { open_.erase(fd); }
  bool IsFolder(int fd) const { return std::filesystem::is_directory(open_.at(fd)); }
  bool Has(int fd) const { return open_.contains(fd); }
  void Wrote(int fd, off_t at, ByteView data);
  void Truncated(int fd, off_t size);
  void Synced(int fd);
  // The sync said EIO: the kernel takes the pages for clean, and no later sync writes them.
  void SyncFailed(int fd);
  void Removed(const std::string& path);

  // A power cut: of each change since its file's last sync, whole sectors are there or not. Nobody has a file
  // of `folder` open any more.
  void LosePower(const std::filesystem::path& folder, Dice& dice);
  // All of `folder` as programs see it; and puts such an image there, durably.
  Image Look(const std::filesystem::path& folder) const;
  void Put(const std::filesystem::path& folder, const Image& image);

 private:
  struct Change {
    bool truncates = false;
    off_t at = 0;  // of a write; of a truncation, the new size
    Bytes data;
  };
  struct File {
    Bytes durable;
    bool named_durably = false;   // its name is in the folder for good
    std::vector<Change> lost;     // pieces of pages; a sync failed: durable or not, nobody knows
    std::vector<Change> changes;  // since the last sync
  };

  static void Apply(const Change& change, Bytes& content);
  static void Tear(const Change& change, Dice& dice, Bytes& content);
  File& Of(int fd) { return files_[open_.at(fd)]; }

  const std::filesystem::path folder_;
  std::unordered_map<int, std::string> open_;
  std::map<std::string, File> files_;    // by path
  std::map<std::string, File> removed_;  // until their folder is synced
};

}  // namespace labrec::sim
