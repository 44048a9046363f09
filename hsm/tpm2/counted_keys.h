#pragma once

#include <atomic>

#include "hsm/counted_key.h"
#include "hsm/tpm2/realm/connection.h"
#include "hsm/tpm2/tpm2_device.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// An NV index of type PIN_PASS counts; the key's policy is TPM2_PolicySecret of that index. Each call of
// Evaluate that sends TPM2_PolicySecret sends it once, and is never repeated.
class TpmCountedKeys final : public CountedKeys {
 public:
  // `range` includes the handle of its mark (range_mark.h).
  TpmCountedKeys(Connection& connection, IndexRange range, Bytes realm_id)
      : connection_(connection), range_(range), realm_id_(std::move(realm_id)) {}

  absl::StatusOr<CountedCapacity> Capacity() override;
  absl::StatusOr<std::vector<FoundCountingIndex>> List() override;
  absl::StatusOr<CountedKey> Define(const EcdsaPublicKey& unlock_key) override;
  absl::StatusOr<WriteSession> BeginWrite() override;
  absl::StatusOr<std::vector<uint64_t>> OpenWrites() override;
  absl::StatusOr<UseCount> FinishWrite(const CountedKey& key, uint64_t session, uint32_t limit,
                                       ByteView signature) override;
  absl::StatusOr<CountedOutcome> Evaluate(const CountedKey& key, const P256Point& element) override;
  absl::StatusOr<UseCount> ReadUse(const CountedKey& key) override;
  absl::Status Delete(uint32_t index) override;

 private:
  Connection& connection_;
  const IndexRange range_;
  const Bytes realm_id_;
  std::atomic<bool> chip_is_full_ = false;
  absl::Status tried_;  // UNIMPLEMENTED once the TPM was tried in vain; within Connection::Run
};

}  // namespace labrec::hsm::tpm2
