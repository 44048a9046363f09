#pragma once

#include <functional>
#include <memory>

#include "hsm/tpm_wire/counted_areas.h"
#include "tests/contract/counted/fixture.h"
#include "tests/fault/counted/attacker.h"

namespace labrec::hsm::attack {

inline constexpr uint32_t kLimit = 5;
inline constexpr int kBudget = static_cast<int>(kLimit);  // as EvaluateAll counts
inline constexpr ESYS_TR kNone = ESYS_TR_NONE;
inline constexpr ESYS_TR kPassword = ESYS_TR_PASSWORD;
inline constexpr uint32_t kControlHandle = 0x01a00000;

// A record of the real service, with the signature of its first write as the host saw it; the service has
// ended, and the TPM is the attacker's alone.
class CountedAttack : public contract::CountedTest {
 protected:
  void SetUp() override;

  // The service runs again, and the client lets it evaluate so often (or, with 0, retires) by it; what was
  // signed.
  Signature ClientWrites(uint32_t granted);
  // A new power-on: SIGKILL without TPM2_Shutdown, or TPM2_Shutdown(STATE) first. The attacker connects anew.
  enum class PowerOff { kCut, kSaveState };
  void Restart(PowerOff how);
  void Connect() { attacker_ = std::make_unique<Attacker>(dut_->tpm().tcti()); }

  tpm::TpmsNvPublic Area(tpm::Written written) const {
    return tpm::CountingIndexArea(record_.key.index, record_.unlock_key.public_key(), written);
  }
  const EcdsaPublicKey& UnlockKey() const { return record_.unlock_key.public_key(); }
  // Undefines the record's index, and defines the same again.
  void Redefine();
  int EvaluateAll() { return attacker_->EvaluateAll(record_.key); }

  contract::CountedRecord record_;
  Signature first_write_;
  std::unique_ptr<Attacker> attacker_;
};

// A record that a host made for a client of this care: what the attacks find where a protection is missing.
struct ControlRecord {
  EcdsaPrivateKey unlock_key = EcdsaPrivateKey::Generate();
  tpm::TpmsNvPublic area;  // before the first write
  ESYS_TR key = ESYS_TR_NONE;
  Signature first_write;
};
// `more_attributes` are added to those of the index.
ControlRecord MakeControl(Attacker& attacker, Care care, uint32_t more_attributes = 0);

// Tries the recorded signature with every combination of nonce, cpHash and expiration that a host could give,
// for the signed limit and for 50, and tells how many writes were executed. Spends no uses.
int TryWrites(Attacker& attacker, uint32_t handle, const EcdsaPublicKey& unlock_key,
              const Signature& recorded);

}  // namespace labrec::hsm::attack
