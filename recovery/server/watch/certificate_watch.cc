#include "recovery/server/watch/certificate_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/certificate_chain.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/audit_log.h"

namespace labrec::recovery {
namespace {

constexpr double kDayMs = 24.0 * 60 * 60 * 1000;
constexpr double kLimits[] = {30, 7, 1, 0};  // days
constexpr int kExpired = std::size(kLimits);

// How many of the limits are passed.
int StageOf(double days_left) {
  return static_cast<int>(std::ranges::count_if(kLimits, [=](double limit) { return days_left <= limit; }));
}

}  // namespace

CertificateWatch::CertificateWatch(std::optional<TlsFiles> own, std::vector<std::filesystem::path> others,
                                   const Clock& clock)
    : own_(std::move(own)), clock_(clock) {
  if (own_) files_[own_->certificate];
  for (const std::filesystem::path& file : others) files_[file];
  Look();
}

void CertificateWatch::Look() {
  const std::lock_guard lock(mutex_);
  for (auto& [file, seen] : files_) LookAt(file, seen);
}

void CertificateWatch::LookAt(const std::filesystem::path& file, Seen& seen) {
  const absl::StatusOr<Bytes> pem = ReadFile(file);
  absl::StatusOr<int64_t> expires = pem.ok() ? EarliestExpiryMs(*pem) : pem.status();
  if (expires.ok() && own_ && file == own_->certificate) {
    if (const absl::Status fits = CheckTlsFiles(*own_); !fits.ok()) expires = fits;
  }
  if (!expires.ok()) {
    std::string problem(expires.status().message());
    if (problem != seen.problem) {
      spdlog::error("certificate {}: {}; what was read before stays in use", file.string(), problem);
    }
    seen.problem = std::move(problem);
  } else {
    seen.problem.clear();
    const Digest content = Sha256(*pem);
    const bool renewed = content != seen.content && seen.expires_at_ms != 0;
    if (content != seen.content) seen.stage = 0;
    const bool news = content != std::exchange(seen.content, content);
    seen.expires_at_ms = *expires;
    if (news) {
      spdlog::info("certificate {}: {}good until {}", file.string(), renewed ? "was renewed, " : "",
                   Timestamp(seen.expires_at_ms));
    }
  }
  if (seen.expires_at_ms != 0) SayStage(file.string(), seen);
}

void CertificateWatch::SayStage(const std::string& file, Seen& seen) {
  const int stage = StageOf(DaysLeft(seen));
  if (stage <= std::exchange(seen.stage, stage)) return;
  const std::string end = Timestamp(seen.expires_at_ms);
  if (stage == kExpired) {
    spdlog::error("certificate {}: has expired on {}, and clients refuse it; renew it", file, end);
  } else if (stage == kExpired - 1) {
    spdlog::error("certificate {}: expires within a day, on {}; renew it", file, end);
  } else {
    spdlog::warn("certificate {}: expires within {} days, on {}; renew it", file,
                 static_cast<int>(kLimits[stage - 1]), end);
  }
}

double CertificateWatch::DaysLeft(const Seen& seen) const {
  return static_cast<double>(seen.expires_at_ms - clock_.NowMillis()) / kDayMs;
}

std::vector<CertificateFigures> CertificateWatch::Figures() const {
  const std::lock_guard lock(mutex_);
  std::vector<CertificateFigures> figures;
  for (const auto& [file, seen] : files_) {
    if (seen.expires_at_ms != 0) figures.push_back({file.string(), seen.expires_at_ms, DaysLeft(seen)});
  }
  return figures;
}

absl::Status CertificateWatch::Check(const std::filesystem::path& file, const Clock& clock) {
  LABREC_ASSIGN_OR_RETURN(const Bytes pem, ReadFile(file));
  LABREC_ASSIGN_OR_RETURN(const int64_t expires, EarliestExpiryMs(pem));
  if (expires > clock.NowMillis()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(file.string(), ": has expired on ", Timestamp(expires),
                                                    ", and clients refuse it; renew it"));
}

}  // namespace labrec::recovery
