#include "hsm/tpm_wire/tpms_nv_public.h"

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/reader.h"

namespace labrec::tpm {

absl::StatusOr<TpmsNvPublic> TpmsNvPublic::Parse(ByteView bytes) {
  TpmReader reader(bytes);
  TpmsNvPublic area;
  area.index = reader.U32();
  const auto name_algorithm = HashAlgorithmOf(reader.U16());
  reader.Require(name_algorithm.has_value());
  area.name_algorithm = name_algorithm.value_or(HashAlgorithm::kSha256);
  area.attributes = reader.U32();
  area.auth_policy = ToBytes(reader.Sized(64));
  area.data_size = reader.U16();
  reader.Require(area.index >= kNvHandleFirst && area.index <= kNvHandleLast &&
                 (area.attributes & kNvReserved) == 0 &&
                 (area.auth_policy.empty() || area.auth_policy.size() == DigestSize(area.name_algorithm)));
  if (!reader.AtEnd()) {
    return absl::InvalidArgumentError(
        "not the public area of an NV index (TPMS_NV_PUBLIC) that this verifier knows");
  }
  return area;
}

Bytes TpmsNvPublic::Marshal() const {
  return Writer()
      .U32(index)
      .U16(AlgId(name_algorithm))
      .U32(attributes)
      .Lp(auth_policy)
      .U16(data_size)
      .bytes();
}

Bytes TpmsNvPublic::Name() const {
  return Writer().U16(AlgId(name_algorithm)).Raw(Hash(name_algorithm, {Marshal()})).bytes();
}

uint32_t TpmsNvPublic::Type() const {
  return (attributes & kNvTypeMask) >> kNvTypeShift;
}

}  // namespace labrec::tpm
