#pragma once

#include <optional>
#include <vector>

#include "attestation/evidence/evidence.h"
#include "hsm/counted_key.h"
#include "tests/integration/engine/client.h"

namespace labrec::recovery {

inline constexpr uint32_t kChipLimit = 3;  // guesses of a record, where a test asks for no other

// An account whose record the chip counts for, spoken to without the client library: each step is a call of
// its own. What a host's root could do to the chip, a test does through keys().
class ChipClient : public EngineClient {
 public:
  explicit ChipClient(EngineRealm& where, std::string account = "alice")
      : EngineClient(where, std::move(account)) {}

  // Enrols, registers and activates version 1.
  absl::Status SetUpInChip(uint32_t guess_limit);
  absl::Status RegisterInChip(uint32_t version, uint32_t guess_limit);

  absl::StatusOr<ChipRegistrationBegun> BeginInChip(uint32_t version, uint32_t guess_limit);
  // The same, without waiting for the answer.
  void SendBegin(uint32_t version, uint32_t guess_limit, Done<ChipRegistrationBegun> done);
  absl::StatusOr<hsm::WriteSession> BeginWrite(uint32_t version);
  // Signs and sends a write that leaves `granted` guesses (0: retires it), in this session.
  absl::StatusOr<ChipContents> FinishWrite(uint32_t version, const hsm::WriteSession& session,
                                           uint32_t granted);
  absl::StatusOr<ChipContents> Write(uint32_t version, uint32_t granted);
  absl::StatusOr<std::vector<P256Point>> Confirm(uint32_t version, const RegistrationId& id);
  // `index` is what the config says; without one, the version's.
  absl::Status FinishInChip(uint32_t version, const RegistrationId& id, uint32_t guess_limit,
                            std::optional<uint32_t> index = std::nullopt);

  // Of the version as its row says.
  hsm::CountedKey KeyOf(uint32_t version);
  // Since the latest write: the chip's own count never goes back.
  hsm::UseCount InTheChip(uint32_t version);
  hsm::CountedKeys& keys() { return *realm.device().counted_keys(); }
  std::vector<uint32_t> IndicesInTheChip();
};

}  // namespace labrec::recovery
