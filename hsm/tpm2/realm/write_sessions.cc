#include "hsm/tpm2/realm/write_sessions.h"

#include <algorithm>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/cp_hash.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr std::chrono::seconds kLongestWait{tpm::kWriteExpirationSeconds};

}  // namespace

WriteSessions::WriteSessions(Context& context, const std::vector<SavedWrite>& before,
                             const std::vector<uint32_t>& saved)
    : context_(context) {
  for (const SavedWrite& each : before) {
    const bool there = std::ranges::any_of(saved, [&each](uint32_t handle) {
      return ((handle ^ each.context->savedHandle) & TPM2_HR_HANDLE_MASK) == 0;
    });
    if (there) waiting_.push_back({each, std::nullopt});
  }
}

WriteSessions::~WriteSessions() {
  while (!waiting_.empty()) End(waiting_.begin());
}

absl::StatusOr<WriteSession> WriteSessions::Begin(Time now) {
  EndOld(now);
  const size_t most = context_.has_resource_manager() ? kMostLoaded : kMostSaved;
  while (waiting_.size() >= most) {
    if (now - waiting_.front().since < kWriteUndisturbed) {
      return absl::ResourceExhaustedError(
          "the chip's sessions for writes are all in use, by clients that are about to sign: come back "
          "later");
    }
    End(waiting_.begin());
  }
  LABREC_ASSIGN_OR_RETURN(PolicySession session, PolicySession::Start(context_));
  Waiting waiting;
  waiting.id = Reader(SecretBytes::Random(8).view()).U64();
  waiting.since = now;
  LABREC_ASSIGN_OR_RETURN(waiting.nonce_tpm, session.NonceTpm());
  if (context_.has_resource_manager()) {
    waiting.session = std::move(session);
  } else {
    LABREC_ASSIGN_OR_RETURN(waiting.context, std::move(session).Save());
  }
  waiting_.push_back(std::move(waiting));
  return WriteSession{waiting_.back().id, waiting_.back().nonce_tpm};
}

absl::StatusOr<Bytes> WriteSessions::NonceOf(uint64_t id, Time now) {
  LABREC_ASSIGN_OR_RETURN(const Position found, Find(id, now));
  return found->nonce_tpm;
}

absl::StatusOr<PolicySession> WriteSessions::Take(uint64_t id, Time now) {
  LABREC_ASSIGN_OR_RETURN(const Position found, Find(id, now));
  Waiting taken = std::move(*found);
  waiting_.erase(found);
  if (taken.session) return *std::move(taken.session);
  absl::StatusOr<PolicySession> resumed = PolicySession::Resume(context_, *taken.context);
  if (!absl::IsFailedPrecondition(resumed.status())) return resumed;
  waiting_.clear();        // the TPM was reset since,
  context_.LoseObjects();  // and has lost the rest as well
  return absl::NotFoundError("the TPM was reset, and has forgotten this session; begin again");
}

std::vector<uint64_t> WriteSessions::Open(Time now) {
  EndOld(now);
  std::vector<uint64_t> ids;
  for (const Waiting& waiting : waiting_) ids.push_back(waiting.id);
  return ids;
}

std::vector<SavedWrite> WriteSessions::GiveUpSaved() {
  std::vector<SavedWrite> saved;
  for (Waiting& each : waiting_) {
    if (each.context) saved.push_back(static_cast<SavedWrite&&>(each));
  }
  std::erase_if(waiting_, [](const Waiting& each) { return !each.session; });
  return saved;
}

absl::StatusOr<WriteSessions::Position> WriteSessions::Find(uint64_t id, Time now) {
  EndOld(now);
  const Position found = std::find_if(waiting_.begin(), waiting_.end(),
                                      [id](const Waiting& waiting) { return waiting.id == id; });
  if (found != waiting_.end()) return found;
  return absl::NotFoundError(
      "this session for a write has ended (too old, replaced by newer ones, or the TPM was away); begin "
      "again");
}

void WriteSessions::End(Position waiting) {
  if (waiting->context) PolicySession::Forget(context_, *waiting->context);
  waiting_.erase(waiting);
}

void WriteSessions::EndOld(Time now) {
  while (!waiting_.empty() && now - waiting_.front().since >= kLongestWait) End(waiting_.begin());
}

}  // namespace labrec::hsm::tpm2
