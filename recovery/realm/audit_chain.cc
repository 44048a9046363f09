#include "recovery/realm/audit_chain.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/text/json.h"

namespace labrec::recovery {
namespace {

constexpr std::string_view kLink = ",\"chain\":\"";
constexpr std::string_view kEnd = "\"}";
constexpr size_t kHexDigits = 2 * std::tuple_size_v<Digest>;
constexpr size_t kLinkSize = kLink.size() + kHexDigits + kEnd.size();
constexpr size_t kLongestLine = 1U << 20;         // no line of ours is longer
constexpr uint64_t kImplausible = 1'000'000'000;  // no operator accepts so often

Digest Next(const Digest& head, std::string_view text) {
  return Sha256(Writer().Raw(head).Raw(text).bytes());
}

std::optional<Digest> DigestOf(std::string_view hex) {
  const absl::StatusOr<Bytes> bytes = FromHex(hex);
  Digest digest{};
  if (!bytes.ok() || bytes->size() != digest.size()) return std::nullopt;
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

// The hash at the end of a line; `text` becomes what stands before it.
std::optional<Digest> TakeHash(std::string_view& text) {
  if (text.size() <= kLinkSize || !text.ends_with(kEnd)) return std::nullopt;
  const std::string_view link = text.substr(text.size() - kLinkSize);
  if (!link.starts_with(kLink)) return std::nullopt;
  const std::optional<Digest> hash = DigestOf(link.substr(kLink.size(), kHexDigits));
  if (hash) text.remove_suffix(kLinkSize);
  return hash;
}

}  // namespace

std::string LinkAuditLine(std::string_view object, Digest& head) {
  const std::string_view text = object.substr(0, object.size() - 1);  // without its closing brace
  head = Next(head, text);
  return std::string(text).append(kLink).append(Hex(head)).append(kEnd).append("\n");
}

uint64_t DiscontinuitiesIn(std::string_view audit_line) {
  if (audit_line.find("\"discontinuities\":") == std::string::npos) return 0;
  const auto line = ParseJson(audit_line);
  const auto number = line.is_object() ? line.find("discontinuities") : line.end();
  if (number == line.end() || !number->is_number_unsigned()) return 0;
  const auto known = number->get<uint64_t>();
  return known < kImplausible ? known : 0;
}

absl::Status AuditChain::Read(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  const int why = errno;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (fd < 0 && why == ENOENT) return absl::NotFoundError(absl::StrCat(file.string(), ": is not there"));
  const auto unreadable = [&file](const char* reason) {
    return absl::UnavailableError(
        absl::StrCat(file.string(), ": is no file that can be read (", reason, "); move it away"));
  };
  struct stat found {};
  if (fd < 0 || fstat(fd, &found) != 0) return unreadable(std::strerror(fd < 0 ? why : errno));
  if (!S_ISREG(found.st_mode)) return unreadable("it is something else");
  file_ = file.string();
  in_file_ = 0;
  std::string line;
  char part[1U << 16];
  ssize_t got = 0;
  while ((got = read(fd, part, sizeof part)) > 0) {
    std::string_view rest(part, static_cast<size_t>(got));
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      line.append(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      TakeLine(line);
      line.clear();
    }
    line.append(rest.substr(0, std::min(rest.size(), kLongestLine - std::min(kLongestLine, line.size()))));
  }
  if (got < 0) return unreadable(std::strerror(errno));
  ends_whole_ = line.empty();
  if (!line.empty()) TakeLine(line);
  return absl::OkStatus();
}

void AuditChain::TakeLine(std::string_view line) {
  ++lines_;
  ++in_file_;
  discontinuities_ = std::max(discontinuities_, DiscontinuitiesIn(line));
  std::string_view text = line;
  if (const std::optional<Digest> hash = TakeHash(text)) {
    TakeLink(text, *hash);
  } else if (!ParseJson(line).is_object()) {
    ++torn_;
  } else if (!chained_) {
    ++unchained_;
    Fold(line);
  } else {
    Complain("has no hash: somebody else wrote it");
  }
}

// The first line of the first file may follow a file that is not at hand.
void AuditChain::TakeLink(std::string_view text, const Digest& hash) {
  const std::optional<Digest> before = StartsAnew(text);
  if (before && known_ && *before != head_) Complain("begins after another line than the one before it");
  const Digest& follows = before ? *before : head_;
  if (Next(follows, text) != hash) {
    Complain("does not follow the line before it: one of the two was edited, or lines are missing between");
  }
  known_ = true;
  chained_ = true;
  head_ = hash;
  std::erase(expected_, hash);
}

// Where a new file begins, its first line says which hash it follows.
std::optional<Digest> AuditChain::StartsAnew(std::string_view text) const {
  if (text.find(kAuditBegins) == std::string::npos) return std::nullopt;
  const nlohmann::json line = ParseJson(std::string(text) + "}");
  if (!line.is_object() || line.value("event", nlohmann::json()) != kAuditBegins) return std::nullopt;
  const auto follows = line.find("follows");
  if (follows == line.end() || !follows->is_string()) return std::nullopt;
  return DigestOf(follows->get_ref<const std::string&>());
}

void AuditChain::Fold(std::string_view line) {
  head_ = Next(head_, line);
  known_ = true;
}

void AuditChain::Complain(const std::string& what) {
  ++problem_count_;
  if (problems_.size() < kNamed) problems_.push_back(absl::StrCat(file_, ":", in_file_, ": ", what));
}

}  // namespace labrec::recovery
