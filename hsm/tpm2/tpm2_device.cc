#include "hsm/tpm2/tpm2_device.h"

#include "hsm/base/status_macros.h"
#include "hsm/pcr/approval_folder.h"
#include "hsm/tpm2/address.h"
#include "hsm/tpm2/attest/statements.h"
#include "hsm/tpm2/attester.h"
#include "hsm/tpm2/counted/trial.h"
#include "hsm/tpm2/counted_keys.h"
#include "hsm/tpm2/derivation_key.h"
#include "hsm/tpm2/describe.h"
#include "hsm/tpm2/evaluation_key.h"
#include "hsm/tpm2/freshness_anchor.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/period_keys.h"
#include "hsm/tpm2/random.h"
#include "hsm/tpm2/realm/connection.h"

namespace labrec::hsm::tpm2 {
namespace {

class Tpm2Device final : public Device {
 public:
  Tpm2Device(std::unique_ptr<LoadedRealm> realm, Connection::Loader loader, DeviceDescription description)
      : connection_(std::move(realm), std::move(loader)), description_(std::move(description)) {}

  void HaveKeys(const P256Point& public_key) {
    evaluation_key_.emplace(connection_, public_key);
    derivation_key_.emplace(connection_);
  }
  // Looks whether the TPM can count uses; `counted_keys` stays null where it cannot.
  absl::Status HaveCountedKeys(IndexRange range, const Bytes& realm_id) {
    LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) -> absl::Status {
      LABREC_ASSIGN_OR_RETURN(description_.no_counted_keys, WhyNotCounted(realm, range, realm_id));
      return absl::OkStatus();
    }));
    if (description_.no_counted_keys.empty()) counted_keys_.emplace(connection_, range, realm_id);
    return absl::OkStatus();
  }
  void HaveNoCountedKeys(std::string why) { description_.no_counted_keys = std::move(why); }
  void HaveAttester(const RealmState& state) { attester_.emplace(connection_, state); }
  void HaveAnchor(const Bytes& realm_id) {
    anchor_.emplace(connection_, realm_id);
    period_keys_.emplace(connection_, realm_id);
  }

  EvaluationKey* evaluation_key() override { return evaluation_key_ ? &*evaluation_key_ : nullptr; }
  DerivationKey* derivation_key() override { return derivation_key_ ? &*derivation_key_ : nullptr; }
  FreshnessAnchor* freshness_anchor() override { return anchor_ ? &*anchor_ : nullptr; }
  Random* random() override { return &random_; }
  CountedKeys* counted_keys() override { return counted_keys_ ? &*counted_keys_ : nullptr; }
  PeriodKeys* period_keys() override { return period_keys_ ? &*period_keys_ : nullptr; }
  Attester* attester() override { return attester_ ? &*attester_ : nullptr; }
  const DeviceDescription& description() const override { return description_; }
  int parallelism() const override { return 1; }

 private:
  Connection connection_;
  DeviceDescription description_;
  std::optional<TpmEvaluationKey> evaluation_key_;
  std::optional<TpmDerivationKey> derivation_key_;
  std::optional<TpmFreshnessAnchor> anchor_;
  std::optional<TpmPeriodKeys> period_keys_;
  std::optional<TpmCountedKeys> counted_keys_;
  std::optional<TpmAttester> attester_;
  TpmRandom random_{connection_};
};

absl::StatusOr<std::unique_ptr<LoadedRealm>> Load(const Address& address, const RealmState& realm,
                                                  const SecretBytes& authorization,
                                                  const SecretBytes& owner_authorization,
                                                  const std::filesystem::path& pcr_approvals,
                                                  const std::vector<SavedWrite>& saved_writes) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<LoadedRealm> loaded,
                          LoadRealm(address.tcti, realm, authorization, pcr_approvals, saved_writes));
  loaded->owner_authorization = owner_authorization.Clone();
  // The owner's value serves those who read indices as the owner. It is set only now, because a primary key
  // is created with a password in clear.
  LABREC_RETURN_IF_ERROR(SetAuth(*loaded->context, ESYS_TR_RH_OWNER, owner_authorization.view()));
  return loaded;
}

// An open device waits for its approver as it waits for a TPM that is away. Its calls were not executed, and
// work again after the approval.
absl::StatusOr<std::unique_ptr<LoadedRealm>> WaitingForApproval(
    absl::StatusOr<std::unique_ptr<LoadedRealm>> loaded) {
  if (loaded.ok() || !hsm::IsNoApproval(loaded.status())) return loaded;
  return absl::UnavailableError(loaded.status().message());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceAddress& address, const DeviceState& state,
                                             const SecretBytes& authorization,
                                             const std::filesystem::path& pcr_approvals) {
  LABREC_ASSIGN_OR_RETURN(const Address where, ParseAddress(address));
  LABREC_ASSIGN_OR_RETURN(SecretBytes owner, ReadOwnerAuth(where));
  LABREC_ASSIGN_OR_RETURN(const RealmState realm, ReadState(state));
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<LoadedRealm> loaded,
                          Load(where, realm, authorization, owner, pcr_approvals, {}));
  LABREC_ASSIGN_OR_RETURN(DeviceDescription description, Describe(*loaded->context));
  // Shared, as std::function copies what it holds and a SecretBytes does not copy.
  const auto kept = std::make_shared<const SecretBytes>(authorization.Clone());
  const auto kept_owner = std::make_shared<const SecretBytes>(std::move(owner));
  auto device = std::make_unique<Tpm2Device>(
      std::move(loaded),
      [where, realm, kept, kept_owner, pcr_approvals](const std::vector<SavedWrite>& saved_writes) {
        return WaitingForApproval(Load(where, realm, *kept, *kept_owner, pcr_approvals, saved_writes));
      },
      std::move(description));
  if (realm.evaluation_key) {
    LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC area, UnmarshalPublic(realm.evaluation_key->public_area));
    LABREC_ASSIGN_OR_RETURN(const P256Point public_key, PublicPointOf(area));
    device->HaveKeys(public_key);
    LABREC_RETURN_IF_ERROR(device->HaveCountedKeys(where.counted, realm.realm_id));
    device->HaveAttester(realm);
  }
  if (!realm.evaluation_key) device->HaveNoCountedKeys("this device was provisioned without keys");
  if (realm.anchor) device->HaveAnchor(realm.realm_id);
  return device;
}

absl::StatusOr<std::optional<PcrBinding>> PcrBindingOf(const DeviceState& state) {
  LABREC_ASSIGN_OR_RETURN(RealmState realm, ReadState(state));
  return std::move(realm.pcr_binding);
}

absl::StatusOr<std::vector<Bytes>> ReadPcrsOf(const DeviceAddress& address, const PcrSelection& pcrs) {
  LABREC_ASSIGN_OR_RETURN(const Address where, ParseAddress(address));
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<Context> context, Context::Connect(where.tcti));
  return ReadPcrs(*context, pcrs);
}

}  // namespace labrec::hsm::tpm2
