#pragma once

#include <memory>
#include <string>

#include "hsm/base/clock.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "tests/support/tpm/attested_tpm.h"
#include "tests/support/tpm/local_ca.h"
#include "tests/unit/attestation/chip_evidence.h"

namespace labrec::attestation {

inline constexpr uint32_t kTestHandle = 0x01800100;
inline constexpr uint32_t kTestLimit = 10;

inline Digest TestNonce(const std::string& text) {
  return Sha256(text);
}

// One chip-enforced record on a software TPM, with all that a client knows about it and all that it is shown.
// Throws (and so fails the test) where the TPM does not do what it must.
struct ChipWorld {
  static ChipWorld Make(test::AttestedTpm::Ek ek, test::AttestedTpm::Ak ak) {
    ChipWorld world{test::AttestedTpm::Start(ek, ak).value(), EcdsaPrivateKey::Generate()};
    world.ShowIdentity();
    world.ShowRecordKey(world.GoodOptions());
    world.Write(tpm::Written::kNo, kTestLimit);
    world.ShowContents();
    return world;
  }

  test::AttestedTpm::RecordKeyOptions GoodOptions() const {
    test::AttestedTpm::RecordKeyOptions options;
    const tpm::TpmsNvPublic index =
        tpm::CountingIndexArea(kTestHandle, unlock_key.public_key(), tpm::Written::kYes);
    options.index_policy = index.auth_policy;
    options.key_policy = tpm::CountedKeyPolicy(index);
    options.nonce = TestNonce("key");
    return options;
  }

  void ShowIdentity() {
    evidence.identity = tpm->identity();
    const TpmIdentity identity = CheckIdentity(evidence.identity, Trust(), SystemClock().NowMillis()).value();
    challenge = ChallengeAk(identity).value();
    evidence.activated = tpm->Activate(challenge.blob).value();
  }
  void ShowRecordKey(const test::AttestedTpm::RecordKeyOptions& options) {
    evidence.record_key = tpm->MakeRecordKey(options).value();
  }
  // The client signs, the TPM writes.
  void Write(tpm::Written before, uint32_t limit) {
    const auto session =
        tpm->BeginWrite(unlock_key.public_key(), kTestHandle, tpm::DataOf(before, limit)).value();
    const auto signature =
        tpm::SignIndexWrite(unlock_key, {kTestHandle, before, limit}, session.nonce_tpm).value();
    const absl::Status written = tpm->FinishWrite(kTestHandle, signature);
    if (!written.ok()) throw std::runtime_error(written.ToString());
  }
  void ShowContents() {
    evidence.index_contents = tpm->CertifyIndex(kTestHandle, TestNonce("contents")).value();
  }

  static EkTrust Trust() { return test::LocalCa::Instance().Trust().value(); }

  ChipExpectation Expectation() const {
    return {Trust(),          SystemClock().NowMillis(), std::nullopt,   unlock_key.public_key(),
            TestNonce("key"), TestNonce("contents"),     {0, kTestLimit}};
  }
  absl::StatusOr<VerifiedChipRecord> Verify() const {
    return VerifyChipRecord(Expectation(), challenge, evidence);
  }

  std::unique_ptr<test::AttestedTpm> tpm;
  EcdsaPrivateKey unlock_key;
  AkChallenge challenge{};
  ChipEvidence evidence{};
};

}  // namespace labrec::attestation
