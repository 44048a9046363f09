#pragma once

#include <string>

#include "attestation/verify/realm_verifier.h"
#include "hsm/tpm_wire/constants.h"
#include "tests/unit/attestation/chip_evidence.h"
#include "tests/unit/vector_file.h"

namespace labrec::attestation {

// The evidence in tests/vectors/attestation, with all that its client knew.
struct CapturedChip {
  static CapturedChip Load() {
    const auto fields = VectorFile::Load("attestation/chip_record.txt").common;
    CapturedChip captured{Expectation(fields), Challenge(fields), Unhex(fields.at("evidence"))};
    return captured;
  }
  static AkChallenge Challenge(const VectorFile::Fields& fields) {
    AkChallenge challenge;
    challenge.credential = SecretBytes::CopyOf(Unhex(fields.at("credential")));
    challenge.ek_name = Unhex(fields.at("ek_name"));
    challenge.ak_name = Unhex(fields.at("ak_name"));
    return challenge;
  }
  static Digest DigestOf(const std::string& hex) {
    Digest digest{};
    const Bytes bytes = Unhex(hex);
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    return digest;
  }
  static ChipExpectation Expectation(const VectorFile::Fields& fields) {
    EkTrust trust;
    trust.anchors.push_back(Unhex(fields.at("root")));
    return {trust,
            std::stoll(fields.at("now_ms")),
            std::nullopt,
            EcdsaPublicKey::FromSpki(Unhex(fields.at("unlock_key"))).value(),
            DigestOf(fields.at("key_nonce")),
            DigestOf(fields.at("contents_nonce")),
            {0, static_cast<uint32_t>(std::stoul(fields.at("limit")))}};
  }

  ChipEvidence Evidence() const { return DecodeChipEvidence(encoded).value(); }
  absl::Status Verify(const ChipEvidence& evidence) const {
    return VerifyChipRecord(expectation, challenge, evidence).status();
  }
  // As a client takes it from the network.
  absl::Status VerifyEncoded(ByteView bytes) const {
    const auto evidence = DecodeChipEvidence(bytes);
    return evidence.ok() ? Verify(*evidence) : evidence.status();
  }
  // True for the captured evidence, whatever certificates stand beside the chain's own.
  bool IsIn(ByteView bytes) const {
    ChipEvidence evidence = DecodeChipEvidence(bytes).value();
    evidence.identity.intermediates = Evidence().identity.intermediates;
    return Encode(evidence) == encoded;
  }

  ChipExpectation expectation;
  AkChallenge challenge;
  Bytes encoded;
};

struct CapturedRealm {
  static CapturedRealm Load() {
    const auto fields = VectorFile::Load("attestation/realm.txt").common;
    AttestPolicy policy;
    policy.trust.anchors.push_back(Unhex(fields.at("root")));
    policy.pcrs[{tpm::kAlgSha256, 0}] = {Bytes(32, 0)};
    policy.pcrs[{tpm::kAlgSha256, 7}] = {Bytes(32, 1), Bytes(32, 0)};
    RealmExpectation expectation{policy, std::stoll(fields.at("now_ms")), std::nullopt,
                                 CapturedChip::DigestOf(fields.at("nonce")),
                                 P256Point::Parse(Unhex(fields.at("evaluation_key"))).value()};
    return {std::move(expectation), CapturedChip::Challenge(fields), Unhex(fields.at("evidence"))};
  }
  RealmEvidence Evidence() const { return DecodeRealmEvidence(encoded).value(); }
  absl::Status Verify(const RealmEvidence& evidence) const {
    return VerifyRealm(expectation, challenge, evidence).status();
  }
  absl::Status VerifyEncoded(ByteView bytes) const {
    const auto evidence = DecodeRealmEvidence(bytes);
    return evidence.ok() ? Verify(*evidence) : evidence.status();
  }
  bool IsIn(ByteView bytes) const {
    RealmEvidence evidence = DecodeRealmEvidence(bytes).value();
    evidence.identity.intermediates = Evidence().identity.intermediates;
    return Encode(evidence) == encoded;
  }

  RealmExpectation expectation;
  AkChallenge challenge;
  Bytes encoded;
};

}  // namespace labrec::attestation
