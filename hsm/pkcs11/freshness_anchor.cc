#include "hsm/pkcs11/freshness_anchor.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

absl::StatusOr<bool> Attested(const Session& session, TokenObject key, ByteView input, ByteView evidence) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes mac, Hmac(session, key.handle, input));
  return mac.Equals(evidence);
}

// After an error while a key was destroyed nobody knows whether it is gone.
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
  if (claim_.has_value()) return CheckClaim(session, scope_, *claim_);
  return absl::FailedPreconditionError("claim the freshness anchor before it is used");
}

absl::Status KeyRatchetAnchor::RequireOurs(const RatchetKey& key) const {
  const bool known = expected_.has_value() && expected_->epoch == key.id.epoch;
  if (!known || expected_->nonce == key.id.nonce) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("another service prepared a state of its own for epoch ",
                                          key.id.epoch,
                                          " of the realm's freshness anchor: stop one of the two"));
}

absl::StatusOr<RatchetView> KeyRatchetAnchor::LookAt(const Session& session) {
  LABREC_ASSIGN_OR_RETURN(RatchetView view, LookAtRatchet(session, scope_));
  if (view.epoch() < floor_) {
    return absl::DataLossError(absl::StrCat("the token is back at epoch ", view.epoch(), " although ", floor_,
                                            " was current: somebody restored a key that was destroyed"));
  }
  floor_ = view.epoch();
  return view;
}

absl::Status KeyRatchetAnchor::Claim() {
  return connection_.Run([this](const Connection::Work& work) -> absl::Status {
    claim_.reset();
    LABREC_ASSIGN_OR_RETURN(claim_, MakeClaim(work.session, scope_));
    return absl::OkStatus();
  });
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

absl::StatusOr<Bytes> KeyRatchetAnchor::PrepareIn(const Session& session, uint64_t epoch,
                                                  const Digest& digest) {
  LABREC_RETURN_IF_ERROR(RequireClaim(session));
  LABREC_ASSIGN_OR_RETURN(const RatchetView view, LookAt(session));
  if (view.epoch() == UINT64_MAX || epoch != view.epoch() + 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot prepare epoch ", epoch, ": the token is at epoch ", view.epoch()));
  }
  if (view.next.has_value()) LABREC_RETURN_IF_ERROR(DestroyRatchetKey(session, scope_, *view.next));
  const RatchetKeyId id = RatchetKeyId::NewFor(epoch, view.current.id.nonce);
  LABREC_ASSIGN_OR_RETURN(const RatchetKey key, MakeRatchetKey(session, scope_, id));
  expected_ = id;
  // Who took the anchor over meanwhile must not find our key in its way.
  if (absl::Status claimed = RequireClaim(session); absl::IsDataLoss(claimed)) {
    (void)DestroyRatchetKey(session, scope_, key);
    return claimed;
  }
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
  LABREC_RETURN_IF_ERROR(RequireClaim(session));
  LABREC_ASSIGN_OR_RETURN(RatchetView view, LookAt(session));
  if (epoch != view.epoch() && (epoch == 0 || epoch - 1 != view.epoch())) {
    return absl::DataLossError(absl::StrCat("cannot commit epoch ", epoch, ": the token is at epoch ",
                                            view.epoch(), ", so somebody else uses its anchor"));
  }
  if (epoch == view.epoch()) return RequireOurs(view.current);
  if (!view.next.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("epoch ", epoch, " was not prepared: it has no key on the token"));
  }
  LABREC_RETURN_IF_ERROR(RequireOurs(*view.next));
  LABREC_RETURN_IF_ERROR(DestroyRatchetKey(session, scope_, view.current));
  ++commits_;
  LABREC_RETURN_IF_ERROR(RequireClaim(session));
  LABREC_ASSIGN_OR_RETURN(view, LookAt(session));
  if (view.epoch() != epoch) return absl::UnavailableError("the previous epoch's key is still on the token");
  return RequireOurs(view.current);
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
  if (epoch < current) return FreshnessReport{Freshness::kStale, current};
  if (epoch - current > 1) return FreshnessReport{Freshness::kUnknown, current};
  const bool ahead = epoch != current;
  if (ahead && !view.next.has_value()) return FreshnessReport{Freshness::kForged, current};
  const RatchetKey& key = ahead ? *view.next : view.current;
  LABREC_ASSIGN_OR_RETURN(const bool attested,
                          Attested(session, key.object, MacInput(epoch, digest), evidence));
  if (!attested) return FreshnessReport{Freshness::kForged, current};
  if (ahead) expected_ = key.id;
  return FreshnessReport{ahead ? Freshness::kOneAhead : Freshness::kFresh, current};
}

// May run twice: the second run finds what the first one left.
absl::Status KeyRatchetAnchor::ClearSpoilt() {
  return connection_.Run([this](const Connection::Work& work) -> absl::Status {
    const absl::Status seen = LookAtRatchet(work.session, scope_).status();
    return absl::IsDataLoss(seen) ? StartRatchetAnew(work.session, scope_) : seen;
  });
}

}  // namespace labrec::hsm::pkcs11
