#include "hsm/tpm2/tpm2_device.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/address.h"
#include "hsm/tpm2/derivation_key.h"
#include "hsm/tpm2/describe.h"
#include "hsm/tpm2/evaluation_key.h"
#include "hsm/tpm2/freshness_anchor.h"
#include "hsm/tpm2/link.h"
#include "hsm/tpm2/public_area.h"
#include "hsm/tpm2/random.h"

namespace labrec::hsm::tpm2 {
namespace {

class Tpm2Device final : public Device {
 public:
  Tpm2Device(std::unique_ptr<LoadedRealm> realm, Link::Loader loader, DeviceDescription description)
      : link_(std::move(realm), std::move(loader)), description_(std::move(description)) {}

  void HaveKeys(const P256Point& public_key) {
    evaluation_key_.emplace(link_, public_key);
    derivation_key_.emplace(link_);
  }
  void HaveAnchor(Bytes realm_id) { anchor_.emplace(link_, std::move(realm_id)); }

  EvaluationKey* evaluation_key() override { return evaluation_key_ ? &*evaluation_key_ : nullptr; }
  DerivationKey* derivation_key() override { return derivation_key_ ? &*derivation_key_ : nullptr; }
  FreshnessAnchor* freshness_anchor() override { return anchor_ ? &*anchor_ : nullptr; }
  Random* random() override { return &random_; }
  Attester* attester() override { return nullptr; }
  CountedKeys* counted_keys() override { return nullptr; }
  const DeviceDescription& description() const override { return description_; }
  int parallelism() const override { return 1; }

 private:
  Link link_;
  DeviceDescription description_;
  std::optional<TpmEvaluationKey> evaluation_key_;
  std::optional<TpmDerivationKey> derivation_key_;
  std::optional<TpmFreshnessAnchor> anchor_;
  TpmRandom random_{link_};
};

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> Open(const DeviceAddress& address, const DeviceState& state,
                                             const SecretBytes& authorization) {
  LABREC_ASSIGN_OR_RETURN(const std::string tcti, TctiOf(address));
  LABREC_ASSIGN_OR_RETURN(const RealmState realm, ReadState(state));
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<LoadedRealm> loaded, LoadRealm(tcti, realm, authorization));
  LABREC_ASSIGN_OR_RETURN(DeviceDescription description, Describe(*loaded->context));
  // Shared, as std::function copies what it holds and a SecretBytes does not copy.
  const auto kept = std::make_shared<const SecretBytes>(authorization.Clone());
  auto device = std::make_unique<Tpm2Device>(
      std::move(loaded), [tcti, realm, kept] { return LoadRealm(tcti, realm, *kept); },
      std::move(description));
  if (realm.evaluation_key) {
    LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC area, UnmarshalPublic(realm.evaluation_key->public_area));
    LABREC_ASSIGN_OR_RETURN(const P256Point public_key, PublicPointOf(area));
    device->HaveKeys(public_key);
  }
  if (realm.anchor) device->HaveAnchor(realm.realm_id);
  return device;
}

}  // namespace labrec::hsm::tpm2
