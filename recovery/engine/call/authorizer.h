#pragma once

#include "absl/status/statusor.h"

#include "recovery/api/request_bytes.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/call/requests.h"
#include "recovery/ledger/ledger.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// Checks signatures and challenges on callers' threads, against the rows as they are now. Whether the signer
// still counts when the request is applied is for the state machine to say. Any thread.
class Authorizer {
 public:
  Authorizer(Bytes realm_id, Ledger& ledger, ChallengeTable& challenges)
      : realm_id_(std::move(realm_id)), ledger_(ledger), challenges_(challenges) {}

  // Uses the challenge up and verifies the signature over RequestBytes(operation, body). PERMISSION_DENIED: a
  // challenge that is unknown, used, too old or another account's; an unknown signer; a wrong signature.
  absl::StatusOr<Authority> Check(const Caller& caller, Operation operation, ByteView body,
                                  const RawSignature& signature);
  // The same, but a missing signature is the operator's where the caller is one, else PERMISSION_DENIED.
  absl::StatusOr<Authority> CheckOrOperator(const Caller& caller, Operation operation, ByteView body,
                                            const std::optional<RawSignature>& signature);

  struct NewDevice {
    const EcdsaPublicKey& key;
    std::string_view name;
    ByteView challenge;
    ByteView proof;
  };
  // Enrolling takes two signatures over the same bytes and challenge: the new key's own, and (unless it is
  // the first device's) that of whoever admits it.
  absl::StatusOr<Authority> CheckEnrollment(const Caller& caller, const NewDevice& device,
                                            const std::optional<RawSignature>& authorization);

  // Uses up a challenge that was made for Unlock of this version, and verifies the signature by its unlock
  // key. `record` as read just now. PERMISSION_DENIED as above; NOT_FOUND: no such usable version.
  struct UnlockSigner {
    VerifiedSignature signature;
    SecretBytes seal_key;  // of the version; empty where the challenge brought none
  };
  absl::StatusOr<UnlockSigner> CheckUnlock(const Record& record, uint32_t version, ByteView challenge,
                                           ByteView signature);

 private:
  absl::StatusOr<ChallengeTable::Used> UseUp(const ChallengeScope& scope, ByteView challenge);
  absl::StatusOr<Authority> CheckSigner(const Caller& caller, ByteView message,
                                        const RawSignature& signature);
  absl::StatusOr<Authority> CheckDevice(const Caller& caller, const DeviceId& id, ByteView message,
                                        ByteView signature);
  absl::StatusOr<Authority> CheckUnlockKey(const Caller& caller, const std::string& record, uint32_t version,
                                           ByteView message, ByteView signature);

  const Bytes realm_id_;
  Ledger& ledger_;
  ChallengeTable& challenges_;
};

}  // namespace labrec::recovery
