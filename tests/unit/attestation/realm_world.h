#pragma once

#include <memory>
#include <string>

#include "attestation/verify/realm_verifier.h"
#include "hsm/tpm_wire/constants.h"
#include "tests/unit/attestation/world.h"

namespace labrec::attestation {

inline constexpr char kTestPcrs[] = "sha256:0,7";
inline constexpr char kRealmKey[] = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|";

// A realm that counts in its ledger, on a software TPM.
struct RealmWorld {
  static RealmWorld Make(test::AttestedTpm::Ek ek, test::AttestedTpm::Ak ak) {
    RealmWorld world{test::AttestedTpm::Start(ek, ak).value()};
    world.evidence.identity = world.tpm->identity();
    const TpmIdentity identity =
        CheckIdentity(world.evidence.identity, ChipWorld::Trust(), SystemClock().NowMillis()).value();
    world.challenge = ChallengeAk(identity).value();
    world.evidence.activated = world.tpm->Activate(world.challenge.blob).value();
    world.evidence.evaluation_public =
        world.tpm->MakeKey("evaluation", "ecc:ecdh-sha256", std::string(kRealmKey).append("decrypt")).value();
    world.evidence.derivation_public =
        world.tpm->MakeKey("derivation", "hmac:sha256", std::string(kRealmKey).append("sign")).value();
    world.Certify();
    return world;
  }

  void Certify() {
    const Digest nonce = TestNonce("realm");
    evidence.evaluation_certified = tpm->CertifyCreation("evaluation", nonce).value();
    evidence.derivation_certified = tpm->CertifyCreation("derivation", nonce).value();
    evidence.quote = tpm->Quote(kTestPcrs, nonce).value();
    evidence.pcr_values = tpm->PcrValues(kTestPcrs).value();
  }

  RealmExpectation Expectation() const {
    AttestPolicy policy;
    policy.trust = ChipWorld::Trust();
    policy.pcrs[{tpm::kAlgSha256, 0}] = {Bytes(32, 0)};
    policy.pcrs[{tpm::kAlgSha256, 7}] = {Bytes(32, 1), Bytes(32, 0)};
    return {policy, SystemClock().NowMillis(), std::nullopt, TestNonce("realm"),
            tpm::PointOf(tpm::TpmtPublic::Parse(evidence.evaluation_public).value()).value()};
  }
  absl::StatusOr<VerifiedRealm> Verify(const RealmExpectation& expectation) const {
    return VerifyRealm(expectation, challenge, evidence);
  }

  std::unique_ptr<test::AttestedTpm> tpm;
  AkChallenge challenge{};
  RealmEvidence evidence{};
};

}  // namespace labrec::attestation
