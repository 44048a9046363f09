#include "recovery/store/sqlite/log_match.h"

#include <array>
#include <cstdint>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/store/sqlite/connection.h"
#include "recovery/store/sqlite/statement.h"

namespace labrec::recovery {
namespace {

// sqlite.org/fileformat2.html, 4.1: the log's header, with its salts, and that of each frame, which has a
// size in pages where it ends a transaction.
constexpr size_t kHeader = 32;
constexpr size_t kFrameHeader = 24;

std::optional<uint64_t> EpochOf(sqlite3* database) {
  Statement head(database, "SELECT epoch FROM head WHERE id = 0");
  const DoneGuard done(head);
  const absl::StatusOr<bool> found = head.Next();
  if (!found.ok() || !*found) return std::nullopt;
  return static_cast<uint64_t>(head.Integer(0));
}

// How many batches the log can hold: its transactions, but for the empty change that LogEraser begins it
// with, of the first page alone.
uint64_t CountBatches(int file) {
  std::array<uint8_t, kHeader> header{};
  if (pread(file, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) return 0;
  const off_t page_bytes = Reader(ByteView(header).subspan(8, 4)).U32();
  const ByteView salts = ByteView(header).subspan(16, 8);
  uint64_t batches = 0;
  std::array<uint8_t, kFrameHeader> frame{};
  for (off_t at = kHeader; pread(file, frame.data(), frame.size(), at) == static_cast<ssize_t>(frame.size());
       at += kFrameHeader + page_bytes) {
    if (!SameBytes(ByteView(frame).subspan(8, 8), salts)) break;
    Reader reader(frame);
    const bool first_page = reader.U32() == 1;
    const bool ends_one = reader.U32() != 0;
    const bool begins_log = at == kHeader && first_page;
    if (ends_one && !begins_log) ++batches;
  }
  return batches;
}

}  // namespace

absl::Status CheckLogMatches(const std::filesystem::path& database, sqlite3* with_log) {
  const int log = open((database.string() + "-wal").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (log < 0) return absl::OkStatus();
  const absl::Cleanup close_log = [log] { close(log); };
  const absl::StatusOr<Database> alone = OpenAlone(database);
  if (!alone.ok()) return absl::OkStatus();
  const std::optional<uint64_t> file = EpochOf(alone->get());
  const std::optional<uint64_t> joined = EpochOf(with_log);
  if (!file || !joined || *file == 0) return absl::OkStatus();
  const uint64_t batches = CountBatches(log);
  if (*joined <= *file + batches) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      database.string(), " is at epoch ", *file, ", and the ", batches,
      " batches of the -wal beside it lead to ", *joined,
      ": they are of different copies; put back the two that belong together (a copy that was closed "
      "has none)"));
}

}  // namespace labrec::recovery
