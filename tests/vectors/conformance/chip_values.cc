#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/record.h"
#include "tests/vectors/conformance/values.h"

namespace labrec::conformance {

using Json = nlohmann::ordered_json;

namespace {

Json WriteRow(const char* about, const tpm::TpmsNvPublic& before, uint32_t limit, ByteView nonce_tpm) {
  const Digest cp_hash = tpm::IndexWriteCpHash(before.Name(), {0, limit});
  return {{"about", about},
          {"index_name", Hex(before.Name())},
          {"count", 0},
          {"limit", limit},
          {"contents", Hex(tpm::Marshal(tpm::PinCounter{0, limit}))},
          {"cp_hash", Hex(cp_hash)},
          {"nonce_tpm", Hex(nonce_tpm)},
          {"signed", Hex(tpm::SignedAuthorization(nonce_tpm, cp_hash))}};
}

}  // namespace

Json ChipValues() {
  constexpr uint32_t kIndex = 0x01800001;
  const EcdsaPublicKey key = Example().unlock_key();
  const Bytes nonce_tpm = Counting(0x50, 32);
  const tpm::TpmtPublic external = tpm::ExternalKeyArea(key);
  const tpm::TpmsNvPublic fresh = tpm::CountingIndexArea(kIndex, key, tpm::Written::kNo);
  const tpm::TpmsNvPublic written = tpm::CountingIndexArea(kIndex, key, tpm::Written::kYes);
  Json writes = Json::array();
  writes.push_back(WriteRow("the first write of a registration", fresh, 2, nonce_tpm));
  writes.push_back(WriteRow("the second, and each refill", written, 10, nonce_tpm));
  writes.push_back(WriteRow("retirement", written, 0, nonce_tpm));
  return {{"unlock_public_key", Hex(key.Spki())},
          {"unlock_key_area", Hex(external.Marshal())},
          {"unlock_key_name", Hex(external.Name())},
          {"index", kIndex},
          {"index_policy", Hex(tpm::CountingIndexPolicy(key))},
          {"index_area_unwritten", Hex(fresh.Marshal())},
          {"index_name_unwritten", Hex(fresh.Name())},
          {"index_area_written", Hex(written.Marshal())},
          {"index_name_written", Hex(written.Name())},
          {"key_policy", Hex(tpm::CountedKeyPolicy(written))},
          {"key_attributes", tpm::CountedKeyAttributes()},
          {"expiration_s", tpm::kWriteExpirationSeconds},
          {"writes", std::move(writes)}};
}

}  // namespace labrec::conformance
