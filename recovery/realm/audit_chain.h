#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/hash.h"

namespace labrec::recovery {

inline constexpr char kAuditBegins[] = "audit_log_begins";

// Each line of the audit log ends in a hash of itself and of all lines before it: docs/formats.md. Whoever
// edits, moves or takes away a line has to write all that follow anew, and the last hash is another one then.
// What the chain does not show: that its end was cut off, or all of it written anew. For that somebody else
// keeps a hash of it (AuditChain::Expect).

// `object`, a JSON object, as the line that follows the hash `head`, which becomes the line's own.
std::string LinkAuditLine(std::string_view object, Digest& head);

// Follows the lines of one file, or of several in the order in which they were written. One thread.
class AuditChain {
 public:
  static constexpr size_t kNamed = 20;  // problems that are told in words

  // Hashes of lines that have to be met: `met` says whether all were.
  void Expect(const Digest& hash) { expected_.push_back(hash); }
  // NOT_FOUND, UNAVAILABLE: the file cannot be read. What is wrong with its lines is a problem, not an error.
  absl::Status Read(const std::filesystem::path& file);
  // One line, without its end: Read does it for each.
  void TakeLine(std::string_view line);

  const Digest& head() const { return head_; }  // of the last line; zeros before the first
  uint64_t lines() const { return lines_; }
  uint64_t unchained() const { return unchained_; }  // written by releases without a chain, before all others
  uint64_t torn() const { return torn_; }            // cut off by a full disk or a crash: they say nothing
  bool ends_whole() const { return ends_whole_; }    // the last line of the last file has its end
  uint64_t problem_count() const { return problem_count_; }
  const std::vector<std::string>& problems() const { return problems_; }  // the first kNamed
  bool met() const { return expected_.empty(); }
  // The highest number of discontinuities that any line names.
  uint64_t discontinuities() const { return discontinuities_; }

 private:
  void TakeLink(std::string_view text, const Digest& hash);
  std::optional<Digest> StartsAnew(std::string_view text) const;
  void Fold(std::string_view line);
  void Complain(const std::string& what);

  std::string file_;      // for problems
  uint64_t in_file_ = 0;  // lines
  bool known_ = false;    // head_ is what the next line has to follow
  bool chained_ = false;  // a line with a hash was met
  Digest head_{};
  uint64_t lines_ = 0;
  uint64_t unchained_ = 0;
  uint64_t torn_ = 0;
  bool ends_whole_ = true;
  uint64_t discontinuities_ = 0;
  uint64_t problem_count_ = 0;
  std::vector<std::string> problems_;
  std::vector<Digest> expected_;
};

// The number of discontinuities that a line names; 0 for any other. Pure.
uint64_t DiscontinuitiesIn(std::string_view audit_line);

}  // namespace labrec::recovery
