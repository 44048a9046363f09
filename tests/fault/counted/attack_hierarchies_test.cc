// Attacks with the authorisations of the TPM's hierarchies, platform and lockout included: switching them off
// and on, clearing, locks, and the administration of the index. Beside each stands the same command where it
// does something.
#include <stdexcept>

#include <gtest/gtest.h>

#include "hsm/tpm_wire/constants.h"
#include "tests/fault/counted/attack.h"

namespace labrec::hsm::attack {
namespace {

using tpm::HashAlgorithm;
using tpm::PolicyDigest;
using tpm::TpmsNvPublic;
using tpm::Written;

Bytes OnlyCommand(TPM2_CC code) {
  return PolicyDigest(HashAlgorithm::kSha256).CommandCode(code).digest();
}

TSS2_RC SwitchOwner(Attacker& attacker, ESYS_TR by, TPMI_YES_NO state) {
  return Esys_HierarchyControl(attacker.esys(), by, kPassword, kNone, kNone, ESYS_TR_RH_OWNER, state);
}

TEST_F(CountedAttack, SwitchingTheOwnerHierarchyOffAndOnGivesNothing) {
  const ESYS_TR own = attacker_->MakeKey(OnlyCommand(TPM2_CC_ECDH_ZGen));
  const auto use_own = [&] {
    const ESYS_TR session = attacker_->Session();
    const bool got = attacker_->CommandCode(session, TPM2_CC_ECDH_ZGen) == TSS2_RC_SUCCESS &&
                     attacker_->Multiply(own, session);
    attacker_->Flush(session);
    return got;
  };
  EXPECT_TRUE(use_own());
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  int got = attacker_->Evaluate(key, index) ? 1 : 0;
  ASSERT_EQ(got, 1);
  ASSERT_EQ(SwitchOwner(*attacker_, ESYS_TR_RH_OWNER, TPM2_NO), TSS2_RC_SUCCESS);
  EXPECT_THROW(use_own(), std::runtime_error);  // the control: what was loaded there is gone
  EXPECT_EQ(attacker_->Index(record_.key.index), kNone);
  ASSERT_NE(SwitchOwner(*attacker_, ESYS_TR_RH_OWNER, TPM2_YES), TSS2_RC_SUCCESS) << "only the platform can";
  ASSERT_EQ(SwitchOwner(*attacker_, ESYS_TR_RH_PLATFORM, TPM2_YES), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
  for (const auto state : {TPMI_YES_NO{TPM2_NO}, TPMI_YES_NO{TPM2_YES}}) {
    ASSERT_EQ(SwitchOwner(*attacker_, ESYS_TR_RH_PLATFORM, state), TSS2_RC_SUCCESS);
  }
  EXPECT_EQ(EvaluateAll(), 0);
}

TEST_F(CountedAttack, OtherAuthorisationsOfHierarchiesGiveNothing) {
  ESYS_CONTEXT* esys = attacker_->esys();
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const TPM2B_AUTH fresh{3, {'n', 'e', 'w'}};
  const TPM2B_AUTH empty{};
  int got = attacker_->Evaluate(key, index) ? 1 : 0;
  for (const ESYS_TR hierarchy :
       {static_cast<ESYS_TR>(ESYS_TR_RH_OWNER), static_cast<ESYS_TR>(ESYS_TR_RH_ENDORSEMENT),
        static_cast<ESYS_TR>(ESYS_TR_RH_LOCKOUT), static_cast<ESYS_TR>(ESYS_TR_RH_PLATFORM)}) {
    ASSERT_EQ(Esys_HierarchyChangeAuth(esys, hierarchy, kPassword, kNone, kNone, &fresh), TSS2_RC_SUCCESS);
  }
  ASSERT_EQ(Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, &empty), TSS2_RC_SUCCESS);
  TpmsNvPublic ordinary;
  ordinary.index = kControlHandle;
  ordinary.attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
  ordinary.data_size = 8;
  EXPECT_EQ(attacker_->Define(ordinary), kNone);  // the control: the old authorisation is refused
  ASSERT_EQ(Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, &fresh), TSS2_RC_SUCCESS);
  EXPECT_NE(attacker_->Define(ordinary), kNone);
  EXPECT_NE(attacker_->WriteAsOwner(index, 0, 50), TSS2_RC_SUCCESS);
  got += attacker_->EvaluateAll(key, index);
  EXPECT_EQ(got, kBudget);
}

// New seeds of platform and endorsement hierarchy, and the reset of the lockout, are none of the index's
// business.
TEST_F(CountedAttack, NewSeedsAndALockoutResetGiveNothing) {
  ESYS_CONTEXT* esys = attacker_->esys();
  int got = EvaluateAll();
  EXPECT_EQ(Esys_DictionaryAttackLockReset(esys, ESYS_TR_RH_LOCKOUT, kPassword, kNone, kNone),
            TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(Esys_ChangePPS(esys, ESYS_TR_RH_PLATFORM, kPassword, kNone, kNone), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(Esys_ChangeEPS(esys, ESYS_TR_RH_PLATFORM, kPassword, kNone, kNone), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
}

TEST_F(CountedAttack, ForbiddingTheClearGivesNothing) {
  ESYS_CONTEXT* esys = attacker_->esys();
  const auto clear = [&](ESYS_TR by) { return Esys_Clear(esys, by, kPassword, kNone, kNone); };
  ASSERT_EQ(Esys_ClearControl(esys, ESYS_TR_RH_LOCKOUT, kPassword, kNone, kNone, TPM2_YES), TSS2_RC_SUCCESS);
  EXPECT_NE(clear(ESYS_TR_RH_LOCKOUT), TSS2_RC_SUCCESS);
  EXPECT_NE(clear(ESYS_TR_RH_PLATFORM), TSS2_RC_SUCCESS);
  int got = EvaluateAll();
  EXPECT_EQ(got, kBudget);
  // The control: allowed again, it clears, and the key is gone for good.
  ASSERT_EQ(Esys_ClearControl(esys, ESYS_TR_RH_PLATFORM, kPassword, kNone, kNone, TPM2_NO), TSS2_RC_SUCCESS);
  ASSERT_EQ(clear(ESYS_TR_RH_LOCKOUT), TSS2_RC_SUCCESS);
  EXPECT_EQ(attacker_->Load(record_.key), kNone);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
}

// Were the count frozen while writes are locked, the uses would never end.
TEST_F(CountedAttack, LocksDoNotFreezeTheCount) {
  ESYS_CONTEXT* esys = attacker_->esys();
  const ESYS_TR index = attacker_->Index(record_.key.index);
  for (const ESYS_TR by :
       {index, static_cast<ESYS_TR>(ESYS_TR_RH_OWNER), static_cast<ESYS_TR>(ESYS_TR_RH_PLATFORM)}) {
    EXPECT_NE(Esys_NV_WriteLock(esys, by, index, kPassword, kNone, kNone), TSS2_RC_SUCCESS);
  }
  TpmsNvPublic ordinary;
  ordinary.index = kControlHandle;
  ordinary.attributes = TPMA_NV_AUTHREAD | TPMA_NV_OWNERWRITE | TPMA_NV_GLOBALLOCK | TPMA_NV_NO_DA;
  ordinary.data_size = 8;
  const ESYS_TR lockable = attacker_->Define(ordinary);
  ASSERT_EQ(attacker_->WriteAsOwner(lockable, 0, 1), TSS2_RC_SUCCESS);
  ASSERT_EQ(Esys_NV_GlobalWriteLock(esys, ESYS_TR_RH_OWNER, kPassword, kNone, kNone), TSS2_RC_SUCCESS);
  EXPECT_NE(attacker_->WriteAsOwner(lockable, 0, 2), TSS2_RC_SUCCESS);  // the control: that one is locked
  int got = EvaluateAll();
  EXPECT_EQ(got, kBudget);
  (void)ClientWrites(kLimit);  // and the client's refill is not
  got += EvaluateAll();
  EXPECT_EQ(got, 2 * kBudget);
}

// An index that a host made with a write lock, which a client refuses: the lock is a part of its Name, so the
// key that names it unlocked serves no more; and for a key that names it locked the count moves all the same.
TEST_F(CountedAttack, ALockedIndexOfTheAttackersCountsToo) {
  const ControlRecord control =
      MakeControl(*attacker_, Care::kHonest, TPMA_NV_WRITE_STCLEAR | TPMA_NV_OWNERWRITE);
  const ESYS_TR index = attacker_->Index(kControlHandle);
  EXPECT_TRUE(attacker_->Evaluate(control.key, index));
  EXPECT_EQ(attacker_->WriteAsOwner(index, 0, kLimit), TSS2_RC_SUCCESS);
  ASSERT_EQ(Esys_NV_WriteLock(attacker_->esys(), ESYS_TR_RH_OWNER, index, kPassword, kNone, kNone),
            TSS2_RC_SUCCESS);
  EXPECT_NE(attacker_->WriteAsOwner(index, 0, kLimit), TSS2_RC_SUCCESS);
  EXPECT_FALSE(attacker_->Evaluate(control.key, index));
  attacker_->Flush(control.key);
  TpmsNvPublic locked = control.area;
  locked.attributes |= tpm::kNvWritten | TPMA_NV_WRITELOCKED;
  const ESYS_TR key = attacker_->MakeKey(tpm::CountedKeyPolicy(locked));
  EXPECT_EQ(attacker_->EvaluateAll(key, index), kBudget - 1);  // the refused use of the other key was counted
}

// NV_ChangeAuth and NV_UndefineSpaceSpecial need the index's own policy, in which the client named one
// command.
TEST_F(CountedAttack, TheIndexIsAdministeredByItsPolicyAlone) {
  ESYS_CONTEXT* esys = attacker_->esys();
  const TPM2B_AUTH fresh{2, {1, 2}};
  const auto change = [&](ESYS_TR index, ESYS_TR session) {
    const TSS2_RC rc = Esys_NV_ChangeAuth(esys, index, session, kNone, kNone, &fresh);
    attacker_->Flush(session);
    return rc;
  };
  const auto undefine = [&](ESYS_TR index, ESYS_TR session) {
    const TSS2_RC rc =
        Esys_NV_UndefineSpaceSpecial(esys, index, ESYS_TR_RH_PLATFORM, session, kPassword, kNone);
    attacker_->Flush(session);
    return rc;
  };
  const auto by = [&](TPM2_CC code, bool signed_too) {
    const ESYS_TR session = attacker_->Session();
    if (signed_too) {
      const Signature write =
          ClientSigns(record_.unlock_key, Area(Written::kYes), kLimit, attacker_->NonceOf(session));
      EXPECT_EQ(attacker_->Signed(session, UnlockKey(), write), TSS2_RC_SUCCESS);
    }
    EXPECT_EQ(attacker_->CommandCode(session, code), TSS2_RC_SUCCESS);
    return session;
  };
  const ESYS_TR index = attacker_->Index(record_.key.index);
  for (const bool signed_too : {false, true}) {
    EXPECT_NE(change(index, by(TPM2_CC_NV_ChangeAuth, signed_too)), TSS2_RC_SUCCESS);
    EXPECT_NE(undefine(index, by(TPM2_CC_NV_UndefineSpaceSpecial, signed_too)), TSS2_RC_SUCCESS);
  }
  EXPECT_EQ(EvaluateAll(), kBudget);

  // The controls: indices whose policies name these commands.
  TpmsNvPublic area;
  area.index = kControlHandle;
  area.attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
  area.data_size = 8;
  area.auth_policy = OnlyCommand(TPM2_CC_NV_ChangeAuth);
  EXPECT_EQ(change(attacker_->Define(area), by(TPM2_CC_NV_ChangeAuth, false)), TSS2_RC_SUCCESS);
  area.index += 1;
  area.attributes = TPMA_NV_PPREAD | TPMA_NV_PPWRITE | TPMA_NV_PLATFORMCREATE | TPMA_NV_POLICY_DELETE;
  area.auth_policy = OnlyCommand(TPM2_CC_NV_UndefineSpaceSpecial);
  const ESYS_TR special = attacker_->DefineAs(ESYS_TR_RH_PLATFORM, area);
  ASSERT_NE(special, kNone);
  EXPECT_EQ(undefine(special, by(TPM2_CC_NV_UndefineSpaceSpecial, false)), TSS2_RC_SUCCESS);
}

}  // namespace
}  // namespace labrec::hsm::attack
