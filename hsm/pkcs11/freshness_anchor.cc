#include "hsm/pkcs11/freshness_anchor.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

absl::StatusOr<bool> Attested(const Session& session, TokenObject key, ByteView input, ByteView evidence) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes mac, Hmac(session, key.handle, input));
  return mac.Equals(evidence);
}

// How many keys of prepared epochs a failing token may leave behind. Beyond that the next Prepare destroys
// one first.
constexpr size_t kMostAbandoned = 4;

absl::Status DestroyAll(const Session& session, const Scope& scope, const std::vector<RatchetKey>& keys) {
  for (const RatchetKey& key : keys) LABREC_RETURN_IF_ERROR(DestroyRatchetKey(session, scope, key));
  return absl::OkStatus();
}

// What an error means that came while a key was destroyed: nobody knows whether the key is gone.
absl::Status Uncertain(const absl::Status& status, uint64_t epoch) {
  if (!absl::IsUnavailable(status)) return status;
  return absl::UnavailableError(absl::StrCat("it is not certain that epoch ", epoch,
                                             " was committed; commit it again when the token is back (",
                                             status.message(), ")"));
}

}  // namespace

Bytes KeyRatchetAnchor::MacInput(uint64_t epoch, const Digest& digest) const {
  Writer writer;
  writer.Lp("labyrinth-recovery/v1/anchor").Lp(scope_.realm_id).U64(epoch).Raw(digest);
  return std::move(writer).Take();
}

absl::Status KeyRatchetAnchor::RequireClaim(const Session& session) const {
  if (claim_.has_value()) return pkcs11::CheckClaim(session, scope_, *claim_);
  return absl::FailedPreconditionError("claim the freshness anchor before it is used");
}

absl::Status KeyRatchetAnchor::RequireOurs(const RatchetKey& key) const {
  const bool known = ours_.has_value() && ours_->epoch == key.id.epoch;
  if (!known || ours_->nonce == key.id.nonce) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("another service prepared a state of its own for epoch ",
                                          key.id.epoch,
                                          " of the realm's freshness anchor: stop one of the two"));
}

absl::Status KeyRatchetAnchor::RequireOursAmong(const std::vector<RatchetKey>& keys, uint64_t epoch) const {
  if (!prepared_ || ours_->epoch != epoch) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this run did not prepare epoch ", epoch, ": a state that another run prepared is prepared anew"));
  }
  const bool there = std::any_of(keys.begin(), keys.end(),
                                 [this](const RatchetKey& key) { return key.id.nonce == ours_->nonce; });
  if (there) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("another service destroyed the key that was made for epoch ", epoch,
                                          " of the realm's freshness anchor: stop one of the two"));
}

std::vector<RatchetKey> KeyRatchetAnchor::Abandoned(const std::vector<RatchetKey>& keys) const {
  std::vector<RatchetKey> abandoned;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(abandoned), [this](const RatchetKey& key) {
    return !found_.has_value() || found_->nonce != key.id.nonce;
  });
  return abandoned;
}

absl::StatusOr<RatchetView> KeyRatchetAnchor::LookAt(const Session& session) {
  LABREC_ASSIGN_OR_RETURN(RatchetView view, LookAtRatchet(session, scope_, mine_));
  if (view.epoch() < floor_) {
    return absl::DataLossError(absl::StrCat("the token is back at epoch ", view.epoch(), " although ", floor_,
                                            " was current: a second service made a key, or somebody "
                                            "restored one that was destroyed"));
  }
  floor_ = view.epoch();
  return view;
}

absl::Status KeyRatchetAnchor::Claim() {
  return connection_.Run([this](const Connection::Work& work) -> absl::Status {
    claim_.reset();
    prepared_ = false;
    mine_.reset();
    found_.reset();
    LABREC_ASSIGN_OR_RETURN(claim_, MakeClaim(work.session, scope_));
    return absl::OkStatus();
  });
}

absl::Status KeyRatchetAnchor::CheckClaim() {
  return connection_.Run([this](const Connection::Work& work) { return RequireClaim(work.session); });
}

absl::StatusOr<uint64_t> KeyRatchetAnchor::CurrentEpoch() {
  return connection_.Run([this](const Connection::Work& work) -> absl::StatusOr<uint64_t> {
    LABREC_ASSIGN_OR_RETURN(const RatchetView view, LookAt(work.session));
    return view.epoch();
  });
}

// May run twice: the second run destroys what the first one made.
absl::StatusOr<Bytes> KeyRatchetAnchor::Prepare(uint64_t epoch, const Digest& digest) {
  return connection_.Run(
      [&](const Connection::Work& work) { return PrepareIn(work.session, epoch, digest); });
}

absl::StatusOr<RatchetKey> KeyRatchetAnchor::MakeOurs(const Session& session, const RatchetKeyId& id) {
  LABREC_ASSIGN_OR_RETURN(RatchetKey key, MakeRatchetKey(session, scope_, id));
  ours_ = id;
  prepared_ = true;
  const absl::Status claimed = RequireClaim(session);
  if (claimed.ok()) return key;
  // Our key must not stand in the way of whoever took the anchor over meanwhile.
  if (!absl::IsUnavailable(claimed)) (void)DestroyRatchetKey(session, scope_, key);
  return claimed;
}

