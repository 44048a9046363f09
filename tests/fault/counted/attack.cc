#include "tests/fault/counted/attack.h"

#include <set>

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "hsm/tpm_wire/policy_digest.h"

namespace labrec::hsm::attack {

using tpm::TpmsNvPublic;
using tpm::Written;

void CountedAttack::SetUp() {
  contract::CountedTest::SetUp();
  OpenKeys();
  record_.key = keys().Define(UnlockKey()).value();
  first_write_ = ClientWrites(kLimit);
}

Signature CountedAttack::ClientWrites(uint32_t granted) {
  attacker_.reset();
  if (device_ == nullptr) OpenKeys();
  const uint32_t count = keys().ReadUse(record_.key).value().count;
  const uint32_t limit = granted == 0 ? 0 : count + granted;
  const WriteSession session = keys().BeginWrite().value();
  const Signature made = ClientSigns(record_.unlock_key, Area(record_.written ? Written::kYes : Written::kNo),
                                     limit, session.nonce_tpm);
  EXPECT_EQ(keys().FinishWrite(record_.key, session.id, limit, made.r_and_s).value(),
            (UseCount{count, limit}));
  record_.written = true;
  device_.reset();
  Connect();
  return made;
}

void CountedAttack::Restart(PowerOff how) {
  if (how == PowerOff::kSaveState) {
    ASSERT_EQ(Esys_Shutdown(attacker_->esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_STATE),
              TSS2_RC_SUCCESS);
  }
  attacker_.reset();
  ASSERT_TRUE(dut_->tpm().Restart().ok());
  Connect();
}

void CountedAttack::Redefine() {
  ASSERT_EQ(attacker_->Undefine(record_.key.index), TSS2_RC_SUCCESS);
  ASSERT_NE(attacker_->Define(Area(Written::kNo)), ESYS_TR_NONE);
}

ControlRecord MakeControl(Attacker& attacker, Care care, uint32_t more_attributes) {
  ControlRecord made;
  const EcdsaPublicKey& unlock = made.unlock_key.public_key();
  made.area = tpm::CountingIndexArea(kControlHandle, unlock, Written::kNo);
  made.area.attributes |= more_attributes;
  const ESYS_TR index = attacker.Define(made.area);
  const ESYS_TR session = attacker.Session();
  made.first_write = ClientSigns(made.unlock_key, made.area, kLimit, attacker.NonceOf(session), care);
  EXPECT_EQ(attacker.Signed(session, unlock, made.first_write), TSS2_RC_SUCCESS);
  EXPECT_EQ(attacker.CommandCode(session, TPM2_CC_NV_Write), TSS2_RC_SUCCESS);
  EXPECT_EQ(attacker.Write(index, session, 0, kLimit), TSS2_RC_SUCCESS);
  attacker.Flush(session);
  TpmsNvPublic written = made.area;
  written.attributes |= tpm::kNvWritten;
  made.key = attacker.MakeKey(tpm::CountedKeyPolicy(written));
  return made;
}

int TryWrites(Attacker& attacker, uint32_t handle, const EcdsaPublicKey& unlock_key,
              const Signature& recorded) {
  const ESYS_TR index = attacker.Index(handle);
  int executed = 0;
  for (const uint32_t limit : {kLimit, 2 * kLimit, 50U}) {
    std::set<Bytes> cp_hashes = {{}, recorded.cp_hash};
    for (const Written written : {Written::kNo, Written::kYes}) {
      const Bytes name = tpm::CountingIndexArea(handle, unlock_key, written).Name();
      cp_hashes.insert(ToBytes(tpm::IndexWriteCpHash(name, tpm::DataOf(written, limit))));
    }
    for (const Bytes& cp_hash : cp_hashes) {
      for (const int32_t expiration : {recorded.expiration, 0, 1000000, -1000000}) {
        for (int nonce = 0; nonce < 3; ++nonce) {
          const ESYS_TR session = attacker.Session();
          Signature tried = recorded;
          tried.cp_hash = cp_hash;
          tried.expiration = expiration;
          if (nonce == 1) tried.nonce_tpm = attacker.NonceOf(session);
          if (nonce == 2) tried.nonce_tpm.clear();
          if (attacker.Signed(session, unlock_key, tried) == TSS2_RC_SUCCESS &&
              attacker.CommandCode(session, TPM2_CC_NV_Write) == TSS2_RC_SUCCESS &&
              (attacker.Write(index, session, 0, limit) == TSS2_RC_SUCCESS ||
               attacker.WriteLimit(index, session, limit) == TSS2_RC_SUCCESS)) {
            ++executed;
          }
          attacker.Flush(session);
        }
      }
    }
  }
  return executed;
}

}  // namespace labrec::hsm::attack
