#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/counted_key.h"
#include "hsm/tpm2/link/policy_session.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// A session that waits saved: it outlives its connection, and ends when the TPM is reset.
struct SavedWrite {
  uint64_t id = 0;
  std::chrono::steady_clock::time_point since;
  Bytes nonce_tpm;
  std::shared_ptr<const TPMS_CONTEXT> context;
};

// Policy sessions that wait for a client's signature, on one connection. Where we are the TPM's only user
// they wait saved, which frees their slots, and the next connection goes on with them. Behind a resource
// manager a session waits in its slot and ends with the connection: if we were killed, the manager could not
// end one that we had saved. The next call ends those that are too old; the end of this object ends all.
class WriteSessions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kMostSaved = 16;  // of the 64 that a TPM remembers at least
  static constexpr size_t kMostLoaded = 1;

  explicit WriteSessions(Context& context) : context_(context) {}
  // Goes on with what the connection before had, as far as it is among the `saved` sessions of the TPM.
  WriteSessions(Context& context, const std::vector<SavedWrite>& before, const std::vector<uint32_t>& saved);
  ~WriteSessions();
  WriteSessions(const WriteSessions&) = delete;
  WriteSessions& operator=(const WriteSessions&) = delete;

  // Opens one. Where there are too many the oldest ends for it, unless that is younger than
  // kWriteUndisturbed: RESOURCE_EXHAUSTED.
  absl::StatusOr<WriteSession> Begin(Time now);
  // NOT_FOUND if there is no such session (any more).
  absl::StatusOr<Bytes> NonceOf(uint64_t id, Time now);
  // Loads it; it is no longer kept here.
  absl::StatusOr<PolicySession> Take(uint64_t id, Time now);

  // Those that are not too old.
  std::vector<uint64_t> Open(Time now);

  // Gives up those that wait saved, for the next connection.
  std::vector<SavedWrite> GiveUpSaved();

  size_t size() const { return waiting_.size(); }

 private:
  struct Waiting : SavedWrite {            // its context is null where it waits
    std::optional<PolicySession> session;  // in a slot
  };
  using Position = std::vector<Waiting>::iterator;

  absl::StatusOr<Position> Find(uint64_t id, Time now);
  void End(Position waiting);
  void EndOld(Time now);

  Context& context_;
  std::vector<Waiting> waiting_;  // oldest first
};

}  // namespace labrec::hsm::tpm2
