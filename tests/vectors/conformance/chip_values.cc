#include <optional>
#include <vector>

#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/cp_hash.h"
#include "recovery/client/chip/uses.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/record.h"
#include "tests/vectors/conformance/values.h"

namespace labrec::conformance {

using Json = nlohmann::ordered_json;

namespace {

// `counted` is what the index has counted, if it was written before.
Json WriteRow(const char* about, const tpm::TpmsNvPublic& before, std::optional<uint32_t> counted,
              uint32_t limit, ByteView nonce_tpm) {
  const tpm::IndexWriteData data = tpm::DataOf(counted ? tpm::Written::kYes : tpm::Written::kNo, limit);
  const Digest cp_hash = tpm::IndexWriteCpHash(before.Name(), data);
  return {{"about", about},
          {"index_name", Hex(before.Name())},
          {"count", counted.value_or(0)},
          {"limit", limit},
          {"data", Hex(data.bytes)},
          {"offset", data.offset},
          {"contents", Hex(tpm::Marshal(tpm::PinCounter{counted.value_or(0), limit}))},
          {"cp_hash", Hex(cp_hash)},
          {"nonce_tpm", Hex(nonce_tpm)},
          {"signed", Hex(tpm::SignedAuthorization(nonce_tpm, cp_hash))}};
}

// A question before a refill, and its answer.
struct UsesQuestion {
  const char* about;
  tpm::PinCounter certified;
  std::vector<std::optional<uint32_t>> tries;  // as each realm says; null: it did not evaluate
  uint32_t threshold;
  uint32_t own_tries;
};

// Of the first realm, at a guess limit of 3.
Json UsesRow(const UsesQuestion& asked) {
  constexpr uint32_t kGuessLimit = 3;
  namespace client = recovery::client;
  client::ConfigGroup group;
  group.config.threshold = asked.threshold;
  std::vector<client::RealmReport> reports(asked.tries.size());
  Json tries = Json::array();
  for (size_t i = 0; i < reports.size(); ++i) {
    client::GroupMember& member = group.members.emplace_back();
    member.realm = i;
    reports[i].tries = asked.tries[i];
    tries.push_back(asked.tries[i] ? Json(*asked.tries[i]) : Json());
  }
  const uint32_t explained = client::ExplainedUses(group, reports, 0, asked.own_tries);
  const auto uses = client::JudgeUses(asked.certified, kGuessLimit, explained);
  Json row = {{"about", asked.about},           {"guess_limit", kGuessLimit},
              {"count", asked.certified.count}, {"limit", asked.certified.limit},
              {"tries", std::move(tries)},      {"threshold", asked.threshold},
              {"own_tries", asked.own_tries}};
  row["counted"] = uses.ok() ? Json(uses->counted) : Json();
  row["unexplained"] = uses.ok() ? Json(uses->unexplained) : Json();
  const bool signs = uses.ok() && uses->unexplained == 0;
  row["signed_limit"] = signs ? Json(asked.certified.count + kGuessLimit) : Json();
  return row;
}

Json UsesRows() {
  const UsesQuestion questions[] = {
      {"this recovery alone", {3, 5}, {1, 1, 1}, 2, 0},
      {"a wrong PIN before it, which reached all", {4, 5}, {2, 2, 2}, 2, 0},
      {"what one other realm says as well is enough at 2 of 3", {4, 5}, {2, 2, 1}, 2, 0},
      {"what this realm alone says is not", {5, 5}, {3, 1, 1}, 2, 0},
      {"nor what others say and this one does not", {5, 5}, {1, 3, 3}, 2, 0},
      {"3 of 3: two that say so are too few", {4, 5}, {2, 2, 1}, 3, 0},
      {"at one realm alone nobody vouches for it", {4, 5}, {2}, 1, 0},
      {"but the person", {4, 5}, {2}, 1, 1},
      {"who explains no more than he says", {5, 5}, {3, 1, 1}, 2, 1},
      {"a realm that did not evaluate has no use of this recovery's", {3, 5}, {std::nullopt, 1, 1}, 2, 0},
      {"a refill that was signed for an earlier count, and made late", {6, 6}, {3, 1, 1}, 2, 2},
      {"a limit below the count, as an older write came late", {7, 6}, {1, 1, 1}, 2, 0},
      {"retired", {4, 0}, {1, 1, 1}, 2, 0},
      {"a limit that no refill left", {2, 50}, {1, 1, 1}, 2, 0},
  };
  Json rows = Json::array();
  for (const UsesQuestion& each : questions) rows.push_back(UsesRow(each));
  return rows;
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
  writes.push_back(WriteRow("the first write of a registration", fresh, std::nullopt, 2, nonce_tpm));
  writes.push_back(
      WriteRow("the second: both uses were counted, and 10 guesses are granted", written, 2, 12, nonce_tpm));
  writes.push_back(WriteRow("a refill after three more uses", written, 5, 15, nonce_tpm));
  writes.push_back(WriteRow("retirement", written, 5, 0, nonce_tpm));
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
          {"writes", std::move(writes)},
          {"uses", UsesRows()}};
}

}  // namespace labrec::conformance
