// Attacks that move a counted key, or a session that was paid for, out of the TPM and back: over a reset, to
// another parent, or into the open. Beside each stands the same command on an object that allows it.
#include <gtest/gtest.h>
#include <tss2/tss2_mu.h>

#include "tests/fault/counted/attack.h"

namespace labrec::hsm::attack {
namespace {

using tpm::HashAlgorithm;
using tpm::PolicyDigest;

TPMS_CONTEXT* Save(Attacker& attacker, ESYS_TR handle) {
  TPMS_CONTEXT* saved = nullptr;
  EXPECT_EQ(Esys_ContextSave(attacker.esys(), handle, &saved), TSS2_RC_SUCCESS);
  return saved;
}

// kNone if the TPM does not take it.
ESYS_TR LoadSaved(Attacker& attacker, TPMS_CONTEXT* saved) {
  ESYS_TR handle = kNone;
  return Esys_ContextLoad(attacker.esys(), saved, &handle) == TSS2_RC_SUCCESS ? handle : kNone;
}

TEST_F(CountedAttack, ASavedKeyIsNoSecondBudget) {
  TPMS_CONTEXT* const saved = Save(*attacker_, attacker_->Load(record_.key));
  int got = 0;
  for (int i = 0; i < 2; ++i) {
    const ESYS_TR key = LoadSaved(*attacker_, saved);
    ASSERT_NE(key, kNone);  // the control: without a reset it loads, as often as one likes
    got += attacker_->Evaluate(key, attacker_->Index(record_.key.index)) ? 1 : 0;
    attacker_->Flush(key);
  }
  EXPECT_EQ(got, 2);
  Restart(PowerOff::kSaveState);
  const ESYS_TR resumed = LoadSaved(*attacker_, saved);
  ASSERT_NE(resumed, kNone) << "a saved state keeps it";
  got += attacker_->EvaluateAll(resumed, attacker_->Index(record_.key.index));
  EXPECT_EQ(got, kBudget);
  Restart(PowerOff::kCut);
  EXPECT_EQ(LoadSaved(*attacker_, saved), kNone);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
  Esys_Free(saved);
}

// Sessions whose use was counted already, kept over a reset.
TEST_F(CountedAttack, APaidSessionOutlivesASavedStateAndNoPowerCut) {
  const auto pay = [&] {
    const ESYS_TR session = attacker_->Session();
    EXPECT_EQ(attacker_->Secret(session, attacker_->Index(record_.key.index)), TSS2_RC_SUCCESS);
    EXPECT_EQ(attacker_->CommandCode(session, TPM2_CC_ECDH_ZGen), TSS2_RC_SUCCESS);
    return Save(*attacker_, session);
  };
  TPMS_CONTEXT* const first = pay();
  TPMS_CONTEXT* const second = pay();
  int got = 0;
  Restart(PowerOff::kSaveState);
  const auto use = [&](TPMS_CONTEXT* saved) {
    const ESYS_TR session = LoadSaved(*attacker_, saved);
    if (session == kNone) return 0;
    const ESYS_TR key = attacker_->Load(record_.key);
    const int one = attacker_->Multiply(key, session) ? 1 : 0;
    attacker_->Flush(key);
    attacker_->Flush(session);
    return one;
  };
  got += use(first);
  EXPECT_EQ(got, 1);  // the control: it does serve, once
  got += use(first);
  Restart(PowerOff::kCut);
  got += use(second);
  EXPECT_EQ(got, 1);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget - 1);  // the second one's count is lost
  Esys_Free(first);
  Esys_Free(second);
}

struct Duplicated {
  TSS2_RC rc = TSS2_RC_SUCCESS;
  TPM2B_PRIVATE blob{};
  TPM2B_ENCRYPTED_SECRET seed{};
};

// By TPM2_Duplicate under a session that asserts that command; `new_parent` ESYS_TR_RH_NULL for no
// encryption.
Duplicated Duplicate(Attacker& attacker, ESYS_TR key, ESYS_TR session, ESYS_TR new_parent) {
  const TPM2B_DATA no_key{};
  TPMT_SYM_DEF_OBJECT none{};
  none.algorithm = TPM2_ALG_NULL;
  TPM2B_DATA* inner = nullptr;
  TPM2B_PRIVATE* blob = nullptr;
  TPM2B_ENCRYPTED_SECRET* seed = nullptr;
  Duplicated made;
  made.rc = Esys_Duplicate(attacker.esys(), key, new_parent, session, kNone, kNone, &no_key, &none, &inner,
                           &blob, &seed);
  attacker.Flush(session);
  if (made.rc != TSS2_RC_SUCCESS) return made;
  made.blob = *blob;
  made.seed = *seed;
  Esys_Free(inner);
  Esys_Free(blob);
  Esys_Free(seed);
  return made;
}

TSS2_RC Rewrap(Attacker& attacker, ESYS_TR key, const TPM2B_PRIVATE& blob,
               const TPM2B_ENCRYPTED_SECRET& seed) {
  TPM2B_NAME* name = nullptr;
  EXPECT_EQ(Esys_TR_GetName(attacker.esys(), key, &name), TSS2_RC_SUCCESS);
  const ESYS_TR old_parent = attacker.StorageKey();
  TPM2B_PRIVATE* out = nullptr;
  TPM2B_ENCRYPTED_SECRET* out_seed = nullptr;
  const TSS2_RC rc = Esys_Rewrap(attacker.esys(), old_parent, ESYS_TR_RH_NULL, kPassword, kNone, kNone, &blob,
                                 name, &seed, &out, &out_seed);
  attacker.Flush(old_parent);
  Esys_Free(name);
  Esys_Free(out);
  Esys_Free(out_seed);
  return rc;
}

TEST_F(CountedAttack, TheKeyIsNeitherDuplicatedNorRewrapped) {
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const auto paid = [&] {
    const ESYS_TR session = attacker_->Session();
    EXPECT_EQ(attacker_->Secret(session, index), TSS2_RC_SUCCESS);
    EXPECT_EQ(attacker_->CommandCode(session, TPM2_CC_Duplicate), TSS2_RC_SUCCESS);
    return session;
  };
  EXPECT_NE(Duplicate(*attacker_, key, paid(), ESYS_TR_RH_NULL).rc, TSS2_RC_SUCCESS);
  const ESYS_TR parent = attacker_->StorageKey();
  EXPECT_NE(Duplicate(*attacker_, key, paid(), parent).rc, TSS2_RC_SUCCESS);
  attacker_->Flush(parent);
  // Its wrapped form, given out as a duplicate.
  TPM2B_PRIVATE blob{};
  size_t offset = 0;
  ASSERT_EQ(Tss2_MU_TPM2B_PRIVATE_Unmarshal(record_.key.key_private.data(), record_.key.key_private.size(),
                                            &offset, &blob),
            TSS2_RC_SUCCESS);
  EXPECT_NE(Rewrap(*attacker_, key, blob, {}), TSS2_RC_SUCCESS);
  EXPECT_EQ(attacker_->EvaluateAll(key, index), kBudget - 2);  // two counts are spent
}

TEST_F(CountedAttack, AKeyThatMayMoveIsDuplicatedAndRewrapped) {
  const ESYS_TR key =
      attacker_->MakeMovableKey(PolicyDigest(HashAlgorithm::kSha256).CommandCode(TPM2_CC_Duplicate).digest());
  const auto session = [&] {
    const ESYS_TR made = attacker_->Session();
    EXPECT_EQ(attacker_->CommandCode(made, TPM2_CC_Duplicate), TSS2_RC_SUCCESS);
    return made;
  };
  EXPECT_EQ(Duplicate(*attacker_, key, session(), ESYS_TR_RH_NULL).rc, TSS2_RC_SUCCESS);
  const ESYS_TR parent = attacker_->StorageKey();
  const Duplicated wrapped = Duplicate(*attacker_, key, session(), parent);
  attacker_->Flush(parent);
  ASSERT_EQ(wrapped.rc, TSS2_RC_SUCCESS);
  EXPECT_EQ(Rewrap(*attacker_, key, wrapped.blob, wrapped.seed), TSS2_RC_SUCCESS);
}

}  // namespace
}  // namespace labrec::hsm::attack
