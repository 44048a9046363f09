#include "tools/cli/attest_report.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "tools/cli/terminal_text.h"

namespace labrec::cli {
namespace {

using nlohmann::json;

constexpr char kHostCounts[] =
    "that its host counts guesses: root there can ask the chip without counting (only chip-enforced records, "
    "or "
    "realms of several operators, help)";
constexpr char kWhoseRealm[] = "who runs it, and that its machine was not broken into since it was started";

const char* OutcomeName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kProven:
      return "proven";
    case Verdict::kNotProven:
      return "not-proven";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kNoAnswer:
      return "no-answer";
  }
  std::abort();
}

std::string Fingerprint(const AttestReport& report) {
  return Hex(Sha256(ByteView(report.ek_certificate)));
}

std::vector<std::string> NotProven(const AttestReport& report) {
  std::vector<std::string> all;
  if (VerdictOf(report) == Verdict::kNotProven && report.verified.has_value()) {
    all.push_back(
        absl::StrCat("that there is a TPM at all: nobody was named to believe. Everything said above hangs "
                     "on the certificate "
                     "with SHA-256 ",
                     Fingerprint(report), "; name its vendor's roots in a policy file (--attest-policy)"));
  }
  if (report.verified.has_value()) {
    all.emplace_back(kHostCounts);
    all.emplace_back(kWhoseRealm);
  }
  for (const std::string& claim : report.claims) all.push_back(absl::StrCat("its claim: ", claim));
  return all;
}

}  // namespace

Verdict VerdictOf(const AttestReport& report) {
  if (report.verified.has_value()) return report.endorsed ? Verdict::kProven : Verdict::kNotProven;
  switch (report.error.code()) {
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kDataLoss:
      return Verdict::kRefused;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return Verdict::kNotProven;
    default:
      return Verdict::kNoAnswer;
  }
}

json ToJson(const AttestReport& report) {
  json object = {{"realm", report.realm},           {"outcome", OutcomeName(VerdictOf(report))},
                 {"device", report.device},         {"proven", json::array()},
                 {"not_proven", NotProven(report)}, {"claims", report.claims}};
  if (!report.error.ok()) {
    object["error"] = std::string(report.error.message());
    if (VerdictOf(report) == Verdict::kRefused) {
      object["reason"] = std::string(attestation::NameOf(attestation::ReasonOf(report.error)));
    }
  }
  if (!report.verified.has_value()) return object;
  for (const attestation::Proof& proof : report.verified->report) {
    object["proven"].push_back({{"statement", proof.statement}, {"by", proof.proven_by}});
  }
  object["ak_name"] = Hex(report.verified->identity.ak.Name());
  object["ek_certificate_sha256"] = Fingerprint(report);
  if (report.verified->firmware_version) {
    object["firmware"] = attestation::FirmwareText(*report.verified->firmware_version);
  }
  return object;
}

std::string ToText(const AttestReport& report) {
  const Verdict verdict = VerdictOf(report);
  std::string text = absl::StrCat("realm ", report.realm, ": ", OutcomeName(verdict));
  if (!report.device.empty()) absl::StrAppend(&text, " (it says: ", OneLine(report.device), ")");
  text += "\n";
  if (!report.error.ok()) {
    absl::StrAppend(&text, "  ");
    if (verdict == Verdict::kRefused) {
      absl::StrAppend(&text, AbslView(attestation::NameOf(attestation::ReasonOf(report.error))), ": ");
    }
    absl::StrAppend(&text, OneLine(std::string(report.error.message())), "\n");
  }
  if (report.verified.has_value()) {
    const char* const word = verdict == Verdict::kProven ? "proven: " : "shown: ";
    for (const attestation::Proof& proof : report.verified->report) {
      absl::StrAppend(&text, "  ", word, OneLine(proof.statement), "\n    by ", OneLine(proof.proven_by),
                      "\n");
    }
  }
  for (const std::string& one : NotProven(report))
    absl::StrAppend(&text, "  NOT proven: ", OneLine(one), "\n");
  return text;
}

}  // namespace labrec::cli
