#include "tests/simulation/world/disk.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace labrec::sim {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSector = 512;
constexpr off_t kPage = 4096;  // of the kernel's cache

bool EndsWith(const std::string& text, const char* end) {
  return text.ends_with(end);
}

Bytes Slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Spill(const Bytes& content, const fs::path& path) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << AsText(content);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace

bool Disk::Keeps(const std::string& path) const {
  return path.starts_with(folder_.string()) && !EndsWith(path, "-shm") && !EndsWith(path, ".lock");
}

void Disk::Opened(int fd, const std::string& path) {
  open_[fd] = path;
  if (files_.emplace(path, File()).second) removed_.erase(path);
}

void Disk::Wrote(int fd, off_t at, ByteView data) {
  Of(fd).changes.push_back({false, at, ToBytes(data)});
}

void Disk::Truncated(int fd, off_t size) {
  Of(fd).changes.push_back({true, size, {}});
}

void Disk::Synced(int fd) {
  const std::string& path = open_.at(fd);
  if (fs::is_directory(path)) {
    std::erase_if(removed_, [&](const auto& gone) { return fs::path(gone.first).parent_path() == path; });
    for (auto& [name, file] : files_) file.named_durably |= fs::path(name).parent_path() == path;
    return;
  }
  File& file = files_[path];
  file.named_durably = true;
  // A page that was written again goes to the disk as a whole, with what an earlier sync failed to bring
  // there.
  std::set<off_t> pages;
  for (const Change& change : file.changes) {
    const auto size = static_cast<off_t>(change.data.size());
    for (off_t page = change.at / kPage; page * kPage < change.at + size; ++page) pages.insert(page);
  }
  std::erase_if(file.lost, [&](const Change& piece) {
    if (!pages.contains(piece.at / kPage)) return false;
    Apply(piece, file.durable);
    return true;
  });
  for (const Change& change : file.changes) Apply(change, file.durable);
  file.changes.clear();
}

void Disk::SyncFailed(int fd) {
  File& file = Of(fd);
  for (Change& change : file.changes) {
    if (change.truncates) {
      Apply(change, file.durable);
      continue;
    }
    for (size_t begin = 0; begin < change.data.size();) {
      const off_t at = change.at + static_cast<off_t>(begin);
      const size_t size = std::min(static_cast<size_t>(kPage - at % kPage), change.data.size() - begin);
      const auto from = change.data.begin() + static_cast<std::ptrdiff_t>(begin);
      file.lost.push_back({false, at, Bytes(from, from + static_cast<std::ptrdiff_t>(size))});
      begin += size;
    }
  }
  file.changes.clear();
}

void Disk::Removed(const std::string& path) {
  const auto file = files_.find(path);
  if (file == files_.end()) return;
  if (file->second.named_durably) removed_[path] = std::move(file->second);
  files_.erase(file);
}

void Disk::Apply(const Change& change, Bytes& content) {
  const auto at = static_cast<size_t>(change.at);
  if (change.truncates) return content.resize(at);
  if (content.size() < at + change.data.size()) content.resize(at + change.data.size());
  std::ranges::copy(change.data, content.begin() + change.at);
}

// Sector by sector, as the disk got to it.
void Disk::Tear(const Change& change, Dice& dice, Bytes& content) {
  for (size_t begin = 0; begin < change.data.size();) {
    const size_t position = static_cast<size_t>(change.at) + begin;
    const size_t size = std::min(kSector - position % kSector, change.data.size() - begin);
    const auto from = change.data.begin() + static_cast<std::ptrdiff_t>(begin);
    if (dice.Chance(500)) {
      Apply({false, static_cast<off_t>(position), Bytes(from, from + static_cast<std::ptrdiff_t>(size))},
            content);
    }
    begin += size;
  }
}

void Disk::LosePower(const fs::path& folder, Dice& dice) {
  std::erase_if(open_, [&](const auto& entry) { return entry.second.starts_with(folder.string() + "/"); });
  const uint64_t kept = dice.Below(4) * 333;  // 0, a third, two thirds, nearly all
  for (auto file = files_.begin(); file != files_.end();) {
    const std::string& path = file->first;
    if (!path.starts_with(folder.string() + "/")) {
      ++file;
      continue;
    }
    File& state = file->second;
    std::ranges::move(state.changes, std::back_inserter(state.lost));
    for (const Change& change : state.lost) {
      if (!change.truncates && dice.Chance(150)) {
        Tear(change, dice, state.durable);
      } else if (dice.Chance(kept)) {
        Apply(change, state.durable);
      }
    }
    state.lost.clear();
    state.changes.clear();
    if (!state.named_durably && dice.Chance(500)) {
      fs::remove(path);
      file = files_.erase(file);
      continue;
    }
    state.named_durably = true;
    Spill(state.durable, path);
    ++file;
  }
  for (auto gone = removed_.begin(); gone != removed_.end();) {
    const bool here = gone->first.starts_with(folder.string() + "/");
    if (here && dice.Chance(500)) {
      Spill(gone->second.durable, gone->first);
      files_[gone->first] = std::move(gone->second);
    }
    gone = here ? removed_.erase(gone) : std::next(gone);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (EndsWith(entry.path(), "-shm")) fs::remove(entry.path());
  }
}

Image Disk::Look(const fs::path& folder) const {
  Image image;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (Keeps(entry.path())) image[entry.path().filename()] = Slurp(entry.path());
  }
  return image;
}

void Disk::Put(const fs::path& folder, const Image& image) {
  const std::string inside = folder.string() + "/";
  std::erase_if(files_, [&](const auto& file) { return file.first.starts_with(inside); });
  std::erase_if(removed_, [&](const auto& file) { return file.first.starts_with(inside); });
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [name, content] : image) {
    Spill(content, folder / name);
    files_[folder / name] = {content, true, {}, {}};
  }
}

}  // namespace labrec::sim
