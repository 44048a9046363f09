// What a key gives for which nothing is paid: TPM2_StartAuthSession takes a decryption key for the salt and
// asks for no authorisation (part 3, section 11.1), a spent key's policy or not. The host chooses a point P
// and gets, behind KDFe and an HMAC, a hash of the x coordinate of k*P. docs/threat_model.md argues what that
// is worth; here is what it is.
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "hsm/base/p256.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/hash.h"
#include "hsm/tpm_wire/kdf.h"
#include "tests/fault/counted/attack.h"

namespace labrec::hsm::attack {
namespace {

constexpr tpm::HashAlgorithm kHash = tpm::HashAlgorithm::kSha256;
constexpr int kSessions = 200;

// A session salted with P under a key in the TPM, by commands of the attacker's own: the salt need not be
// known.
class SaltedSession {
 public:
  SaltedSession(Attacker& attacker, ESYS_TR key, ByteView x, ByteView y) : attacker_(attacker) {
    EXPECT_EQ(Esys_GetSysContext(attacker.esys(), &sys_), TSS2_RC_SUCCESS);
    TPM2_HANDLE handle = 0;
    EXPECT_EQ(Esys_TR_GetTpmHandle(attacker.esys(), key, &handle), TSS2_RC_SUCCESS);
    TPM2B_NONCE caller{};
    Fill(caller, nonce_caller_);
    TPM2B_ENCRYPTED_SECRET salt{};
    const Bytes point = Writer().Lp(x).Lp(y).bytes();
    salt.size = static_cast<UINT16>(point.size());
    std::copy(point.begin(), point.end(), salt.secret);
    TPMT_SYM_DEF symmetric{};
    symmetric.algorithm = TPM2_ALG_NULL;
    TPM2B_NONCE from_tpm{};
    from_tpm.size = sizeof from_tpm.buffer;
    started_ = Tss2_Sys_StartAuthSession(sys_, handle, TPM2_RH_NULL, nullptr, &caller, &salt, TPM2_SE_HMAC,
                                         &symmetric, TPM2_ALG_SHA256, &session_, &from_tpm, nullptr);
    nonce_tpm_ = Bytes(from_tpm.buffer, from_tpm.buffer + from_tpm.size);
  }
  ~SaltedSession() {
    if (started_ == TSS2_RC_SUCCESS) (void)Tss2_Sys_FlushContext(sys_, session_);
  }
  SaltedSession(const SaltedSession&) = delete;
  SaltedSession& operator=(const SaltedSession&) = delete;

  bool started() const { return started_ == TSS2_RC_SUCCESS; }

  // Whether k*P has this x coordinate: a command with the HMAC that then fits is executed, or refused. Once.
  bool Confirms(ByteView candidate_x, ByteView p_x, ByteView key_x) {
    const SecretBytes salt = tpm::KdfE(kHash, candidate_x, "SECRET", p_x, key_x, 256);
    const SecretBytes key = tpm::KdfA(kHash, salt.view(), "ATH", nonce_tpm_, nonce_caller_, 256);
    const Bytes nonce(32, 0x77);
    const uint8_t attributes = TPMA_SESSION_AUDIT;
    const Bytes parameters = Writer().U32(TPM2_CC_GetRandom).U16(8).bytes();
    const SecretBytes hmac = tpm::Hmac(
        kHash, key.view(), {tpm::Hash(kHash, {parameters}), nonce, nonce_tpm_, ByteView(&attributes, 1)});
    TSS2L_SYS_AUTH_COMMAND with{};
    with.count = 1;
    with.auths[0].sessionHandle = session_;
    with.auths[0].sessionAttributes = attributes;
    Fill(with.auths[0].nonce, nonce);
    Fill(with.auths[0].hmac, hmac.view());
    TSS2L_SYS_AUTH_RESPONSE answered{};
    TPM2B_DIGEST random{};
    random.size = sizeof random.buffer;
    const TSS2_RC rc = Tss2_Sys_GetRandom(sys_, &with, 8, &random, &answered);
    if (rc == TSS2_RC_SUCCESS) started_ = TSS2_RC_SUCCESS + 1;  // the session has ended with the command
    return rc == TSS2_RC_SUCCESS;
  }

