#include "recovery/labyrinth/epoch/virtual_device.h"

#include "hsm/base/aead.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr std::string_view kDeviceKey = "device_key";
constexpr std::string_view kStorageKey = "storage_key";
constexpr std::string_view kEpoch = "epoch";
constexpr std::string_view kRoot = "root";
constexpr size_t kEpochSize = Epoch::kEncodedSize - 32;

// The fields of one virtual device's bundle, sealed and opened by name.
class BundleFields {
 public:
  BundleFields(const AccountName& account, const MemberId& id, ByteView key)
      : account_(account), id_(id), key_(key) {}

  Bytes Seal(std::string_view field, ByteView value) const { return AeadSeal(key_, value, Context(field)); }

  absl::StatusOr<SecretBytes> Open(std::string_view field, ByteView sealed, size_t size) const {
    auto value = AeadOpen(key_, sealed, Context(field));
    if (!value.ok() || value->size() != size) {
      return Damage(Reason::kNotOpened, "the virtual device's bundle does not open: " + std::string(field));
    }
    return value;
  }

  absl::StatusOr<P256Scalar> OpenScalar(std::string_view field, ByteView sealed) const {
    LABREC_ASSIGN_OR_RETURN(const SecretBytes value, Open(field, sealed, 32));
    auto scalar = P256Scalar::Parse(value.view());
    if (!scalar.ok()) return Damage(Reason::kMalformed, "the virtual device's bundle holds no key");
    return scalar;
  }

 private:
  Bytes Context(std::string_view field) const {
    return Bound(kLabelBundle, account_).Raw(id_).Lp(field).bytes();
  }

  const AccountName& account_;
  const MemberId& id_;
  ByteView key_;
};

}  // namespace

Bytes SealBundle(const AccountName& account, ByteView virtual_device_key, const VirtualDevice& device,
                 const Epoch& epoch) {
  const BundleFields fields(account, device.id, virtual_device_key);
  const SecretBytes encoding = epoch.SecretEncoding();
  Writer bundle;
  bundle.Lp(fields.Seal(kDeviceKey, device.device_key.SecretScalar().SecretBytesView()));
  bundle.Lp(fields.Seal(kStorageKey, device.storage.SecretScalar().SecretBytesView()));
  bundle.Lp(fields.Seal(kEpoch, encoding.view().first(kEpochSize)));
  bundle.Lp(fields.Seal(kRoot, encoding.view().subspan(kEpochSize)));
  return std::move(bundle).Take();
}

absl::StatusOr<OpenedBundle> OpenBundle(const AccountName& account, const VirtualDeviceSecrets& secrets,
                                        ByteView bundle) {
  Reader reader(bundle);
  const ByteView device_key = reader.Lp();
  const ByteView storage_key = reader.Lp();
  const ByteView epoch = reader.Lp();
  const ByteView root = reader.Lp();
  if (!reader.AtEnd()) return Damage(Reason::kMalformed, "the bytes are not a virtual device's bundle");
  const BundleFields fields(account, secrets.id, secrets.key.view());
  LABREC_ASSIGN_OR_RETURN(P256Scalar device_scalar, fields.OpenScalar(kDeviceKey, device_key));
  LABREC_ASSIGN_OR_RETURN(P256Scalar storage_scalar, fields.OpenScalar(kStorageKey, storage_key));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes epoch_value, fields.Open(kEpoch, epoch, kEpochSize));
  LABREC_ASSIGN_OR_RETURN(const SecretBytes root_value, fields.Open(kRoot, root, 32));
  auto opened = Epoch::Decode(Join({epoch_value.view(), root_value.view()}).view());
  return OpenedBundle{{secrets.id, EcdsaPrivateKey::FromScalar(std::move(device_scalar)),
                       DhKeyPair(std::move(storage_scalar))},
                      std::move(*opened)};
}

}  // namespace labrec::recovery::labyrinth
