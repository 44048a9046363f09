#include "attestation/verify/pcr_quote.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/refusal.h"
#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::attestation {
namespace {

// The PCRs of the selection, bank by bank, ascending.
std::vector<AttestPolicy::Pcr> InOrder(const std::vector<tpm::PcrSelection>& selection) {
  std::vector<AttestPolicy::Pcr> pcrs;
  for (const tpm::PcrSelection& bank : selection) {
    for (uint32_t i = 0; i < bank.bitmap.size() * 8; ++i) {
      if (((bank.bitmap[i / 8] >> (i % 8)) & 1U) != 0) pcrs.push_back({bank.hash, i});
    }
  }
  return pcrs;
}

std::string NameOf(const AttestPolicy::Pcr& pcr) {
  const auto algorithm = tpm::HashAlgorithmOf(pcr.bank);
  const std::string bank =
      algorithm.has_value() ? tpm::DigestName(*algorithm) : absl::StrCat("0x", absl::Hex(pcr.bank));
  return absl::StrCat("PCR ", pcr.index, " (", bank, ")");
}

}  // namespace

absl::StatusOr<std::map<AttestPolicy::Pcr, Bytes>> QuotedPcrs(const tpm::QuoteInfo& quote,
                                                              const std::vector<Bytes>& values,
                                                              tpm::HashAlgorithm digest_algorithm) {
  const std::vector<AttestPolicy::Pcr> pcrs = InOrder(quote.selection);
  if (pcrs.size() != values.size()) {
    return Refuse(RefusalReason::kPcr, absl::StrCat("the quote is over ", pcrs.size(), " PCRs, but ",
                                                    values.size(), " values are shown beside it"));
  }
  std::map<AttestPolicy::Pcr, Bytes> quoted;
  Writer all;
  for (size_t i = 0; i < pcrs.size(); ++i) {
    const auto algorithm = tpm::HashAlgorithmOf(pcrs[i].bank);
    const size_t size =
        algorithm.has_value() ? tpm::DigestSize(*algorithm) : 20;  // SHA-1's bank may be quoted too
    if (values[i].size() != size || !quoted.emplace(pcrs[i], values[i]).second) {
      return Refuse(RefusalReason::kPcr,
                    absl::StrCat("the value shown for ", NameOf(pcrs[i]), " has another size"));
    }
    all.Raw(values[i]);
  }
  if (tpm::Hash(digest_algorithm, {all.bytes()}) != quote.pcr_digest) {
    return Refuse(RefusalReason::kPcr, "the PCR values shown are not the ones that the TPM quoted");
  }
  return quoted;
}

absl::Status CheckPcrs(const AttestPolicy& policy, const std::map<AttestPolicy::Pcr, Bytes>& quoted) {
  for (const auto& [pcr, accepted] : policy.pcrs) {
    const auto found = quoted.find(pcr);
    if (found == quoted.end()) {
      return Refuse(RefusalReason::kPcr, absl::StrCat(NameOf(pcr), " is not quoted"));
    }
    if (std::find(accepted.begin(), accepted.end(), found->second) == accepted.end()) {
      return Refuse(RefusalReason::kPcr, absl::StrCat(NameOf(pcr), " is ", Hex(found->second),
                                                      ", which the policy file does not accept"));
    }
  }
  return absl::OkStatus();
}

}  // namespace labrec::attestation
