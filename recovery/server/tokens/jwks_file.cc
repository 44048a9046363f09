#include "recovery/server/tokens/jwks_file.h"

#include <utility>

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr size_t kLargestFile = 1U << 20;

void LogPassedOver(const std::filesystem::path& path, const Jwks& jwks) {
  for (const std::string& why : jwks.passed_over()) {
    spdlog::warn("token keys: {}: passed over {}", path.string(), why);
  }
}

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JwksFile>> JwksFile::Open(std::filesystem::path path) {
  std::unique_ptr<JwksFile> file(new JwksFile(std::move(path)));
  file->stamp_ = file->Look();
  LABREC_ASSIGN_OR_RETURN(Jwks jwks, file->Read());
  if (jwks.size() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        file->path_.string(), ": no key in it can be used; add one for ES256 (EC, P-256) or RS256 (RSA)",
        jwks.passed_over().empty() ? "" : "; ", absl::StrJoin(jwks.passed_over(), "; ")));
  }
  LogPassedOver(file->path_, jwks);
  file->Take(std::move(jwks));
  return file;
}

void JwksFile::Take(Jwks jwks) {
  keys_ = {std::make_shared<const Jwks>(std::move(jwks)), NewGeneration()};
  read_at_ms_ = SystemClock().NowMillis();
  problem_.clear();
}

absl::StatusOr<KeySource::Keys> JwksFile::Current() {
  const std::lock_guard lock(mutex_);
  const std::optional<Stamp> now = Look();
  if (now == stamp_) return keys_;
  stamp_ = now;
  absl::StatusOr<Jwks> jwks = Read();
  if (!jwks.ok()) {
    problem_ = std::string(jwks.status().message());
    spdlog::error("token keys: {}; the keys read before stay in use", problem_);
    return keys_;
  }
  Take(*std::move(jwks));
  spdlog::info("token keys: read {} keys from {}", keys_.jwks->size(), path_.string());
  LogPassedOver(path_, *keys_.jwks);
  if (keys_.jwks->size() == 0) {
    spdlog::error("token keys: {} holds no key that can be used: no token of this tenant is taken",
                  path_.string());
  }
  return keys_;
}

KeyReport JwksFile::report() const {
  const std::lock_guard lock(mutex_);
  return {path_.string(), keys_.jwks->size(), read_at_ms_, problem_};
}

std::optional<JwksFile::Stamp> JwksFile::Look() const {
  struct stat found {};
  if (stat(path_.c_str(), &found) != 0) return std::nullopt;
  return Stamp{found.st_dev, found.st_ino, static_cast<uint64_t>(found.st_size), Nanoseconds(found.st_mtim),
               Nanoseconds(found.st_ctim)};
}

absl::StatusOr<Jwks> JwksFile::Read() const {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path_, kLargestFile));
  absl::StatusOr<Jwks> jwks = Jwks::Parse(AsText(content));
  if (jwks.ok()) return jwks;
  return absl::InvalidArgumentError(absl::StrCat(path_.string(), ": ", jwks.status().message()));
}

}  // namespace labrec::recovery
