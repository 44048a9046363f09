#include "recovery/engine/record_view.h"

#include <utility>
#include <variant>
#include <vector>

namespace labrec::recovery {
namespace {

// No key material, and nothing of versions that are only begun.
Record Shown(Record record) {
  std::erase_if(record.versions, [](const RecordVersion& version) { return !version.usable(); });
  for (RecordVersion& version : record.versions) {
    version.nonce.fill(0);
    version.sealed_private.clear();
    version.ForgetCounted();
    if (version.chip) version.chip->key.clear();
  }
  return record;
}

}  // namespace

RecordView ViewOf(const RecordName& name, const std::optional<Record>& row, const ViewTerms& terms) {
  RecordView view;
  view.discontinuities = terms.ledger.discontinuities();
  view.record.name = name;
  if (!row) return view;
  view.record = Shown(*row);
  view.registered = row->destroyed || row->HasUsableVersion();
  const int64_t now_ms = terms.clock.NowMillis();
  for (const RecordVersion& version : view.record.versions) {
    const pin::GuessVerdict verdict =
        pin::Judge(version.guess_limit, version.spent, row->last_counted_ms, now_ms, terms.policy);
    const auto* locked = std::get_if<pin::LockedUntil>(&verdict);
    if (locked != nullptr) view.locked_until_ms.emplace(version.number, locked->until_ms);
  }
  return view;
}

}  // namespace labrec::recovery
