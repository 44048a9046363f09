#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/counted_key.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/call/requests.h"
#include "recovery/record/record.h"

namespace labrec::hsm {
class Device;
}

namespace labrec::recovery {

class Admission;
class Authorizer;
class ChipBeginner;
class ChipSessions;
class ChipWork;
class Ledger;
class RequestQueue;
struct ChipBeginning;

// A session for one write; and what the index holds, where the caller gave a nonce for it.
struct ChipWriteBegun {
  hsm::WriteSession session;
  Bytes contents;  // attestation::SignedStatement, or empty
};

// Calls about versions that the chip counts for: beginning one, writing its index, and its first two
// evaluations. Each takes its turn in the queue like every request. What all calls promise: see Engine.
class ChipRecords {
 public:
  struct Parts {
    Bytes realm_id;
    Ledger& ledger;
    Authorizer& authorizer;
    Admission& admission;
    RequestQueue& queue;
    ChipWork& chip;
    ChipSessions& sessions;
    ChipBeginner& beginner;
  };
  explicit ChipRecords(Parts parts) : parts_(std::move(parts)) {}

  // Makes the version's own key and index in the chip, and proves them. Where registrations that nobody
  // finished are in the way they are given up first: see OpenRegistrations.
  void BeginChipRegistration(Caller caller, ChipRegistration request, Done<ChipRegistrationBegun> done);
  // Two evaluations of a begun chip-enforced version, which its first write grants.
  void ConfirmKey(Caller caller, std::string record, uint32_t version, RegistrationId registration_id,
                  std::vector<P256Point> elements, Done<std::vector<P256Point>> done);
  // A session for one write of the version's index; the same one until it is used or has ended. Who may open
  // one: see ChipSessions. With a nonce also what the index holds, certified over it; without one nothing, as
  // before the first write, when it holds nothing.
  void BeginChipWrite(Caller caller, std::string record, uint32_t version, Bytes nonce,
                      Done<ChipWriteBegun> done);
  void FinishChipWrite(Caller caller, ChipWrite request, Done<ChipContents> done);

 private:
  using ChipJob = std::function<void(hsm::Device&)>;
  // Decides by the record's row.
  using Look = std::function<absl::StatusOr<ChipJob>(const std::optional<Record>&)>;

  absl::StatusOr<ChipBeginning> CheckBeginning(const Caller& caller, ChipRegistration request);
  // Looks at the row and gives the job to the chip, once the caller has its turn. `units`: see ChipWork.
  void AskChip(const Caller& caller, const RecordName& name, size_t units, Look look,
               std::function<void(const absl::Status&)> fail);
  // On a thread of the device.
  void ConfirmNow(hsm::Device& device, const RecordName& name, uint32_t version, const hsm::CountedKey& key,
                  const std::vector<P256Point>& elements, const Done<std::vector<P256Point>>& done);
  absl::Status ForgetEndedWrites(hsm::Device& device);
  absl::StatusOr<hsm::WriteSession> OpenWrite(hsm::Device& device, const RecordName& name, uint32_t version);
  void BeginWriteNow(hsm::Device& device, const RecordName& name, uint32_t version,
                     const hsm::CountedKey& key, const Bytes& nonce, const Done<ChipWriteBegun>& done);
  // `granted`: see GrantOf.
  void FinishWriteNow(hsm::Device& device, const RecordName& name, const hsm::CountedKey& key,
                      const ChipWrite& request, uint32_t granted, const Done<ChipContents>& done);

  const Parts parts_;
};

}  // namespace labrec::recovery
