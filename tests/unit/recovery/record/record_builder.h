#pragma once

#include <optional>
#include <string>

#include "recovery/record/record.h"
#include "recovery/record/request.h"
#include "recovery/record/rules/guessing.h"
#include "recovery/record/rules/registration.h"

// Accounts, records and signed requests for tests of the state machine.
namespace labrec::recovery {

inline const RecordName kName{"tenant", "alice", "main"};

inline VerifiedSignature Signed(const EcdsaPrivateKey& key) {
  const Bytes message = ToBytes("a request");
  return *VerifiedSignature::Check(key.public_key(), message, key.Sign(message));
}

inline ByDevice AsDevice(const EcdsaPrivateKey& key) {
  return {key.public_key().DeviceId(), Signed(key)};
}

inline ByUnlockKey AsUnlockKey(const EcdsaPrivateKey& key, uint32_t version) {
  return {kName.record, version, Signed(key)};
}

inline Account AccountOf(const EcdsaPrivateKey& device) {
  const EcdsaPublicKey& key = device.public_key();
  return {kName.tenant, kName.account, {{key.DeviceId(), key, "phone", 1, EnrolledBy::kFirst}}, {}};
}

inline Nonce NonceOf(uint32_t version) {
  Nonce nonce;
  nonce.fill(static_cast<uint8_t>(version));
  return nonce;
}

// Of a version that the ledger counts, begun under its own NonceOf.
inline FinishRegistration FinishOf(uint32_t version, const EcdsaPublicKey& unlock_key, Authority authority,
                                   uint32_t guess_limit = 10) {
  return {version,      NonceOf(version),    ToBytes("config " + std::to_string(version)),
          Bytes(32, 7), unlock_key,          ToBytes("sealed private"),
          guess_limit,  std::move(authority)};
}

inline Digest Element(uint32_t number) {
  return Sha256("element " + std::to_string(number));
}

// An account with one device, and a record with one active version, number 1.
struct Registered {
  explicit Registered(uint32_t guess_limit = 10)
      : device(EcdsaPrivateKey::Generate()), unlock(EcdsaPrivateKey::Generate()), account(AccountOf(device)) {
    Register(1, guess_limit);
    record = *ApplyActivate(account, record, Activate{1, AsDevice(device)});
  }
  // Finishes a version, signed by the device: it is pending then.
  void Register(uint32_t version, uint32_t guess_limit = 10) {
    Take(ApplyFinish(account, record, kName,
                     FinishOf(version, unlock.public_key(), AsDevice(device), guess_limit)));
  }
  void Take(absl::StatusOr<RegistrationRows> rows) {
    account = rows.value().account;
    record = rows->record;
  }
  uint32_t Left(uint32_t version) const { return record->Find(version)->left(); }
  GuessOutcome Guess(uint32_t version, uint32_t element, int64_t now_ms = 1000,
                     const pin::GuessPolicy& policy = {}) {
    GuessChange change = *ApplyGuess(record, CountGuess{version, Element(element)}, now_ms, policy);
    record = change.record;
    return change.outcome;
  }

  EcdsaPrivateKey device;
  EcdsaPrivateKey unlock;
  std::optional<Account> account;
  std::optional<Record> record;
};

}  // namespace labrec::recovery
