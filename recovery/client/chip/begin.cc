#include "recovery/client/chip/begin.h"

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/evidence/refusal.h"
#include "attestation/verify/chip_record_verifier.h"
#include "hsm/base/status_macros.h"
#include "pin/confirmation.h"
#include "pin/oprf/oprf.h"
#include "recovery/api/limits.h"
#include "recovery/client/chip/write.h"
#include "recovery/client/core/random.h"
#include "recovery/client/core/signed_call.h"

namespace labrec::recovery::client::core {
namespace {

using attestation::CertifiedRecordKey;
using tpm::PinCounter;

// What the first write grants: the two evaluations of the confirmation and no more. A host could else
// authorise uses of the key now that it makes later, when the count is set back and the salt is known.
constexpr uint32_t kConfirmations = 2;

Task<wire::BeginRegistrationResponse> BeginInRealm(Scope& scope, Account& account, size_t realm,
                                                   const ChipBeginning& beginning, ByteView nonce) {
  const Bytes spki = beginning.unlock_key.public_key().Spki();
  const Bytes body = BeginChipBody(beginning.record, beginning.version, spki, beginning.guess_limit, nonce);
  wire::BeginChip chip;
  chip.unlock_public_key = spki;
  chip.guess_limit = beginning.guess_limit;
  chip.nonce = ToBytes(nonce);
  wire::BeginRegistrationRequest request;
  request.record = beginning.record;
  request.version = beginning.version;
  while (true) {
    LABREC_CO_ASSIGN_OR_RETURN(
        Authorization authorization,
        co_await Authorize(scope, account, realm, Operation::kBeginChipVersion, body, beginning.signer));
    chip.authorization = std::move(authorization.signature);
    request.chip = chip;
    auto response = co_await Call(scope, account, realm, request);
    // Another beginning would make another index: only a challenge that was too old is replaced.
    if (!authorization.by_held || !absl::IsPermissionDenied(response.status())) co_return response;
  }
}

Task<CertifiedRecordKey> MakeKey(Scope& scope, Account& account, size_t realm, const ChipBeginning& beginning,
                                 const tpm::TpmtPublic& ak, BegunInChip& begun) {
  const SecretBytes nonce = RandomSecret(account.host(), kNonceBytes);
  LABREC_CO_ASSIGN_OR_RETURN(wire::BeginRegistrationResponse response,
                             co_await BeginInRealm(scope, account, realm, beginning, nonce.view()));
  begun.registration_id = std::move(response.registration_id);
  const Bytes shown = response.chip ? response.chip->evidence : Bytes();
  const auto evidence = attestation::DecodeRecordKeyEvidence(shown);
  if (!evidence.ok()) co_return Unproven(account[realm], evidence.status());
  auto key = CheckRecordKeyEvidence(
      ak, *evidence, beginning.unlock_key.public_key(),
      ChipNonce(account, realm, beginning.record, beginning.version, nonce.view()), begun.report);
  if (!key.ok()) co_return Unproven(account[realm], key.status());
  co_return key;
}

Task<> Confirm(Scope& scope, Account& account, size_t realm, const ChipBeginning& beginning,
               const P256Point& certified_key, BegunInChip& begun) {
  LABREC_CO_ASSIGN_OR_RETURN(const pin::Blinded blinded,
                             pin::BlindWith(beginning.input, RandomScalar(account.host())));
  const pin::Confirmation confirmation(blinded.element, SourceOf(account.host()));
  wire::ConfirmKeyRequest request;
  request.record = beginning.record;
  request.version = beginning.version;
  request.registration_id = begun.registration_id;
  for (const P256Point& element : confirmation.elements()) {
    request.elements.push_back(ToBytes(element.Compressed()));
  }
  LABREC_CO_ASSIGN_OR_RETURN(const wire::ConfirmKeyResponse response,
                             co_await Call(scope, account, realm, std::move(request)));
  std::vector<P256Point> answers;
  for (const Bytes& answer : response.evaluated) {
    auto point = P256Point::ParseCompressed(answer);
    if (!point.ok()) co_return Unproven(account[realm], point.status());
    answers.push_back(*point);
  }
  const auto evaluated = confirmation.Check(answers, certified_key);
  if (!evaluated.ok()) co_return Unproven(account[realm], evaluated.status());
  LABREC_CO_ASSIGN_OR_RETURN(begun.rho, pin::Finalize(beginning.input, blinded.blind, *evaluated));
  begun.report.push_back(
      {"evaluations come from the certified key", "two evaluations that only that key makes fit together"});
  co_return absl::OkStatus();
}

// The guess limit, once the two uses of the confirmation are what the chip has counted, and all of it.
Task<> Grant(Scope& scope, Account& account, size_t realm, const ChipVersion& version, uint32_t guess_limit,
             attestation::Report& proven) {
  const PinCounter confirmed{kConfirmations, kConfirmations};
  LABREC_CO_ASSIGN_OR_RETURN(
      const CounterWritten written,
      co_await WriteLimit(
          scope, account, realm, version, [&](const PinCounter& now) -> absl::StatusOr<uint32_t> {
            if (now == confirmed) return kConfirmations + guess_limit;
            return Unproven(account[realm], attestation::Refuse(attestation::RefusalReason::kIndexContents,
                                                                "it did not count the two evaluations"));
          }));
  if (written.after.count != kConfirmations) {
    co_return Unproven(account[realm], attestation::Refuse(attestation::RefusalReason::kIndexContents,
                                                           "its key was used before anything was sealed"));
  }
  proven.push_back({absl::StrCat("the TPM lets ", guess_limit, " guesses be made"),
                    "the attestation key's signature over this exchange's nonce"});
  co_return absl::OkStatus();
}

}  // namespace

Task<BegunInChip> BeginInChip(Scope& scope, Account& account, size_t realm, const ChipBeginning& beginning) {
  LABREC_CO_ASSIGN_OR_RETURN(VerifiedAk verified, co_await VerifyAk(scope, account, realm, beginning.trust));
  BegunInChip begun;
  begun.ak_name = verified.ak.Name();
  begun.report = std::move(verified.report);
  LABREC_CO_ASSIGN_OR_RETURN(const CertifiedRecordKey key,
                             co_await MakeKey(scope, account, realm, beginning, verified.ak, begun));
  begun.index = key.written_index.index;
  const ChipVersion version{beginning.record, beginning.version, begun.index, &beginning.unlock_key,
                            &verified.ak};
  LABREC_CO_RETURN_IF_ERROR(
      co_await WriteFirst(scope, account, realm, version, kConfirmations, begun.report));
  LABREC_CO_RETURN_IF_ERROR(co_await Confirm(scope, account, realm, beginning, key.public_key, begun));
  LABREC_CO_RETURN_IF_ERROR(
      co_await Grant(scope, account, realm, version, beginning.guess_limit, begun.report));
  co_return begun;
}

}  // namespace labrec::recovery::client::core
