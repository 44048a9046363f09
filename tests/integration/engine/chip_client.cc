#include "tests/integration/engine/chip_client.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/index_write.h"
#include "recovery/api/v1/recovery.pb.h"

namespace labrec::recovery {
namespace {

const Bytes kNonce(32, 7);

// The config of a ledger-enforced version, with an index in it.
Bytes InChip(const Bytes& config, uint32_t index) {
  ::labyrinth::recovery::v1::RecordConfig parsed;
  EXPECT_TRUE(parsed.ParseFromString(ToString(config)));
  parsed.set_enforcement(::labyrinth::recovery::v1::ENFORCEMENT_CHIP);
  parsed.mutable_realms(0)->mutable_chip()->set_index(index);
  parsed.mutable_realms(0)->mutable_chip()->set_ak_name(std::string(34, 'n'));
  return ToBytes(parsed.SerializeAsString());
}

}  // namespace

absl::Status ChipClient::SetUpInChip(uint32_t guess_limit) {
  LABREC_RETURN_IF_ERROR(Enroll().status());
  LABREC_RETURN_IF_ERROR(RegisterInChip(1, guess_limit));
  return Activate(1).status();
}

absl::Status ChipClient::RegisterInChip(uint32_t version, uint32_t guess_limit) {
  LABREC_ASSIGN_OR_RETURN(const ChipRegistrationBegun begun, BeginInChip(version, guess_limit));
  LABREC_RETURN_IF_ERROR(Write(version, 2).status());
  LABREC_RETURN_IF_ERROR(Confirm(version, begun.registration_id).status());
  LABREC_RETURN_IF_ERROR(Write(version, guess_limit).status());
  return FinishInChip(version, begun.registration_id, guess_limit);
}

absl::StatusOr<ChipRegistrationBegun> ChipClient::BeginInChip(uint32_t version, uint32_t guess_limit) {
  return Await<ChipRegistrationBegun>([&](auto done) { SendBegin(version, guess_limit, done); });
}

void ChipClient::SendBegin(uint32_t version, uint32_t guess_limit, Done<ChipRegistrationBegun> done) {
  const Bytes body = BeginChipBody(name.record, version, unlock_key.public_key().Spki(), guess_limit, kNonce);
  ChipRegistration request{name.record, version, unlock_key.public_key(),
                           guess_limit, kNonce,  Sign(Operation::kBeginChipVersion, body)};
  realm.engine().chip_records().BeginChipRegistration(caller, std::move(request), std::move(done));
}

absl::StatusOr<hsm::WriteSession> ChipClient::BeginWrite(uint32_t version) {
  const auto begun = Await<ChipWriteBegun>([&](auto done) {
    realm.engine().chip_records().BeginChipWrite(caller, name.record, version, {}, done);
  });
  if (!begun.ok()) return begun.status();
  return begun->session;
}

absl::StatusOr<ChipContents> ChipClient::FinishWrite(uint32_t version, const hsm::WriteSession& session,
                                                     uint32_t granted) {
  const hsm::UseCount now = keys().ReadUse(KeyOf(version)).value_or(hsm::UseCount{});
  const auto before = now.limit == 0 ? tpm::Written::kNo : tpm::Written::kYes;
  const uint32_t limit = granted == 0 ? 0 : now.count + granted;
  LABREC_ASSIGN_OR_RETURN(
      const auto signature,
      tpm::SignIndexWrite(unlock_key, {KeyOf(version).index, before, limit}, session.nonce_tpm));
  return Await<ChipContents>([&](auto done) {
    realm.engine().chip_records().FinishChipWrite(
        caller, {name.record, version, session.id, limit, ToBytes(signature), kNonce}, done);
  });
}

absl::StatusOr<ChipContents> ChipClient::Write(uint32_t version, uint32_t granted) {
  LABREC_ASSIGN_OR_RETURN(const hsm::WriteSession session, BeginWrite(version));
  return FinishWrite(version, session, granted);
}

absl::StatusOr<std::vector<P256Point>> ChipClient::Confirm(uint32_t version, const RegistrationId& id) {
  return Await<std::vector<P256Point>>([&](auto done) {
    realm.engine().chip_records().ConfirmKey(caller, name.record, version, id, {Element(1000), Element(1001)},
                                             done);
  });
}

absl::Status ChipClient::FinishInChip(uint32_t version, const RegistrationId& id, uint32_t guess_limit,
                                      std::optional<uint32_t> index) {
  RegistrationBegun begun;
  begun.registration_id = id;
  RegistrationRequest request = RegistrationOf(version, begun, guess_limit);
  request.config = InChip(request.config, index.value_or(KeyOf(version).index));
  return Finish(std::move(request)).status();
}

hsm::CountedKey ChipClient::KeyOf(uint32_t version) {
  const std::optional<Record> record = realm.StoredRecord(name);
  const RecordVersion* found = record ? record->Find(version) : nullptr;
  if (found == nullptr || !found->chip) return {};
  return hsm::DecodeCountedKey(found->chip->key).value();
}

hsm::UseCount ChipClient::InTheChip(uint32_t version) {
  const auto use = keys().ReadUse(KeyOf(version));
  const std::optional<Record> record = realm.StoredRecord(name);
  if (!use.ok() || !record || record->Find(version) == nullptr) return {99, 99};
  const uint32_t granted = record->Find(version)->chip->limit;
  return {granted - use->left(), granted};
}

std::vector<uint32_t> ChipClient::IndicesInTheChip() {
  std::vector<uint32_t> indices;
  const auto listed = keys().List();
  EXPECT_TRUE(listed.ok()) << listed.status();
  for (const hsm::FoundCountingIndex& each : *listed) indices.push_back(each.index);
  return indices;
}

}  // namespace labrec::recovery
