#include "hsm/tpm2/counted/key.h"

#include <algorithm>
#include <cstdlib>

#include <tss2/tss2_mu.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/counted/room.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/realm/key_blob.h"
#include "hsm/tpm_wire/counted_areas.h"

namespace labrec::hsm::tpm2 {
namespace {

using tpm::CountingIndexArea;
using tpm::Written;

TPM2B_PUBLIC RecordKeyTemplate(uint32_t index, const EcdsaPublicKey& unlock_key) {
  TPM2B_PUBLIC area = EvaluationKeyTemplate();
  area.publicArea.objectAttributes = tpm::CountedKeyAttributes();
  const Bytes policy = tpm::CountedKeyPolicy(CountingIndexArea(index, unlock_key, Written::kYes));
  area.publicArea.authPolicy.size = static_cast<UINT16>(policy.size());
  std::copy(policy.begin(), policy.end(), area.publicArea.authPolicy.buffer);
  return area;
}

Bytes MarshalTicket(const TPMT_TK_CREATION& ticket) {
  Bytes out(sizeof ticket);
  size_t size = 0;
  if (Tss2_MU_TPMT_TK_CREATION_Marshal(&ticket, out.data(), out.size(), &size) != TSS2_RC_SUCCESS)
    std::abort();
  out.resize(size);
  return out;
}

struct Created {
  EsysPtr<TPM2B_PRIVATE> private_area;
  EsysPtr<TPM2B_PUBLIC> public_area;
  EsysPtr<TPM2B_DIGEST> hash;
  EsysPtr<TPMT_TK_CREATION> ticket;
};

absl::StatusOr<Created> CreateKey(LoadedRealm& realm, ESYS_TR storage_key, const TPM2B_PUBLIC& pattern) {
  const TPM2B_SENSITIVE_CREATE no_auth_value{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  TPM2B_PRIVATE* private_area = nullptr;
  TPM2B_PUBLIC* public_area = nullptr;
  TPM2B_DIGEST* hash = nullptr;
  TPMT_TK_CREATION* ticket = nullptr;
  LABREC_RETURN_IF_ERROR(
      realm.context->Check("TPM2_Create of a record's key",
                           Esys_Create(realm.context->esys(), storage_key, realm.session->For(Encrypt::kBoth),
                                       ESYS_TR_NONE, ESYS_TR_NONE, &no_auth_value, &pattern, &outside, &pcrs,
                                       &private_area, &public_area, nullptr, &hash, &ticket)));
  return Created{EsysPtr<TPM2B_PRIVATE>(private_area), EsysPtr<TPM2B_PUBLIC>(public_area),
                 EsysPtr<TPM2B_DIGEST>(hash), EsysPtr<TPMT_TK_CREATION>(ticket)};
}

}  // namespace

absl::StatusOr<CountedKey> CreateCountedKey(LoadedRealm& realm, uint32_t index,
                                            const EcdsaPublicKey& unlock_key) {
  const TPM2B_PUBLIC pattern = RecordKeyTemplate(index, unlock_key);
  LABREC_ASSIGN_OR_RETURN(const KeyRoom room, KeyRoom::Make(realm));
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, room.LoadStorageKey());
  LABREC_ASSIGN_OR_RETURN(const Created made, CreateKey(realm, parent.esys(), pattern));
  if (!MadeFrom(*made.public_area, pattern))
    return absl::DataLossError("the TPM made a key of another kind than asked");
  const Bytes sized_public = Marshal(*made.public_area);
  CountedKey key;
  key.index = index;
  key.unlock_key = unlock_key.Spki();
  key.index_public = CountingIndexArea(index, unlock_key, Written::kNo).Marshal();
  key.key_public = Bytes(sized_public.begin() + 2, sized_public.end());
  key.key_private = Marshal(*made.private_area);
  key.creation_hash.assign(made.hash->buffer, made.hash->buffer + made.hash->size);
  key.creation_ticket = MarshalTicket(*made.ticket);
  return key;
}

absl::StatusOr<TransientObject> LoadCountedKey(LoadedRealm& realm, const KeyRoom& room, const CountedKey& key,
                                               const EcdsaPublicKey& unlock_key) {
  const TPM2B_PUBLIC pattern = RecordKeyTemplate(key.index, unlock_key);
  const KeyBlob blob{Writer().Lp(key.key_public).bytes(), key.key_private};
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, room.LoadStorageKey());
  return LoadKey(*realm.context, *realm.session, parent.esys(), blob, pattern, SecretBytes());
}

absl::StatusOr<P256Point> MultiplyByPolicy(LoadedRealm& realm, const TransientObject& key,
                                           const PolicySession& policy, const P256Point& element) {
  Context& context = *realm.context;
  const TPM2B_ECC_POINT in = ToTpm(element);
  TPM2B_ECC_POINT* out = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_ECDH_ZGen of a record's key",
                    Esys_ECDH_ZGen(context.esys(), key.esys(), policy.For(),
                                   realm.session->For(Encrypt::kBoth), ESYS_TR_NONE, &in, &out)));
  context.WipeAnswer();
  const EsysPtr<TPM2B_ECC_POINT> owned(out);
  return FromTpm(out->point);
}

}  // namespace labrec::hsm::tpm2
