#include "hsm/tpm2/link/external_key.h"

#include <algorithm>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm_wire/counted_areas.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<TransientObject> LoadExternalKey(Context& context, const EcdsaPublicKey& key,
                                                ESYS_TR hierarchy) {
  const Bytes area = Writer().Lp(tpm::ExternalKeyArea(key).Marshal()).bytes();
  LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC public_area, UnmarshalPublic(area));
  ESYS_TR loaded = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_LoadExternal", Esys_LoadExternal(context.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                             nullptr, &public_area, hierarchy, &loaded)));
  return TransientObject(context, loaded);
}

TPMT_SIGNATURE EcdsaSignature(ByteView signature) {
  TPMT_SIGNATURE out{};
  out.sigAlg = TPM2_ALG_ECDSA;
  out.signature.ecdsa.hash = TPM2_ALG_SHA256;
  out.signature.ecdsa.signatureR.size = 32;
  std::copy_n(signature.begin(), 32, out.signature.ecdsa.signatureR.buffer);
  out.signature.ecdsa.signatureS.size = 32;
  std::copy_n(signature.begin() + 32, 32, out.signature.ecdsa.signatureS.buffer);
  return out;
}

}  // namespace labrec::hsm::tpm2
