#include "recovery/engine/chip/start_up.h"

#include <map>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "recovery/engine/commit/follow_up.h"
#include "recovery/ledger/verify.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_frame.h"
#include "recovery/record/codec/row_key.h"
#include "recovery/record/rules/chip.h"

namespace labrec::recovery {
namespace {

std::string Words(const absl::Status& status) {
  return std::string(status.message());
}

struct Named {
  RecordName name;
  RecordVersion version;
};
using NamedIndices = std::map<uint32_t, Named>;

// What rows say of indices; damaged rows, and those that lie where others belong, are left to VerifyContent
// and to who reads them.
absl::StatusOr<NamedIndices> ReadRows(Store& store) {
  NamedIndices named;
  LABREC_RETURN_IF_ERROR(store.ForEachRow([&](const RowAddress& address, ByteView row) {
    if (row.size() < 2 || row[1] != static_cast<uint8_t>(RowKind::kRecord)) return absl::OkStatus();
    const absl::StatusOr<Record> record = DecodeRecord(row);
    if (!record.ok() || RecordRowKey(record->name) != address.key) return absl::OkStatus();
    for (const RecordVersion& version : record->versions) {
      if (!version.chip) continue;
      // Of two, the begun one is a leftover whose index is gone: its handle was free to be taken again.
      const auto place = named.try_emplace(version.chip->index, Named{record->name, version}).first;
      if (version.usable()) place->second = {record->name, version};
    }
    return absl::OkStatus();
  }));
  return named;
}

absl::StatusOr<std::vector<hsm::FoundCountingIndex>> List(ChipWork& chip) {
  absl::StatusOr<std::vector<hsm::FoundCountingIndex>> listed;
  chip.Run([&](hsm::Device&) {
    listed = chip.indices().Find();
    chip.LookAtRoom();
  });
  return listed;
}

void DeleteOrphans(ChipWork& chip, Store& store, ByteView realm_id, const std::vector<uint32_t>& orphans) {
  if (orphans.empty()) return;
  const absl::StatusOr<ContentReport> content = VerifyContent(store, realm_id, {});
  if (!content.ok() || !content->intact()) {
    spdlog::error("{} indices in the chip are named by no row; they stay, as storage is not intact",
                  orphans.size());
    return;
  }
  chip.Run([&](hsm::Device&) {
    for (const uint32_t index : orphans) {
      const absl::Status deleted = chip.indices().Delete(index);
      if (deleted.ok()) {
        spdlog::warn("deleted index {:#010x}, which an earlier run made and no record names", index);
      } else {
        spdlog::error("index {:#010x}, which no record names, cannot be deleted: {}", index, Words(deleted));
      }
    }
    chip.LookAtRoom();
  });
}

// Nothing if the row says what the chip holds, or if the chip does not tell.
std::optional<ChipFindings::Count> Compare(hsm::Device& device, ChipWork& chip, const Named& named) {
  const ChipPart& part = *named.version.chip;
  const absl::StatusOr<hsm::CountedKey> key = hsm::DecodeCountedKey(part.key);
  if (!key.ok()) {
    spdlog::error("the key of index {:#010x} is damaged: {}", part.index, Words(key.status()));
    return std::nullopt;
  }
  const absl::StatusOr<hsm::UseCount> use = device.counted_keys()->ReadUse(*key);
  if (!chip.Note(use.status()).ok()) {
    spdlog::error("index {:#010x} of a record cannot be read: {}", part.index, Words(use.status()));
    return std::nullopt;
  }
  const hsm::UseCount now = SinceTheGrant(*use, named.version.guess_limit);
  if (now.count == part.count && now.limit == part.limit) return std::nullopt;
  return ChipFindings::Count{{named.name, {named.version.number, part.index}}, now.count, now.limit};
}

}  // namespace

absl::StatusOr<ChipFindings> TidyChip(ChipWork& chip, Store& store, ByteView realm_id) {
  ChipFindings findings;
  if (!chip.Available().ok()) return findings;
  LABREC_ASSIGN_OR_RETURN(const std::vector<hsm::FoundCountingIndex> listed, List(chip));
  if (listed.empty()) return findings;
  LABREC_ASSIGN_OR_RETURN(const NamedIndices named, ReadRows(store));
  std::vector<uint32_t> orphans;
  std::vector<const Named*> usable;
  for (const hsm::FoundCountingIndex& each : listed) {
    const auto found = named.find(each.index);
    if (found == named.end()) {
      orphans.push_back(each.index);
    } else if (found->second.version.usable()) {
      usable.push_back(&found->second);
    } else {
      findings.begun.push_back({found->second.name, {found->second.version.number, each.index}});
    }
  }
  DeleteOrphans(chip, store, realm_id, orphans);
  chip.Run([&](hsm::Device& device) {
    for (const Named* each : usable) {
      if (auto count = Compare(device, chip, *each)) findings.counts.push_back(*std::move(count));
    }
  });
  return findings;
}

void TakeOver(const ChipFindings& findings, RequestQueue& queue) {
  const auto log = [](const absl::Status& status) {
    if (!status.ok()) spdlog::warn("what the chip holds was not written to its record: {}", Words(status));
  };
  for (const ChipFindings::Version& each : findings.begun) {
    FollowUpOn(
        queue, each.name,
        [each](const std::optional<Record>& row) { return ApplyChipGivenUp(row, each.version); }, log);
  }
  for (const ChipFindings::Count& each : findings.counts) {
    FollowUpOn(
        queue, each.of.name,
        [each](const std::optional<Record>& row) {
          return ApplyChipEvaluated(row, ChipEvaluated{each.of.version, each.count, each.limit, {}});
        },
        log);
  }
}

}  // namespace labrec::recovery
