#include "tools/admin/doctor/daemon_checks.h"

#include <cmath>

#include "absl/strings/str_cat.h"

#include "recovery/realm/capacity.h"

namespace labrec::admin {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

constexpr double kDayMs = 24.0 * 60 * 60 * 1000;
constexpr int64_t kSlowCallMs = 2'000;

void JudgeDevice(const v1::GetStatusResponse& status, Findings& findings) {
  const v1::GetRealmResponse& realm = status.realm();
  if (!realm.device_warning().empty()) {
    findings.Add(Severity::kSoon, "device", realm.device_warning(), "");
  } else {
    findings.Good("device", absl::StrCat(realm.device_kind(), " ", realm.device_manufacturer()));
  }
  if (status.oldest_device_call_ms() > kSlowCallMs) {
    findings.Add(Severity::kWrong, "device",
                 absl::StrCat("a call of it has taken ", status.oldest_device_call_ms() / 1000, " s so far"),
                 "the chip or its bus hangs; if it lasts, restart the machine");
  }
  if (realm.has_chip() && realm.chip().full()) {
    findings.Add(Severity::kSoon, "chip", "has no room for another record that it counts for",
                 "delete records that are not needed, or widen counted-indices");
  }
}

void JudgeWear(const v1::AnchorWear& wear, Findings& findings) {
  if (!std::isfinite(wear.years_left())) return findings.Good("wear", "no rating, or no writes");
  const std::string what =
      absl::StrCat(wear.lifetime_writes(), " of ", wear.rated_endurance(), " writes, ",
                   std::floor(10 * wear.years_left()) / 10, " years left at last week's rate");
  if (wear.years_left() >= 2) return findings.Good("wear", what);
  findings.Add(wear.years_left() < 0.25 ? Severity::kWrong : Severity::kSoon, "wear", what,
               "plan another device: docs/operations.md, \"Wear\"");
}

void JudgeCertificate(const v1::CertificateState& certificate, int64_t now_ms, Findings& findings) {
  const double days = static_cast<double>(certificate.expires_at_ms() - now_ms) / kDayMs;
  const std::string what = days < 0 ? absl::StrCat(certificate.file(), ": has expired")
                                    : absl::StrCat(certificate.file(), ": ", std::floor(days), " days left");
  if (days > 30) return findings.Good("certificate", what);
  findings.Add(days < 1 ? Severity::kWrong : Severity::kSoon, "certificate", what, "renew it");
}

}  // namespace

void JudgeStatus(const v1::GetStatusResponse& status, int64_t now_ms, Findings& findings) {
  if (status.serving()) {
    findings.Good("daemon", absl::StrCat("serves, version ", status.realm().software_version()));
  } else {
    findings.Add(Severity::kWrong, "daemon", absl::StrCat("does not serve: ", status.not_serving_reason()),
                 "journalctl -u labyrinth-recoveryd; docs/operations.md, \"What the log says\"");
  }
  JudgeDevice(status, findings);
  JudgeWear(status.anchor_wear(), findings);
  for (const v1::CertificateState& certificate : status.certificates()) {
    JudgeCertificate(certificate, now_ms, findings);
  }
  if (status.realm().discontinuities() > 0) {
    findings.Good("ledger",
                  absl::StrCat("restored storage was accepted ", status.realm().discontinuities(), " times"));
  }
}

void JudgeSize(uint64_t rows, uint32_t bucket_exponent, Findings& findings) {
  const std::string outgrown = recovery::Outgrown(rows, bucket_exponent);
  if (outgrown.empty()) {
    return findings.Good("size",
                         absl::StrCat(rows, " rows, made for ", recovery::RowsMadeFor(bucket_exponent)));
  }
  findings.Add(Severity::kSoon, "size", outgrown,
               "new accounts to a realm made with a greater --accounts: docs/operations.md, \"Capacity\"");
}

}  // namespace labrec::admin
