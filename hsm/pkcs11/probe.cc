#include "hsm/pkcs11/probe.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/anchor/names.h"
#include "hsm/pkcs11/evaluation_key.h"
#include "hsm/pkcs11/token/error.h"
#include "hsm/pkcs11/token/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

ProbeFinding Finding(std::string what, const absl::Status& tried, std::string_view remedy) {
  if (tried.ok()) return {.what = std::move(what), .present = true, .remedy = ""};
  return {.what = std::move(what),
          .present = false,
          .remedy = absl::StrCat(AbslView(remedy), " (", tried.message(), ")")};
}

absl::Status TryEvaluation(const Session& session, const KeyPairHandles& pair) {
  LABREC_ASSIGN_OR_RETURN(const P256Point public_key, ReadEcPoint(session, pair.public_key));
  return ProveEvaluationKey(session, {pair.private_key}, public_key);
}

void TryEllipticCurve(const Session& session, const KeyName& name, std::vector<ProbeFinding>& findings) {
  const auto pair = GenerateEcPair(session, Lifetime::kSession, name);
  findings.push_back(
      Finding("key pair on P-256 (CKM_EC_KEY_PAIR_GEN)", pair.status(),
              "the token must make P-256 keys with CKA_DERIVE: enable the mechanism, or take another"));
  absl::Status tried = absl::FailedPreconditionError("not tried without a key pair");
  if (pair.ok()) {
    const SessionObject public_key(session, pair->public_key);
    const SessionObject private_key(session, pair->private_key);
    tried = TryEvaluation(session, *pair);
    findings.push_back(Finding("key that cannot be read out", CheckLockedIn(session, pair->private_key),
                               "the token must honour CKA_SENSITIVE and CKA_EXTRACTABLE"));
  }
  findings.push_back(
      Finding("ECDH on P-256 without a KDF (CKM_ECDH1_DERIVE, CKD_NULL)", tried,
              "some tokens derive only with a KDF (AWS CloudHSM, some Thales services): where that is "
              "a setting or a policy of the token, change it; else keep the keys on another device"));
}

void TryHmac(const Session& session, const KeyName& name, std::vector<ProbeFinding>& findings) {
  const auto key = GenerateHmacKey(session, Lifetime::kSession, name);
  absl::Status tried = key.status();
  if (key.ok()) {
    const SessionObject owned(session, *key);
    tried = Hmac(session, *key, AsBytes("labyrinth-recovery/v1/probe")).status();
  }
  findings.push_back(
      Finding("HMAC with a key made on the token (CKM_GENERIC_SECRET_KEY_GEN, CKM_SHA256_HMAC)", tried,
              "enable these mechanisms on the token, or take another"));
}

absl::Status TryRatchet(const Session& session, const KeyName& name) {
  LABREC_ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE handle, GenerateHmacKey(session, Lifetime::kToken, name));
  const absl::Status used = Hmac(session, handle, AsBytes("labyrinth-recovery/v1/probe")).status();
  Attributes unique;
  unique.Number(CKA_CLASS, CKO_SECRET_KEY).Blob(CKA_ID, name.id);
  const absl::Status destroyed = DestroyAndLook(session, {handle}, std::move(unique));
  return used.ok() ? destroyed : used;
}

absl::Status TryRandom(const Session& session) {
  std::array<CK_BYTE, 32> bytes{};
  return FromCkRv("C_GenerateRandom",
                  session.api()->C_GenerateRandom(session.handle(), bytes.data(), bytes.size()));
}

}  // namespace

std::vector<ProbeFinding> Try(const Session& session, const DeviceRoles& roles) {
  // No realm has this id, so nothing of a realm is touched.
  const Scope scope = Scope::NewFor(SecretBytes::Random(kRealmIdSize).view());
  std::vector<ProbeFinding> findings;
  if (roles.keys) {
    TryEllipticCurve(session, EvaluationKeyName(scope), findings);
    TryHmac(session, DerivationKeyName(scope), findings);
  }
  if (roles.anchor) {
    findings.push_back(
        Finding("freshness anchor: making and destroying a token object",
                TryRatchet(session, RatchetKeyName(scope, RatchetKeyId::NewFor(1, Bytes(kNonceSize)))),
                "the user must be allowed to make and destroy secret keys on the token; else keep the "
                "anchor in a TPM"));
  }
  findings.push_back(
      Finding("random generator (C_GenerateRandom)", TryRandom(session), "enable it on the token"));
  return findings;
}

}  // namespace labrec::hsm::pkcs11