// The claim is looked at after the keys: so no key of a later claimant is among those that we destroy. Our
// key is made before they are destroyed: so there is always a key left.
absl::StatusOr<Bytes> KeyRatchetAnchor::PrepareIn(const Session& session, uint64_t epoch,
                                                  const Digest& digest) {
  LABREC_ASSIGN_OR_RETURN(const RatchetView view, LookAt(session));
  LABREC_RETURN_IF_ERROR(RequireClaim(session));
  if (view.epoch() == UINT64_MAX || epoch != view.epoch() + 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot prepare epoch ", epoch, ": the token is at epoch ", view.epoch()));
  }
  std::vector<RatchetKey> abandoned = Abandoned(view.next);
  abandoned.insert(abandoned.end(), view.strays.begin(), view.strays.end());
  if (abandoned.size() >= kMostAbandoned) {
    LABREC_RETURN_IF_ERROR(DestroyRatchetKey(session, scope_, abandoned.back()));
    abandoned.pop_back();
  }
  LABREC_ASSIGN_OR_RETURN(const RatchetKey key, MakeOurs(session, RatchetKeyId::NewFor(epoch, view.nonce())));
  LABREC_RETURN_IF_ERROR(DestroyAll(session, scope_, abandoned));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes mac, Hmac(session, key.object.handle, MacInput(epoch, digest)));
  return ToBytes(mac.view());
}

// May run twice: each run looks at the token before it destroys anything.
absl::Status KeyRatchetAnchor::Commit(uint64_t epoch) {
  const absl::Status outcome =
      connection_.Run([&](const Connection::Work& work) { return CommitIn(work.session, epoch); });
  return Uncertain(outcome, epoch);
}

absl::Status KeyRatchetAnchor::CommitIn(const Session& session, uint64_t epoch) {
  LABREC_ASSIGN_OR_RETURN(RatchetView view, LookAt(session));
  LABREC_RETURN_IF_ERROR(RequireClaim(session));
  const bool done = epoch == view.epoch() && view.current.has_value();
  if (!done && (epoch == 0 || epoch - 1 != view.epoch())) {
    return absl::DataLossError(absl::StrCat("cannot commit epoch ", epoch, ": the token is at epoch ",
                                            view.epoch(), ", so somebody else uses its anchor"));
  }
  if (done) return RequireOurs(*view.current);
  LABREC_RETURN_IF_ERROR(RequireOursAmong(view.next, epoch));
  LABREC_RETURN_IF_ERROR(DestroyOthers(session, view));
  ++commits_;
  LABREC_RETURN_IF_ERROR(RequireClaim(session));
  mine_ = ours_;
  LABREC_ASSIGN_OR_RETURN(view, LookAt(session));
  if (view.epoch() != epoch) return absl::UnavailableError("another key than the epoch's is on the token");
  found_.reset();
  return RequireOurs(*view.current);
}

absl::Status KeyRatchetAnchor::DestroyOthers(const Session& session, const RatchetView& view) {
  for (const RatchetKey& key : view.next) {
    if (key.id.nonce == ours_->nonce) continue;
    LABREC_RETURN_IF_ERROR(DestroyRatchetKey(session, scope_, key));
  }
  LABREC_RETURN_IF_ERROR(DestroyAll(session, scope_, view.strays));
  return view.current.has_value() ? DestroyRatchetKey(session, scope_, *view.current) : absl::OkStatus();
}

absl::StatusOr<FreshnessReport> KeyRatchetAnchor::Check(uint64_t epoch, const Digest& digest,
                                                        ByteView evidence) {
  return connection_.Run(
      [&](const Connection::Work& work) { return CheckIn(work.session, epoch, digest, evidence); });
}

absl::StatusOr<FreshnessReport> KeyRatchetAnchor::CheckIn(const Session& session, uint64_t epoch,
                                                          const Digest& digest, ByteView evidence) {
  LABREC_ASSIGN_OR_RETURN(const RatchetView view, LookAt(session));
  const uint64_t current = view.epoch();
  // Without a current key the states of its epoch are stale, and storage must have the next one.
  const uint64_t oldest = view.current.has_value() ? current : current + 1;
  if (epoch < oldest) return FreshnessReport{Freshness::kStale, oldest};
  if (epoch - current > 1) return FreshnessReport{Freshness::kUnknown, current};
  const bool ahead = epoch != current;
  const std::vector<RatchetKey> keys = ahead ? view.next : std::vector<RatchetKey>{*view.current};
  for (const RatchetKey& key : keys) {
    LABREC_ASSIGN_OR_RETURN(const bool attested,
                            Attested(session, key.object, MacInput(epoch, digest), evidence));
    if (!attested) continue;
    if (ahead) found_ = key.id;
    return FreshnessReport{ahead ? Freshness::kOneAhead : Freshness::kFresh, current, true};
  }
  return FreshnessReport{Freshness::kForged, current};
}

// May run twice: the second run finds what the first one left.
absl::Status KeyRatchetAnchor::ClearSpoilt(uint64_t known_epoch) {
  return connection_.Run([&](const Connection::Work& work) -> absl::Status {
    absl::Status seen = LookAtRatchet(work.session, scope_).status();
    if (!absl::IsDataLoss(seen)) return seen;
    return StartRatchetAnew(work.session, scope_, std::max(known_epoch, floor_));
  });
}

}  // namespace labrec::hsm::pkcs11
