#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/tpm2/realm/loaded_realm.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// What to do with a call that found its objects gone from the TPM (and so was not executed).
enum class OnLoss {
  kRepeat,  // load them again and repeat the call once
  kGiveUp,  // say UNAVAILABLE; the next call loads them again
};

// The realm's connection to its TPM over time. While the TPM is away calls return UNAVAILABLE at once; a call
// that comes after the back-off (10 ms, doubling up to 5 s) tries to open it again, with all of LoadRealm's
// checks, and what that says is the answer until the next attempt.
// Threads: any; calls are serialised.
class Connection {
 public:
  // Loads the realm anew, with the writes that an earlier connection saved.
  using Loader = std::function<absl::StatusOr<std::unique_ptr<LoadedRealm>>(const std::vector<SavedWrite>&)>;
  Connection(std::unique_ptr<LoadedRealm> realm, Loader loader)
      : realm_(std::move(realm)), loader_(std::move(loader)) {}

  // Runs `call` with the loaded realm. An error that left the connection broken ends it; the status is
  // passed on.
  absl::Status Run(OnLoss on_loss, const std::function<absl::Status(LoadedRealm&)>& call);

 private:
  absl::Status EnsureLoaded();
  absl::Status RunOnce(const std::function<absl::Status(LoadedRealm&)>& call);

  std::mutex mutex_;
  std::unique_ptr<LoadedRealm> realm_;  // null while the TPM is away
  uint64_t losses_ = 0;
  Loader loader_;
  std::vector<SavedWrite> saved_writes_;  // of the connection that was lost, until the next one has them
  absl::Status last_failure_;
  std::chrono::steady_clock::time_point next_attempt_;
  std::chrono::milliseconds back_off_{0};
  Damage damage_ = Damage::kNone;  // what the last call did to the realm
};

}  // namespace labrec::hsm::tpm2
