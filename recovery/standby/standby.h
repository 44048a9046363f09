#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/ledger/follow.h"
#include "recovery/realm/audit_log.h"
#include "recovery/realm/folder.h"
#include "recovery/realm/store_place.h"
#include "recovery/standby/figures.h"

namespace labrec::recovery {

struct StandbyOptions {
  StorePlace store;  // in PostgreSQL
  // Takes over by itself once nobody has worked on the ledger for so long; or whoever does has been silent,
  // for two seconds at the least. Only with an anchor by which a process that comes back late can do no harm:
  // the PKCS#11 ratchet.
  bool automatic = false;
  std::chrono::milliseconds after{3000};
  std::chrono::milliseconds look_every{500};
  std::chrono::milliseconds whole_every{10'000};  // how often the whole tree is read while it changes
};

// Whether an automatic takeover is safe with this anchor. FAILED_PRECONDITION, saying why, if not: a process
// that lost its claim while it was held up must not be able to count afterwards. It destroys a key of its own
// or none on a ratchet; a counter it would move, past every state that exists.
absl::Status CheckMayTakeOverByItself(const hsm::FreshnessAnchor& anchor);

// A host that follows a realm which another host serves, and takes it over. Reads storage and anchor, and
// writes neither: the claim comes with the engine's start, on the store that this ends with.
// Threads: any. What it refers to outlives it.
class Standby {
 public:
  // What happens to a process that has the ledger still.
  enum class Holder { kRespect, kEnd };

  // `audit` gets a line before a takeover, which is not done if that cannot be written.
  Standby(const RealmFolder& folder, hsm::FreshnessAnchor& anchor, Bytes realm_id, StandbyOptions options,
          AuditLog& audit);
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  StandbyFigures figures() const;

  // Judges the ledger and takes its lock. `done`, from the standby's thread: OK, it will serve now;
  // FAILED_PRECONDITION, another process works on it; else why it cannot. UNAVAILABLE: asked for twice, or
  // it ends.
  void TakeOver(Holder holder, std::string actor, std::function<void(absl::Status)> done);

  // Waits at most so long for a takeover: the store then, locked, once. nullopt: not yet.
  std::optional<PlacedStore> AwaitStore(std::chrono::milliseconds patience);

 private:
  using Clock = std::chrono::steady_clock;
  struct Request {
    Holder holder;
    std::string actor;
    std::function<void(absl::Status)> done;
  };

  void Run();
  std::chrono::milliseconds NextLookIn() const;  // with mutex_ held
  void Look();
  absl::Status LookAtStorage(StandbyFigures& seen);
  absl::Status Judge(StandbyFigures& seen);
  std::optional<Request> NextRequest();
  std::optional<Request> DueByItself();
  absl::Status TryTakeOver(const Request& request);

  const RealmFolder& folder_;
  const StandbyOptions options_;
  AuditLog& audit_;

  // Of the thread alone.
  LedgerFollower ledger_;
  std::unique_ptr<StoreFollower> storage_;
  std::optional<Clock::time_point> nobody_since_;
  std::optional<Clock::time_point> whole_at_;
  std::string said_;      // the refusal that the log has
  std::string recorded_;  // what the audit log has: a takeover that waits for replicas is tried again

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  StandbyFigures figures_;
  Clock::time_point looked_at_;
  std::optional<Request> request_;
  std::optional<PlacedStore> taken_;
  bool over_ = false;  // taken over
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace labrec::recovery
