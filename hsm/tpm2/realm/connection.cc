#include "hsm/tpm2/realm/connection.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr std::chrono::milliseconds kFirstBackOff{10};
constexpr std::chrono::milliseconds kLongestBackOff{5000};

}  // namespace

absl::Status Connection::Run(OnLoss on_loss, const std::function<absl::Status(LoadedRealm&)>& call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const absl::Status status = RunOnce(call);
  if (status.ok() || damage_ != Damage::kObjectsLost) return status;
  if (on_loss == OnLoss::kRepeat) return RunOnce(call);
  return absl::UnavailableError(absl::StrCat(
      "the TPM was reset, or somebody else uses it; nothing was done, call again: ", status.message()));
}

absl::Status Connection::RunOnce(const std::function<absl::Status(LoadedRealm&)>& call) {
  damage_ = Damage::kNone;
  LABREC_RETURN_IF_ERROR(EnsureLoaded());
  const absl::Status status = call(*realm_);
  damage_ = realm_->context->damage();
  if (damage_ == Damage::kNone) return status;
  if (realm_->write_sessions) saved_writes_ = realm_->write_sessions->GiveUpSaved();
  realm_.reset();
  ++losses_;
  return status;
}

absl::Status Connection::EnsureLoaded() {
  if (realm_ != nullptr) return absl::OkStatus();
  const auto now = std::chrono::steady_clock::now();
  if (now < next_attempt_) return last_failure_;
  absl::StatusOr<std::unique_ptr<LoadedRealm>> loaded = loader_(saved_writes_);
  if (!loaded.ok()) {
    last_failure_ = loaded.status();
    back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
    next_attempt_ = std::chrono::steady_clock::now() + back_off_;
    return last_failure_;
  }
  realm_ = *std::move(loaded);
  realm_->number = losses_;
  saved_writes_.clear();
  back_off_ = std::chrono::milliseconds(0);
  return absl::OkStatus();
}

}  // namespace labrec::hsm::tpm2
