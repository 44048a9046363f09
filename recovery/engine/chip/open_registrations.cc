#include "recovery/engine/chip/open_registrations.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "recovery/engine/call/refusal.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseUnknown{1000};  // where nobody knows when a place comes free

bool SameAccount(const RecordName& a, const RecordName& b) {
  return a.tenant == b.tenant && a.account == b.account;
}

absl::Status TooMany(size_t count, const char* where, milliseconds retry_after) {
  return WithRetryAfter(Refused(refusal::kChipRegistrations,
                                absl::ResourceExhaustedError(absl::StrCat(
                                    count, " registrations of chip-enforced records are under way ", where,
                                    ", no other is begun now; try again later"))),
                        std::max(kPauseUnknown, retry_after));
}

}  // namespace

void OpenRegistrations::GiveWay(Entry& entry, std::vector<OpenRegistration>& given_up) {
  if (!entry.begun || entry.giving_way) return;
  entry.giving_way = true;
  given_up.push_back({entry.name, *entry.begun});
}

// The account's oldest makes way if the account has too many.
absl::Status OpenRegistrations::BoundAccount(const Entry& own, std::vector<OpenRegistration>& given_up) {
  size_t count = 1;  // the new one
  Entry* oldest = nullptr;
  for (auto& [key, entry] : entries_) {
    if (&entry == &own || entry.giving_way || !SameAccount(entry.name, own.name)) continue;
    ++count;
    if (entry.begun && (oldest == nullptr || entry.since < oldest->since)) oldest = &entry;
  }
  if (count <= limits_.of_an_account) return absl::OkStatus();
  if (oldest == nullptr) return TooMany(count - 1, "of this account", kPauseUnknown);
  GiveWay(*oldest, given_up);
  return absl::OkStatus();
}

absl::Status OpenRegistrations::BoundAll(const Entry& own, Time now) const {
  size_t others = 0;
  Time oldest = Time::max();
  for (const auto& [key, entry] : entries_) {
    if (&entry == &own || entry.giving_way) continue;
    ++others;
    if (entry.begun) oldest = std::min(oldest, entry.since);
  }
  if (others < limits_.altogether) return absl::OkStatus();
  if (oldest == Time::max()) return TooMany(others, "at this realm", kPauseUnknown);
  return TooMany(others, "at this realm", std::chrono::ceil<milliseconds>(oldest + limits_.kept_for - now));
}

absl::StatusOr<std::vector<OpenRegistration>> OpenRegistrations::Enter(const RecordName& name, Time now) {
  const std::lock_guard lock(mutex_);
  const auto place = entries_.try_emplace(RecordRowKey(name)).first;
  Entry& own = place->second;
  own.name = name;
  std::vector<OpenRegistration> given_up;
  for (auto& [key, entry] : entries_) {
    if (&entry == &own || now - entry.since >= limits_.kept_for) GiveWay(entry, given_up);
  }
  absl::Status room = BoundAccount(own, given_up);
  if (room.ok()) room = BoundAll(own, now);
  if (!room.ok()) {
    for (const OpenRegistration& each : given_up) entries_.at(RecordRowKey(each.name)).giving_way = false;
    EraseIfEmpty(place);
    return room;
  }
  ++own.entering;
  return given_up;
}

void OpenRegistrations::Leave(const RecordName& name) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(RecordRowKey(name));
  if (entry == entries_.end()) return;
  --entry->second.entering;
  EraseIfEmpty(entry);
}

void OpenRegistrations::Note(const RecordName& name, std::optional<ChipVersion> begun, Time now) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.try_emplace(RecordRowKey(name)).first;
  entry->second.name = name;
  entry->second.begun = begun;
  entry->second.since = now;
  entry->second.giving_way = false;
  EraseIfEmpty(entry);
}

void OpenRegistrations::Spare(const RecordName& name) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(RecordRowKey(name));
  if (entry != entries_.end()) entry->second.giving_way = false;
}

void OpenRegistrations::EraseIfEmpty(Entries::iterator entry) {
  if (entry->second.entering == 0 && !entry->second.begun) entries_.erase(entry);
}

size_t OpenRegistrations::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::ranges::count_if(entries_, [](const auto& entry) { return entry.second.begun.has_value(); }));
}

}  // namespace labrec::recovery
