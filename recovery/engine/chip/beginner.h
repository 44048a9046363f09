#pragma once

#include <memory>
#include <vector>

#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/done.h"
#include "recovery/engine/chip/open_registrations.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/record/request.h"

namespace labrec::recovery {

// A chip-enforced version that may be begun, but for its index and key.
struct ChipBeginning {
  RecordName name;
  BeginRegistration begin;  // with `chip`
  Digest statement_nonce{};
};

// Begins versions that the chip counts for. First it gives up registrations that nobody finished, as
// OpenRegistrations says; then the chip makes key and index; then the row names them. A crash after the
// second step leaves an index that no row names, which the next start deletes. The other way round the row
// would name an index that is somebody else's one day.
class ChipBeginner {
 public:
  struct Parts {
    ChipWork& chip;
    RequestQueue& queue;
    OpenRegistrations& registrations;
  };
  explicit ChipBeginner(Parts parts) : parts_(parts) {}

  // RESOURCE_EXHAUSTED: too many registrations are under way, or the realm is busy; FAILED_PRECONDITION: the
  // chip has no room; the device's and the queue's other errors. Nothing is begun then, though a registration
  // of the same record may have been given up. Any thread; `done` is called from a thread of the engine, or
  // from the caller's.
  void Begin(ChipBeginning beginning, Done<ChipRegistrationBegun> done);

 private:
  struct Work;
  void GiveUp(std::shared_ptr<Work> work);
  void MakeKey(std::shared_ptr<Work> work);
  void MakeKeyNow(hsm::Device& device, const std::shared_ptr<Work>& work);
  void WriteRow(const std::shared_ptr<Work>& work);
  void End(const std::shared_ptr<Work>& work, absl::StatusOr<ChipRegistrationBegun> result);
  absl::Status NoRoom(const absl::Status& status) const;

  const Parts parts_;
};

}  // namespace labrec::recovery
