#include "hsm/tpm2/realm/key_blob.h"

#include <algorithm>

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::StatusOr<KeyBlob> CreateBlob(Context& context, const Session& session, ESYS_TR storage_key,
                                   const TPM2B_PUBLIC& pattern, const TPM2B_SENSITIVE_CREATE& sensitive) {
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  TPM2B_PRIVATE* private_area = nullptr;
  TPM2B_PUBLIC* public_area = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_Create", Esys_Create(context.esys(), storage_key, session.For(Encrypt::kBoth), ESYS_TR_NONE,
                                 ESYS_TR_NONE, &sensitive, &pattern, &outside, &pcrs, &private_area,
                                 &public_area, nullptr, nullptr, nullptr)));
  const EsysPtr<TPM2B_PRIVATE> owned_private(private_area);
  const EsysPtr<TPM2B_PUBLIC> owned_public(public_area);
  if (!MadeFrom(*public_area, pattern))
    return absl::DataLossError("the TPM made a key of another kind than asked");
  return KeyBlob{Marshal(*public_area), Marshal(*private_area)};
}

}  // namespace

absl::StatusOr<KeyBlob> CreateKey(Context& context, const Session& session, ESYS_TR storage_key,
                                  const TPM2B_PUBLIC& pattern, const SecretBytes& auth_value) {
  TPM2B_SENSITIVE_CREATE sensitive{};
  sensitive.sensitive.userAuth.size = static_cast<UINT16>(auth_value.size());
  std::copy_n(auth_value.data(), auth_value.size(), sensitive.sensitive.userAuth.buffer);
  absl::StatusOr<KeyBlob> blob = CreateBlob(context, session, storage_key, pattern, sensitive);
  Wipe(sensitive.sensitive.userAuth.buffer);
  return blob;
}

absl::StatusOr<TransientObject> LoadKey(Context& context, const Session& session, ESYS_TR storage_key,
                                        const KeyBlob& blob, const TPM2B_PUBLIC& pattern,
                                        const SecretBytes& auth_value) {
  LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC public_area, UnmarshalPublic(blob.public_area));
  LABREC_ASSIGN_OR_RETURN(const TPM2B_PRIVATE private_area, UnmarshalPrivate(blob.private_area));
  if (!MadeFrom(public_area, pattern)) {
    return absl::FailedPreconditionError("the state holds a key of another kind than provisioning makes");
  }
  ESYS_TR key = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_Load", Esys_Load(context.esys(), storage_key, session.For(Encrypt::kBoth),
                                           ESYS_TR_NONE, ESYS_TR_NONE, &private_area, &public_area, &key)));
  TransientObject loaded(context, key);
  LABREC_RETURN_IF_ERROR(SetAuth(context, loaded.esys(), auth_value.view()));
  return loaded;
}

}  // namespace labrec::hsm::tpm2