 private:
  Attacker& attacker_;
  TSS2_SYS_CONTEXT* sys_ = nullptr;
  const Bytes nonce_caller_ = Bytes(32, 0x55);
  Bytes nonce_tpm_;
  TPM2_HANDLE session_ = 0;
  TSS2_RC started_ = TSS2_RC_SUCCESS;
};

// The key's public point Q = k*G.
P256Point PublicPoint(Attacker& attacker, ESYS_TR key) {
  TPM2B_PUBLIC* area = nullptr;
  EXPECT_EQ(Esys_ReadPublic(attacker.esys(), key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr,
                            nullptr),
            TSS2_RC_SUCCESS);
  const TPMS_ECC_POINT& unique = area->publicArea.unique.ecc;
  const auto point = P256Point::FromAffine(ByteView(unique.x.buffer, unique.x.size),
                                           ByteView(unique.y.buffer, unique.y.size));
  Esys_Free(area);
  return point.value();
}

class SpentKey : public CountedAttack {
 protected:
  void SetUp() override {
    CountedAttack::SetUp();
    key_ = attacker_->Load(record_.key);
    ASSERT_EQ(attacker_->EvaluateAll(key_, attacker_->Index(record_.key.index)), static_cast<int>(kLimit));
    public_point_.emplace(PublicPoint(*attacker_, key_));
  }
  bool Confirms(const P256Point& p, const P256Point& candidate) {
    SaltedSession session(*attacker_, key_, p.x(), p.y());
    EXPECT_TRUE(session.started());
    return session.Confirms(candidate.x(), p.x(), public_point_->x());
  }

  ESYS_TR key_ = ESYS_TR_NONE;
  std::optional<P256Point> public_point_;
};

// Every point that a host chooses is multiplied, as often as it likes, and no count is left to pay with. It
// can test a candidate for k*P, one at a time, and nothing else of k*P comes out.
TEST_F(SpentKey, MultipliesForTheSaltsOfSessionsWithoutEnd) {
  for (int i = 0; i < kSessions; ++i) {
    const P256Scalar r = P256Scalar::Random();
    const P256Point p = P256Point::Generator().Times(r);
    EXPECT_TRUE(Confirms(p, public_point_->Times(r))) << i;
  }
  EXPECT_EQ(attacker_->EvaluateAll(key_, attacker_->Index(record_.key.index)), 0)
      << "it is spent all the same";
}

TEST_F(SpentKey, TellsOfACandidateOnlyWhetherItIsRight) {
  const P256Scalar r = P256Scalar::Random();
  const P256Point p = P256Point::Generator().Times(r);
  const P256Point right = public_point_->Times(r);
  EXPECT_TRUE(Confirms(p, right));
  EXPECT_TRUE(Confirms(p, right.Negated())) << "of the x coordinate only";
  EXPECT_FALSE(Confirms(p, p));
  EXPECT_FALSE(Confirms(p, *right.Plus(P256Point::Generator())));
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(Confirms(p, P256Point::Generator().Times(P256Scalar::Random()))) << i;
  }
}

// A point beside the curve would tell k modulo small numbers.
TEST_F(SpentKey, TakesNoPointBesideTheCurve) {
  const P256Point g = P256Point::Generator();
  Bytes y = ToBytes(g.y());
  y.back() ^= 1;
  EXPECT_FALSE(SaltedSession(*attacker_, key_, g.x(), y).started());
  EXPECT_FALSE(SaltedSession(*attacker_, key_, Bytes(32, 0), Bytes(32, 0)).started());
  EXPECT_FALSE(SaltedSession(*attacker_, key_, Bytes(), Bytes()).started());
  EXPECT_TRUE(SaltedSession(*attacker_, key_, g.x(), g.y()).started());  // the control
}

// No attribute of a key that TPM2_ECDH_ZGen takes prevents it: without "decrypt" there is no evaluation
// either.
TEST_F(SpentKey, IsNoExceptionAmongKeysThatEvaluate) {
  const Bytes nobody(32, 1);  // a policy that nothing fulfils
  const ESYS_TR locked = attacker_->MakeKey(nobody, TPMA_OBJECT_ADMINWITHPOLICY);
  const P256Point g = P256Point::Generator();
  EXPECT_FALSE(attacker_->Multiply(locked, attacker_->Session()));
  EXPECT_TRUE(SaltedSession(*attacker_, locked, g.x(), g.y()).started());
}

}  // namespace
}  // namespace labrec::hsm::attack
