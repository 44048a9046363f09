// Attacks on the write of a counting index: more uses than the client signed for. Each test counts the
// evaluations that the attacker got; beside it stands the same code against a record without the protection.
#include <chrono>

#include <gtest/gtest.h>

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/index_write.h"
#include "tests/fault/counted/attack.h"
#include "tests/support/process/eventually.h"

namespace labrec::hsm::attack {
namespace {

using tpm::TpmsNvPublic;
using tpm::Written;

TEST_F(CountedAttack, TheAttackersCodeEvaluates) {
  EXPECT_EQ(EvaluateAll(), kBudget);
  EXPECT_EQ(EvaluateAll(), 0);
}

TEST_F(CountedAttack, RedefiningAndReplayingTheFirstWriteGivesNothing) {
  int got = EvaluateAll();
  Redefine();
  got += EvaluateAll();
  EXPECT_EQ(TryWrites(*attacker_, record_.key.index, UnlockKey(), first_write_), 0);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
}

TEST_F(CountedAttack, WithoutNonceTheFirstWriteCouldBeReplayed) {
  const ControlRecord control = MakeControl(*attacker_, Care::kNoNonce);
  int got = attacker_->EvaluateAll(control.key, attacker_->Index(kControlHandle));
  ASSERT_EQ(attacker_->Undefine(kControlHandle), TSS2_RC_SUCCESS);
  ASSERT_NE(attacker_->Define(control.area), ESYS_TR_NONE);
  EXPECT_GT(TryWrites(*attacker_, kControlHandle, control.unlock_key.public_key(), control.first_write), 0);
  got += attacker_->EvaluateAll(control.key, attacker_->Index(kControlHandle));
  EXPECT_EQ(got, 2 * kBudget);
}

TEST_F(CountedAttack, ReplayingARefillGivesNothing) {
  int got = EvaluateAll();
  const Signature refill = ClientWrites(kLimit);
  got += EvaluateAll();
  for (const Signature& recorded : {refill, first_write_}) {
    EXPECT_EQ(TryWrites(*attacker_, record_.key.index, UnlockKey(), recorded), 0);
  }
  got += EvaluateAll();
  Redefine();
  for (const Signature& recorded : {refill, first_write_}) {
    EXPECT_EQ(TryWrites(*attacker_, record_.key.index, UnlockKey(), recorded), 0);
  }
  got += EvaluateAll();
  EXPECT_EQ(got, 2 * kBudget);  // the first write and the refill, both the client's
}

TEST_F(CountedAttack, ARetiredIndexStaysRetired) {
  int got = EvaluateAll();
  const Signature retirement = ClientWrites(0);
  for (const Signature& recorded : {retirement, first_write_}) {
    EXPECT_EQ(TryWrites(*attacker_, record_.key.index, UnlockKey(), recorded), 0);
  }
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
}

// The host has a good signature in its very session, and writes another limit.
TEST_F(CountedAttack, ALargerLimitThanSignedIsRefused) {
  int got = EvaluateAll();
  const ESYS_TR index = attacker_->Index(record_.key.index);
  for (const uint32_t limit : {50U, kLimit + 1, 0xFFFFFFFFU}) {
    const ESYS_TR session = attacker_->Session();
    const Signature made =
        ClientSigns(record_.unlock_key, Area(Written::kYes), kLimit, attacker_->NonceOf(session));
    ASSERT_EQ(attacker_->Signed(session, UnlockKey(), made), TSS2_RC_SUCCESS);
    ASSERT_EQ(attacker_->CommandCode(session, TPM2_CC_NV_Write), TSS2_RC_SUCCESS);
    EXPECT_NE(attacker_->Write(index, session, 0, limit), TSS2_RC_SUCCESS);
    EXPECT_NE(attacker_->WriteLimit(index, session, limit), TSS2_RC_SUCCESS);
    EXPECT_NE(attacker_->Write(index, session, 0, kLimit), TSS2_RC_SUCCESS) << "the count set back";
    attacker_->Flush(session);
  }
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
}

TEST_F(CountedAttack, WithoutCpHashALargerLimitCouldBeWritten) {
  const ControlRecord control = MakeControl(*attacker_, Care::kNoCpHash);
  const ESYS_TR index = attacker_->Index(kControlHandle);
  const ESYS_TR session = attacker_->Session();
  TpmsNvPublic written = control.area;
  written.attributes |= tpm::kNvWritten;
  const Signature made =
      ClientSigns(control.unlock_key, written, kLimit, attacker_->NonceOf(session), Care::kNoCpHash);
  ASSERT_EQ(attacker_->Signed(session, control.unlock_key.public_key(), made), TSS2_RC_SUCCESS);
  ASSERT_EQ(attacker_->CommandCode(session, TPM2_CC_NV_Write), TSS2_RC_SUCCESS);
  EXPECT_EQ(attacker_->Write(index, session, 0, 50), TSS2_RC_SUCCESS);
  attacker_->Flush(session);
  EXPECT_GT(attacker_->EvaluateAll(control.key, index), kBudget);
}

// Another index at the same handle, which the attacker may write: its Name is not the one in the key's
// policy.
TEST_F(CountedAttack, AnotherIndexInItsPlaceIsNotTheOne) {
  int got = EvaluateAll();
  constexpr uint32_t kNtPinFail = 0x8;
  TpmsNvPublic writable = Area(Written::kNo);
  writable.attributes |= TPMA_NV_OWNERWRITE;
  TpmsNvPublic pin_fail = writable;
  pin_fail.attributes ^= (tpm::kNtPinPass ^ kNtPinFail) << tpm::kNvTypeShift;
  TpmsNvPublic ordinary = writable;
  ordinary.attributes &= ~tpm::kNvTypeMask;
  ordinary.attributes |= TPMA_NV_AUTHREAD;
  TpmsNvPublic no_policy = writable;
  no_policy.attributes &= ~tpm::kNvPolicyWrite;
  no_policy.auth_policy.clear();
  for (const TpmsNvPublic& area : {writable, pin_fail, ordinary, no_policy}) {
    ASSERT_EQ(attacker_->Undefine(record_.key.index), TSS2_RC_SUCCESS);
    const ESYS_TR index = attacker_->Define(area);
    ASSERT_NE(index, ESYS_TR_NONE);
    EXPECT_EQ(attacker_->WriteAsOwner(index, 0, 50), TSS2_RC_SUCCESS);
    got += EvaluateAll();
    // The control: a key that names this index.
    TpmsNvPublic written = area;
    written.attributes |= tpm::kNvWritten;
    const ESYS_TR key = attacker_->MakeKey(tpm::CountedKeyPolicy(written));
    EXPECT_GT(attacker_->EvaluateAll(key, index), kBudget);
    attacker_->Flush(key);
  }
  EXPECT_EQ(got, kBudget);
}

// Every other command that changes an index.
TEST_F(CountedAttack, NoOtherCommandWritesTheIndex) {
  int got = EvaluateAll();
  ESYS_CONTEXT* esys = attacker_->esys();
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const ESYS_TR hmac = attacker_->Session(TPM2_SE_HMAC);
  for (const ESYS_TR by :
       {index, static_cast<ESYS_TR>(ESYS_TR_RH_OWNER), static_cast<ESYS_TR>(ESYS_TR_RH_PLATFORM)}) {
    for (const ESYS_TR with : {static_cast<ESYS_TR>(ESYS_TR_PASSWORD), hmac}) {
      TPM2B_MAX_NV_BUFFER fresh{};
      fresh.size = 8;
      fresh.buffer[7] = 50;
      const ESYS_TR none = ESYS_TR_NONE;
      EXPECT_NE(Esys_NV_Write(esys, by, index, with, none, none, &fresh, 0), TSS2_RC_SUCCESS);
      TPM2B_MAX_NV_BUFFER part{};
      part.size = 4;
      part.buffer[3] = 50;
      EXPECT_NE(Esys_NV_Write(esys, by, index, with, none, none, &part, 4), TSS2_RC_SUCCESS) << "the limit";
      part.buffer[3] = 0;
      EXPECT_NE(Esys_NV_Write(esys, by, index, with, none, none, &part, 0), TSS2_RC_SUCCESS) << "the count";
      EXPECT_NE(Esys_NV_Increment(esys, by, index, with, none, none), TSS2_RC_SUCCESS);
      EXPECT_NE(Esys_NV_Extend(esys, by, index, with, none, none, &fresh), TSS2_RC_SUCCESS);
      EXPECT_NE(Esys_NV_SetBits(esys, by, index, with, none, none, 1), TSS2_RC_SUCCESS);
      (void)Esys_NV_WriteLock(esys, by, index, with, none, none);
      (void)Esys_NV_ReadLock(esys, by, index, with, none, none);
    }
  }
  const TPM2B_AUTH new_auth{2, {1, 2}};
  for (const TPM2_CC code : {TPM2_CC_NV_ChangeAuth, TPM2_CC_NV_UndefineSpaceSpecial}) {
    const ESYS_TR session = attacker_->Session();
    ASSERT_EQ(attacker_->CommandCode(session, code), TSS2_RC_SUCCESS);
    const TSS2_RC rc = code == TPM2_CC_NV_ChangeAuth
                           ? Esys_NV_ChangeAuth(esys, index, session, ESYS_TR_NONE, ESYS_TR_NONE, &new_auth)
                           : Esys_NV_UndefineSpaceSpecial(esys, index, ESYS_TR_RH_PLATFORM, session,
                                                          ESYS_TR_PASSWORD, ESYS_TR_NONE);
    EXPECT_NE(rc, TSS2_RC_SUCCESS);
    attacker_->Flush(session);
  }
  (void)Esys_NV_GlobalWriteLock(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE);
  attacker_->Flush(hmac);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
}

// The same commands on indices that allow them.
TEST_F(CountedAttack, TheseCommandsWorkWhereTheyAreAllowed) {
  ESYS_CONTEXT* esys = attacker_->esys();
  constexpr uint32_t kAuthReadWrite = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
  const auto define = [&](uint32_t type, uint16_t size, uint32_t more = 0) {
    TpmsNvPublic area;
    area.index = kControlHandle + type;
    area.attributes = kAuthReadWrite | (type << tpm::kNvTypeShift) | more;
    area.data_size = size;
    return attacker_->Define(area);
  };
  const ESYS_TR none = ESYS_TR_NONE;
  TPM2B_MAX_NV_BUFFER data{};
  data.size = 8;
  const ESYS_TR counter = define(TPM2_NT_COUNTER, 8);
  EXPECT_EQ(Esys_NV_Increment(esys, counter, counter, ESYS_TR_PASSWORD, none, none), TSS2_RC_SUCCESS);
  const ESYS_TR bits = define(TPM2_NT_BITS, 8);
  EXPECT_EQ(Esys_NV_SetBits(esys, bits, bits, ESYS_TR_PASSWORD, none, none, 1), TSS2_RC_SUCCESS);
  const ESYS_TR extend = define(TPM2_NT_EXTEND, 32);
  EXPECT_EQ(Esys_NV_Extend(esys, extend, extend, ESYS_TR_PASSWORD, none, none, &data), TSS2_RC_SUCCESS);
  const ESYS_TR ordinary = define(TPM2_NT_ORDINARY, 8, TPMA_NV_WRITE_STCLEAR);
  const ESYS_TR hmac = attacker_->Session(TPM2_SE_HMAC);
  EXPECT_EQ(Esys_NV_Write(esys, ordinary, ordinary, hmac, none, none, &data, 0), TSS2_RC_SUCCESS);
  EXPECT_EQ(Esys_NV_WriteLock(esys, ordinary, ordinary, ESYS_TR_PASSWORD, none, none), TSS2_RC_SUCCESS);
}

// A host makes an honest client sign several times, claiming lost connections, and keeps the sessions.
class HoardedSessions : public CountedAttack {
 protected:
  // An authorised session that is not used, moved out of the TPM.
  // What an honest client signs who has seen this count certified.
  TPMS_CONTEXT* Hoard(int32_t expiration, uint32_t certified = kLimit) {
    const ESYS_TR session = attacker_->Session();
    const Signature made = ClientSigns(record_.unlock_key, Area(Written::kYes), certified + kLimit,
                                       attacker_->NonceOf(session), Care::kHonest, expiration);
    EXPECT_EQ(attacker_->Signed(session, UnlockKey(), made), TSS2_RC_SUCCESS);
    EXPECT_EQ(attacker_->CommandCode(session, TPM2_CC_NV_Write), TSS2_RC_SUCCESS);
    TPMS_CONTEXT* saved = nullptr;
    EXPECT_EQ(Esys_ContextSave(attacker_->esys(), session, &saved), TSS2_RC_SUCCESS);
    return saved;
  }
  TSS2_RC Use(TPMS_CONTEXT* saved, uint32_t certified = kLimit) {
    ESYS_TR session = ESYS_TR_NONE;
    const TSS2_RC loaded = Esys_ContextLoad(attacker_->esys(), saved, &session);
    if (loaded != TSS2_RC_SUCCESS) return loaded;
    const TSS2_RC rc =
        attacker_->WriteLimit(attacker_->Index(record_.key.index), session, certified + kLimit);
    attacker_->Flush(session);
    return rc;
  }
  // Until the TPM's own time has moved on by so much.
  void WaitForTheTpm(uint64_t milliseconds) {
    const uint64_t start = attacker_->TimeMillis();
    ASSERT_TRUE(test::Eventually([&] { return attacker_->TimeMillis() >= start + milliseconds; }));
  }
};

// All that were signed at one certified count are worth one budget together: docs/attestation.md says so.
TEST_F(HoardedSessions, AreWorthOneBudgetTogether) {
  int got = EvaluateAll();
  TPMS_CONTEXT* const a = Hoard(tpm::kWriteExpirationSeconds);
  TPMS_CONTEXT* const b = Hoard(tpm::kWriteExpirationSeconds);
  EXPECT_EQ(Use(a), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(Use(b), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_NE(Use(a), TSS2_RC_SUCCESS);
  EXPECT_NE(Use(b), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(got, 2 * kBudget);
  Esys_Free(a);
  Esys_Free(b);
}

// The client signs at counts that rise by one, its own evaluation: the last one is worth what all are.
TEST_F(HoardedSessions, OfSeveralRecoveriesAreWorthWhatTheLastOneIs) {
  int got = 0;
  std::vector<TPMS_CONTEXT*> kept;
  const ESYS_TR key = attacker_->Load(record_.key);
  for (uint32_t own = 1; own <= 3; ++own) {
    ASSERT_TRUE(attacker_->Evaluate(key, attacker_->Index(record_.key.index)));  // the client's
    kept.push_back(Hoard(tpm::kWriteExpirationSeconds, own));
  }
  for (uint32_t own = 1; own <= 3; ++own) {
    EXPECT_EQ(Use(kept[own - 1], own), TSS2_RC_SUCCESS);
    got += EvaluateAll();
  }
  EXPECT_EQ(got, kBudget);
  for (TPMS_CONTEXT* each : kept) Esys_Free(each);
}

TEST_F(HoardedSessions, AreWorthNothingAfterIt) {
  int got = EvaluateAll();
  TPMS_CONTEXT* const without_end = Hoard(0);  // the control: as no client of ours signs
  TPMS_CONTEXT* const short_lived = Hoard(1);
  WaitForTheTpm(1100);
  EXPECT_EQ(Use(short_lived) & 0xFFF, static_cast<TSS2_RC>(TPM2_RC_EXPIRED | TPM2_RC_S | TPM2_RC_1));
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
  EXPECT_EQ(Use(without_end), TSS2_RC_SUCCESS);
  EXPECT_EQ(EvaluateAll(), kBudget);
  Esys_Free(without_end);
  Esys_Free(short_lived);
}

// What the client signs is the number that the TPM enforces: the host cannot give another.
TEST_F(HoardedSessions, TheTimeIsWhatTheClientSigned) {
  const ESYS_TR session = attacker_->Session();
  const Bytes nonce = attacker_->NonceOf(session);
  const auto r_and_s =
      tpm::SignIndexWrite(record_.unlock_key, {record_.key.index, Written::kYes, kLimit}, nonce);
  ASSERT_TRUE(r_and_s.ok());
  const Digest cp_hash =
      tpm::IndexWriteCpHash(Area(Written::kYes).Name(), tpm::DataOf(Written::kYes, kLimit));
  Signature made{nonce, ToBytes(cp_hash), 0, *r_and_s};
  for (const int32_t other : {0, 119, 121, 1000000, -120}) {
    made.expiration = other;
    EXPECT_NE(attacker_->Signed(session, UnlockKey(), made), TSS2_RC_SUCCESS) << other;
  }
  made.expiration = 120;
  EXPECT_EQ(attacker_->Signed(session, UnlockKey(), made), TSS2_RC_SUCCESS);
}

TEST_F(HoardedSessions, EndWithAPowerCut) {
  int got = EvaluateAll();
  TPMS_CONTEXT* const kept = Hoard(tpm::kWriteExpirationSeconds);
  Restart(PowerOff::kCut);
  EXPECT_NE(Use(kept), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
  Esys_Free(kept);
}

// TPM2_Shutdown(STATE) keeps saved sessions over the power-off; but the TPM's time was interrupted.
TEST_F(HoardedSessions, EndWithASavedState) {
  int got = EvaluateAll();
  TPMS_CONTEXT* const kept = Hoard(tpm::kWriteExpirationSeconds);
  TPMS_CONTEXT* const without_end = Hoard(0);
  Restart(PowerOff::kSaveState);
  EXPECT_NE(Use(kept), TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_EQ(got, kBudget);
  EXPECT_EQ(Use(without_end), TSS2_RC_SUCCESS);  // the control: without an expiration it outlives that
  Esys_Free(kept);
  Esys_Free(without_end);
}

}  // namespace
}  // namespace labrec::hsm::attack
