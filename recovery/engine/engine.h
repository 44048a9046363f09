#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "recovery/engine/accounts.h"
#include "recovery/engine/attestation.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/chip_records.h"
#include "recovery/engine/devices.h"
#include "recovery/engine/guessing.h"
#include "recovery/engine/options.h"
#include "recovery/engine/records.h"
#include "recovery/engine/registrations.h"
#include "recovery/engine/status.h"
#include "recovery/record/record.h"

namespace labrec::hsm {
class Device;
}

namespace labrec::recovery {

class Store;

// What a realm does, without the network: ledger, device and policy behind one queue. docs/ledger.md says
// what happens to a request on its way; "How a guess flows" in docs/architecture.md gives the threads.
//
// The calls are grouped by their subject. Every call returns at once and calls `done` exactly once, from a
// thread of the engine or from the caller's own. Errors are those in recovery.proto's header. Threads: any.
class Engine {
 public:
  // Opens the ledger on `store` (see Ledger::Open for what is refused) and starts the threads.
  // `anchor_device` may be the same object as `key_device`. `on_fatal` is called, once and from the commit
  // thread, when the process must end because an outcome is uncertain; by then all that waited was answered
  // UNAVAILABLE, and so is all that comes. It must not destroy the engine itself. All references outlive
  // the engine.
  static absl::StatusOr<std::unique_ptr<Engine>> Start(EngineOptions options, Store& store,
                                                       hsm::Device& key_device, hsm::Device& anchor_device,
                                                       const Clock& clock,
                                                       std::function<void(absl::Status)> on_fatal);
  // Drains: takes no new request, answers those it has, then stops the threads.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // What the next signature of this account signs.
  absl::StatusOr<Challenge> NewChallenge(const Caller& caller);

  Accounts& accounts();
  Devices& devices();
  Registrations& registrations();
  Guessing& guessing();
  Records& records();
  ChipRecords& chip_records();
  Attestation& attestation();

  EngineStatus status() const;

  // Commits a batch whether anything changed or not. `done` hears OK once it is anchored by this process:
  // then every state of storage that was written before this call is stale, and no other process has claimed
  // the anchor until then. Once, from the commit thread or the caller's; it must not block.
  void AnchorNow(std::function<void(const absl::Status&)> done);

  // Asks the devices whether they answer, where nothing has been asked of them for `idle`: the keys for a
  // derivation, the anchor for its claim. That writes nothing to them. One that does not answer is away then
  // (status), as after a request. Returns at once; does nothing while an earlier probe is under way.
  void ProbeWhenIdle(std::chrono::milliseconds idle);

 private:
  class Parts;
  explicit Engine(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace labrec::recovery
