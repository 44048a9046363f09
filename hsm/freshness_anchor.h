#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "hsm/description.h"

namespace labrec::hsm {

// What a state on untrusted storage is, measured against the device.
enum class Freshness {
  kFresh,     // it is the state of the device's current epoch
  kOneAhead,  // it was prepared for the next epoch and never committed
  kStale,     // it was the state of an earlier epoch: a rollback
  kForged,    // its evidence was not made by this device for this epoch and digest
  kUnknown,   // it claims an epoch beyond the next: this device never prepared it
};

struct FreshnessReport {
  Freshness freshness = Freshness::kForged;
  uint64_t device_epoch = 0;
  // The evidence was judged, and is this device's for this epoch and digest. A device that has destroyed the
  // keys of past epochs calls those stale by their number, and does not attest them.
  bool attested = false;
};

// Ties one state of untrusted storage to a device, so that no earlier or other state passes for current.
// States are numbered by epochs that grow by one.
//
// Promised: after Commit(e) returned OK, Check says kFresh only for a head prepared for epoch e, and no
// crash, power cut or copy of storage brings an epoch below e back to kFresh. Not promised: that only one
// state was prepared for an epoch; the ledger sees to that.
//
// Claim keeps two processes on copies of one storage apart. Without it, A serves at epoch e; an attacker
//   1. starts B on a copy: B prepares its own state for e + 1, and stores it;
//   2. lets A commit e + 1 and answer; B's commit comes too late, and B ends;
//   3. starts B again: its state of e + 1 has good evidence and the device stands at e + 1, so it is fresh,
//      but does not know what A answered.
// With it, B claimed before it looked at the epoch in 1, so A sees a lost claim in 2 and never answers.
// Threads: one call at a time.
class FreshnessAnchor {
 public:
  virtual ~FreshnessAnchor() = default;

  // Takes the anchor over, durably on the device: from now on Commit of every other object (in any process)
  // that claimed earlier fails with DATA_LOSS, and what Prepare still gives one is for an epoch at most one
  // above where the device stood at this claim. Once per run, by a run that would serve: what
  // storage holds is judged before, as a claim ends the run that serves now, and judged again after it, as
  // that run may have committed meanwhile. Prepare and Commit want it (FAILED_PRECONDITION). A claim is a
  // fresh random value, or a counter's, on the device.
  virtual absl::Status Claim() = 0;

  // OK if this object's claim is the latest one still. DATA_LOSS: another object claimed the anchor;
  // FAILED_PRECONDITION: this one never did; UNAVAILABLE: the device is away. Changes nothing.
  virtual absl::Status CheckClaim() = 0;

  // The epoch whose state is current. UNAVAILABLE: the device is away.
  virtual absl::StatusOr<uint64_t> CurrentEpoch() = 0;

  // Evidence (at most 256 bytes) that this device saw `digest` for `epoch`, which must be one above the
  // epoch where this object saw the device (FAILED_PRECONDITION otherwise). Makes nothing current. An error
  // leaves the current epoch unchanged. Before it gives any evidence away this object has looked at the epoch
  // and then at the claim, here or at the end of a Commit that said OK, the latest call of Commit: the other
  // way round, an object that lost its claim could prepare a state next to one that is being answered.
  // DATA_LOSS: it looked here, and another object has claimed the anchor.
  // May end the evidence of what was prepared before for this epoch. A state which Check called kOneAhead
  // since the claim keeps its evidence until Commit, so that storage can be given the new one first.
  virtual absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) = 0;

  // Makes `epoch`, which this object prepared since its claim, the only acceptable one. OK too if the device
  // is at `epoch` already. FAILED_PRECONDITION: this object did not prepare it, and the device cannot commit
  // what another run prepared: prepare it anew, with the same digest.
  // OK says that this object's claim was still there after the device stood at `epoch`. So the claim is
  // looked at after counting; before it as well, to harm nobody. UNAVAILABLE: the device may or may not have
  // moved; call again with the same epoch when it is back (a repeat looks before it counts). DATA_LOSS:
  // somebody else uses the anchor: the device is at neither `epoch` nor `epoch - 1`, or another object
  // claimed it.
  virtual absl::Status Commit(uint64_t epoch) = 0;

  // Judges a head found on storage. Changes nothing.
  virtual absl::StatusOr<FreshnessReport> Check(uint64_t epoch, const Digest& digest, ByteView evidence) = 0;

  // The operator's last resort where CurrentEpoch says DATA_LOSS: interrupted runs left more on the device
  // than can follow from each other, or nothing is left there. Afterwards the device stands at an epoch above
  // every one it knew and above `known_epoch`, the highest that anybody remembers. No state was ever prepared
  // for that epoch, so nothing on storage is fresh. Does nothing where nothing is spoilt. A counter cannot be
  // spoilt, so the default does nothing.
  virtual absl::Status ClearSpoilt(uint64_t /*known_epoch*/) { return absl::OkStatus(); }

  virtual AnchorWear wear() const = 0;
};

}  // namespace labrec::hsm
