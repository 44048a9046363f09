// Attacks on the use of a counted key: more evaluations than counts. Each test counts the evaluations that
// the attacker got; beside it stands the same code against a key without the protection.
#include <filesystem>

#include <gtest/gtest.h>

#include "hsm/tpm_wire/constants.h"
#include "tests/fault/counted/attack.h"

namespace labrec::hsm::attack {
namespace {

using tpm::HashAlgorithm;
using tpm::PolicyDigest;
using tpm::TpmsNvPublic;
using tpm::Written;

Bytes OnlyZGen() {
  return PolicyDigest(HashAlgorithm::kSha256).CommandCode(TPM2_CC_ECDH_ZGen).digest();
}

// After one assertion by `authorize`, uses the key until it refuses, asserting only the command code anew.
int UseOneSessionUp(Attacker& attacker, ESYS_TR key, ESYS_TR session) {
  int got = 0;
  while (got < 50 && attacker.CommandCode(session, TPM2_CC_ECDH_ZGen) == TSS2_RC_SUCCESS &&
         attacker.Multiply(key, session)) {
    ++got;
  }
  return got;
}

TEST_F(CountedAttack, OnePolicySecretPaysForOneEvaluation) {
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  int got = 0;
  for (int count = 0; count < 2; ++count) {
    const ESYS_TR session = attacker_->Session();
    ASSERT_EQ(attacker_->Secret(session, index), TSS2_RC_SUCCESS);
    got += UseOneSessionUp(*attacker_, key, session);
    EXPECT_EQ(got, count + 1);
    (void)Esys_PolicyRestart(attacker_->esys(), session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
    got += UseOneSessionUp(*attacker_, key, session);
    attacker_->Flush(session);
  }
  got += attacker_->EvaluateAll(key, index);
  EXPECT_EQ(got, kBudget);
}

TEST_F(CountedAttack, ASessionIsUsedUpWhereNothingNeedsToBePaid) {
  const ESYS_TR session = attacker_->Session();
  EXPECT_EQ(UseOneSessionUp(*attacker_, attacker_->MakeKey(OnlyZGen()), session), 50);
}

// Loads a saved session again and again.
int UseSavedSessionUp(Attacker& attacker, ESYS_TR key, TPMS_CONTEXT* saved) {
  int got = 0;
  for (int i = 0; i < 10; ++i) {
    ESYS_TR session = ESYS_TR_NONE;
    if (Esys_ContextLoad(attacker.esys(), saved, &session) != TSS2_RC_SUCCESS) break;
    if (attacker.Multiply(key, session)) ++got;
    attacker.Flush(session);
  }
  return got;
}

TEST_F(CountedAttack, ASavedSessionIsUsedOnce) {
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const ESYS_TR session = attacker_->Session();
  ASSERT_EQ(attacker_->Secret(session, index), TSS2_RC_SUCCESS);
  ASSERT_EQ(attacker_->CommandCode(session, TPM2_CC_ECDH_ZGen), TSS2_RC_SUCCESS);
  TPMS_CONTEXT* saved = nullptr;
  ASSERT_EQ(Esys_ContextSave(attacker_->esys(), session, &saved), TSS2_RC_SUCCESS);
  int got = UseSavedSessionUp(*attacker_, key, saved);
  EXPECT_EQ(got, 1);  // the attack's code works, once
  got += attacker_->EvaluateAll(key, index);
  EXPECT_EQ(got, kBudget);
  Esys_Free(saved);
}

// Counts may be taken ahead, and kept in sessions over a retirement: each was a count all the same.
TEST_F(CountedAttack, UsesTakenAheadAreCountedToo) {
  const ESYS_TR index = attacker_->Index(record_.key.index);
  std::vector<TPMS_CONTEXT*> ahead;
  for (int i = 0; i < 20; ++i) {
    const ESYS_TR session = attacker_->Session();
    if (attacker_->Secret(session, index) != TSS2_RC_SUCCESS) {
      attacker_->Flush(session);
      break;
    }
    ASSERT_EQ(attacker_->CommandCode(session, TPM2_CC_ECDH_ZGen), TSS2_RC_SUCCESS);
    ahead.push_back(nullptr);
    ASSERT_EQ(Esys_ContextSave(attacker_->esys(), session, &ahead.back()), TSS2_RC_SUCCESS);
  }
  const ESYS_TR key = attacker_->Load(record_.key);
  int got = 0;
  for (TPMS_CONTEXT* saved : ahead) got += UseSavedSessionUp(*attacker_, key, saved);
  got += attacker_->EvaluateAll(key, index);
  EXPECT_EQ(got, kBudget);
  for (TPMS_CONTEXT* saved : ahead) Esys_Free(saved);
}

// TPM2_PolicySecret with a negative expiration asks for a ticket, which TPM2_PolicyTicket takes instead of
// another TPM2_PolicySecret.
int EvaluateByTicket(Attacker& attacker, ESYS_TR key, ESYS_TR entity, const Bytes& entity_name) {
  const ESYS_TR first = attacker.Session();
  const Bytes nonce = attacker.NonceOf(first);
  TPM2B_NONCE nonce_tpm{};
  nonce_tpm.size = static_cast<UINT16>(nonce.size());
  std::copy(nonce.begin(), nonce.end(), nonce_tpm.buffer);
  TPM2B_TIMEOUT* timeout = nullptr;
  TPMT_TK_AUTH* ticket = nullptr;
  const TSS2_RC rc =
      Esys_PolicySecret(attacker.esys(), entity, first, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                        &nonce_tpm, nullptr, nullptr, -1000000, &timeout, &ticket);
  attacker.Flush(first);
  if (rc != TSS2_RC_SUCCESS) return 0;
  TPM2B_NAME name{};
  name.size = static_cast<UINT16>(entity_name.size());
  std::copy(entity_name.begin(), entity_name.end(), name.name);
  const TPM2B_DIGEST no_cp_hash{};
  const TPM2B_NONCE no_reference{};
  int got = 0;
  for (int i = 0; i < 10; ++i) {
    const ESYS_TR session = attacker.Session();
    if (Esys_PolicyTicket(attacker.esys(), session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, timeout,
                          &no_cp_hash, &no_reference, &name, ticket) == TSS2_RC_SUCCESS &&
        attacker.CommandCode(session, TPM2_CC_ECDH_ZGen) == TSS2_RC_SUCCESS &&
        attacker.Multiply(key, session)) {
      ++got;
    }
    attacker.Flush(session);
  }
  Esys_Free(timeout);
  Esys_Free(ticket);
  return got;
}

TEST_F(CountedAttack, TicketsGiveNothing) {
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const Bytes name = Area(Written::kYes).Name();
  int got = 0;
  for (int i = 0; i < 3; ++i) {
    const int by_ticket = EvaluateByTicket(*attacker_, key, index, name);
    EXPECT_EQ(by_ticket, 0);
    got += by_ticket;
  }
  got += attacker_->EvaluateAll(key, index);
  EXPECT_LE(got, kBudget);
}

TEST_F(CountedAttack, TicketsOfOtherEntitiesServeManyTimes) {
  const Bytes owner = {0x40, 0x00, 0x00, 0x01};
  const ESYS_TR key = attacker_->MakeKey(
      PolicyDigest(HashAlgorithm::kSha256).Secret(owner, {}).CommandCode(TPM2_CC_ECDH_ZGen).digest());
  EXPECT_EQ(EvaluateByTicket(*attacker_, key, ESYS_TR_RH_OWNER, owner), 10);
}

// Sessions and authorisations that are no policy session.
int EvaluateOtherwise(Attacker& attacker, ESYS_TR key, ESYS_TR index) {
  int got = 0;
  if (attacker.Multiply(key, ESYS_TR_PASSWORD)) ++got;
  const ESYS_TR hmac = attacker.Session(TPM2_SE_HMAC);
  if (attacker.Multiply(key, hmac)) ++got;
  attacker.Flush(hmac);
  const ESYS_TR trial = attacker.Session(TPM2_SE_TRIAL);
  (void)attacker.Secret(trial, index);
  (void)attacker.CommandCode(trial, TPM2_CC_ECDH_ZGen);
  if (attacker.Multiply(key, trial)) ++got;
  attacker.Flush(trial);
  const ESYS_TR empty = attacker.Session();
  if (attacker.Multiply(key, empty)) ++got;
  attacker.Flush(empty);
  return got;
}

TEST_F(CountedAttack, OtherSessionsGiveNothing) {
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  int got = EvaluateOtherwise(*attacker_, key, index);
  EXPECT_EQ(got, 0);
  got += attacker_->EvaluateAll(key, index);
  got += EvaluateOtherwise(*attacker_, key, index);
  EXPECT_LE(got, kBudget);
}

TEST_F(CountedAttack, OtherSessionsServeAKeyWithUserWithAuth) {
  const ESYS_TR key = attacker_->MakeKey(OnlyZGen(), TPMA_OBJECT_USERWITHAUTH);
  EXPECT_EQ(EvaluateOtherwise(*attacker_, key, attacker_->Index(record_.key.index)), 2);
}

// Everything whose authorisation the attacker has, a PIN index of its own with a large limit included.
TEST_F(CountedAttack, OtherEntitiesInPolicySecretGiveNothing) {
  const EcdsaPrivateKey own = EcdsaPrivateKey::Generate();
  TpmsNvPublic area = tpm::CountingIndexArea(kControlHandle, own.public_key(), Written::kNo);
  area.attributes |= TPMA_NV_OWNERWRITE;
  const ESYS_TR own_index = attacker_->Define(area);
  ASSERT_EQ(attacker_->WriteAsOwner(own_index, 0, 50), TSS2_RC_SUCCESS);
  const ESYS_TR key = attacker_->Load(record_.key);
  int got = 0;
  for (const ESYS_TR entity :
       {static_cast<ESYS_TR>(ESYS_TR_RH_OWNER), static_cast<ESYS_TR>(ESYS_TR_RH_ENDORSEMENT),
        static_cast<ESYS_TR>(ESYS_TR_RH_PLATFORM), static_cast<ESYS_TR>(ESYS_TR_RH_NULL),
        static_cast<ESYS_TR>(ESYS_TR_RH_LOCKOUT), own_index, key}) {
    got += attacker_->EvaluateAll(key, entity);
  }
  EXPECT_EQ(got, 0);
  got += attacker_->EvaluateAll(key, attacker_->Index(record_.key.index));
  EXPECT_EQ(got, kBudget);
  // The control: the same index pays for a key that names it.
  area.attributes |= tpm::kNvWritten;
  attacker_->Flush(key);
  EXPECT_GT(attacker_->EvaluateAll(attacker_->MakeKey(tpm::CountedKeyPolicy(area)), own_index), kBudget);
}

TEST_F(CountedAttack, CopiesOfTheKeyShareOneBudget) {
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const ESYS_TR a = attacker_->Load(record_.key);
  const ESYS_TR b = attacker_->Load(record_.key);
  int got = 0;
  for (int i = 0; i < 10; ++i) {
    got += attacker_->Evaluate(a, index) ? 1 : 0;
    got += attacker_->Evaluate(b, index) ? 1 : 0;
  }
  EXPECT_EQ(got, kBudget);
}

TEST_F(CountedAttack, AnotherTpmDoesNotLoadACopiedKey) {
  const auto other = test::Swtpm::Start().value();
  Attacker elsewhere(other->tcti());
  EXPECT_EQ(elsewhere.Load(record_.key), ESYS_TR_NONE);
  const ESYS_TR here = attacker_->Load(record_.key);  // the control
  EXPECT_NE(here, ESYS_TR_NONE);
}

// Made persistent and evicted, the key stays what it is.
TEST_F(CountedAttack, EvictingGivesNothing) {
  ESYS_CONTEXT* esys = attacker_->esys();
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  int got = attacker_->Evaluate(key, index) ? 1 : 0;
  ESYS_TR persistent = ESYS_TR_NONE;
  ASSERT_EQ(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                              0x81000777, &persistent),
            TSS2_RC_SUCCESS);
  attacker_->Flush(key);
  EXPECT_TRUE(attacker_->Evaluate(persistent, index));  // it does serve
  ++got;
  got += EvaluateOtherwise(*attacker_, persistent, index);
  ESYS_TR gone = ESYS_TR_NONE;
  ASSERT_EQ(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, persistent, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, 0x81000777, &gone),
            TSS2_RC_SUCCESS);
  got += EvaluateAll();
  EXPECT_LE(got, kBudget);  // a trial session's PolicySecret is counted too
}

// Power is cut right after each evaluation's answer, or a state is saved; the count is there afterwards.
TEST_F(CountedAttack, PowerOffGivesNothing) {
  for (const PowerOff how : {PowerOff::kCut, PowerOff::kSaveState}) {
    int got = 0;
    for (int i = 0; i < 10; ++i) {
      const ESYS_TR key = attacker_->Load(record_.key);
      if (attacker_->Evaluate(key, attacker_->Index(record_.key.index))) ++got;
      attacker_->Flush(key);
      Restart(how);
    }
    EXPECT_EQ(got, kBudget);
    (void)ClientWrites(kLimit);
  }
}

// Where the memory itself can be turned back, as a software TPM's file can, the same code gets more.
TEST_F(CountedAttack, ASoftwareTpmsFileCanBeCopiedBack) {
  namespace fs = std::filesystem;
  const fs::path state = dut_->tpm().StateDir();
  const fs::path copy = state.string() + "-copy";
  int got = 0;
  for (int i = 0; i < 2; ++i) {
    attacker_.reset();
    dut_->tpm().Kill();
    fs::copy(i == 0 ? state : copy, i == 0 ? copy : state,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    ASSERT_TRUE(dut_->tpm().Restart().ok());
    Connect();
    got += EvaluateAll();
  }
  EXPECT_EQ(got, 2 * kBudget);
}

TEST_F(CountedAttack, ClearingTheTpmDestroysTheKey) {
  int got = EvaluateAll();
  ASSERT_GT(got, 0);
  for (const ESYS_TR by :
       {static_cast<ESYS_TR>(ESYS_TR_RH_LOCKOUT), static_cast<ESYS_TR>(ESYS_TR_RH_PLATFORM)}) {
    ASSERT_EQ(Esys_Clear(attacker_->esys(), by, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
              TSS2_RC_SUCCESS);
    EXPECT_EQ(attacker_->Index(record_.key.index), ESYS_TR_NONE);
    ASSERT_NE(attacker_->Define(Area(Written::kNo)), ESYS_TR_NONE);
    EXPECT_EQ(attacker_->Load(record_.key), ESYS_TR_NONE);
    EXPECT_EQ(TryWrites(*attacker_, record_.key.index, UnlockKey(), first_write_), 0);
    got += EvaluateAll();
  }
  EXPECT_EQ(got, kBudget);
}

// Commands other than ECDH_ZGen that use or export a key.
TEST_F(CountedAttack, OtherCommandsWithTheKeyGiveNothing) {
  ESYS_CONTEXT* esys = attacker_->esys();
  const ESYS_TR key = attacker_->Load(record_.key);
  const ESYS_TR index = attacker_->Index(record_.key.index);
  const auto session_for = [&](TPM2_CC code) {
    const ESYS_TR session = attacker_->Session();
    EXPECT_EQ(attacker_->Secret(session, index), TSS2_RC_SUCCESS);
    EXPECT_EQ(attacker_->CommandCode(session, code), TSS2_RC_SUCCESS);
    return session;
  };
  TPM2B_PRIVATE* exported = nullptr;
  TPM2B_DATA* inner = nullptr;
  TPM2B_ENCRYPTED_SECRET* seed = nullptr;
  const TPM2B_DATA no_inner{};
  TPMT_SYM_DEF_OBJECT no_symmetric{};
  no_symmetric.algorithm = TPM2_ALG_NULL;
  const ESYS_TR duplicating = session_for(TPM2_CC_Duplicate);
  EXPECT_NE(Esys_Duplicate(esys, key, ESYS_TR_RH_NULL, duplicating, ESYS_TR_NONE, ESYS_TR_NONE, &no_inner,
                           &no_symmetric, &inner, &exported, &seed),
            TSS2_RC_SUCCESS);
  attacker_->Flush(duplicating);
  const ESYS_TR signing = session_for(TPM2_CC_Sign);
  const TPM2B_DIGEST digest{32, {1}};
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  TPMT_TK_HASHCHECK check{};
  check.tag = TPM2_ST_HASHCHECK;
  check.hierarchy = TPM2_RH_NULL;
  TPMT_SIGNATURE* made = nullptr;
  EXPECT_NE(Esys_Sign(esys, key, signing, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &scheme, &check, &made),
            TSS2_RC_SUCCESS);
  attacker_->Flush(signing);
  int got = attacker_->EvaluateAll(key, index);
  EXPECT_EQ(got, kBudget - 2);  // the two counts are spent
}

}  // namespace
}  // namespace labrec::hsm::attack
