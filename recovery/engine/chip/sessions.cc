#include "recovery/engine/chip/sessions.h"

#include <algorithm>
#include <utility>

#include "recovery/engine/call/refusal.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes kForgottenAfter{60};  // no session lives so long in any device
constexpr milliseconds kLeastSessionPause{200};
constexpr std::chrono::seconds kLate{2};  // so late a client may come back
constexpr size_t kLongestLine = 1024;

Digest AccountOf(const RecordName& name) {
  return AccountHash(name.tenant, name.account);
}

bool IsYoung(ChipSessions::Time opened, ChipSessions::Time now) {
  return now - opened < hsm::kWriteUndisturbed;
}

absl::Status ComeBack(const char* why, milliseconds pause) {
  return WithRetryAfter(Refused(refusal::kChipWrites, absl::ResourceExhaustedError(why)), pause);
}

}  // namespace

std::optional<hsm::WriteSession> ChipSessions::Find(const RecordName& name, uint32_t version,
                                                    Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({RecordRowKey(name), version});
  if (found == entries_.end() || now - found->second.opened > kShownFor) return std::nullopt;
  return found->second.session;
}

// When the oldest of the young ones is young no more; `now` where there is none.
ChipSessions::Time ChipSessions::OldestIsOldAt(Time now, const std::optional<Digest>& of_account) const {
  Time oldest = Time::max();
  for (const auto& [key, entry] : entries_) {
    if (of_account && entry.account != *of_account) continue;
    if (IsYoung(entry.opened, now)) oldest = std::min(oldest, entry.opened);
  }
  return oldest == Time::max() ? now : oldest + hsm::kWriteUndisturbed;
}

bool ChipSessions::empty() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty();
}

// Where one ended there is room again, and nobody has to stand in line for it.
void ChipSessions::KeepOnly(const std::vector<uint64_t>& open) {
  const std::lock_guard lock(mutex_);
  const size_t ended = std::erase_if(entries_, [&](const auto& entry) {
    return std::ranges::find(open, entry.second.session.id) == open.end();
  });
  if (ended > 0) line_.clear();
}

absl::Status ChipSessions::MayOpen(const RecordName& name, Time now) {
  const Digest account = AccountOf(name);
  const std::lock_guard lock(mutex_);
  const auto own = std::ranges::count_if(entries_, [&](const auto& entry) {
    return entry.second.account == account && IsYoung(entry.second.opened, now);
  });
  if (static_cast<size_t>(own) >= kOfAnAccount) {
    const auto pause = std::chrono::ceil<milliseconds>(OldestIsOldAt(now, account) - now);
    return ComeBack("this account has two writes of the chip under way: finish one, or come back later",
                    std::max(kLeastSessionPause, pause));
  }
  std::erase_if(line_, [now](const InLine& each) { return now >= each.until; });
  if (line_.empty() || line_.front().account == account) return absl::OkStatus();
  return StandInLine(account, now);
}

absl::Status ChipSessions::NoRoom(const RecordName& name, Time now) {
  const std::lock_guard lock(mutex_);
  return StandInLine(AccountOf(name), now);
}

absl::Status ChipSessions::StandInLine(const Digest& account, Time now) {
  const auto pause =
      std::max(kLeastSessionPause, std::chrono::ceil<milliseconds>(OldestIsOldAt(now, {}) - now));
  const Time until = now + pause + kLate;
  const auto place = std::ranges::find(line_, account, &InLine::account);
  if (place != line_.end()) {
    place->until = until;
  } else if (line_.size() < kLongestLine) {
    line_.push_back({account, until});
  }
  return ComeBack("the chip's sessions for writes are all in use by others: come back later", pause);
}

void ChipSessions::Keep(const RecordName& name, uint32_t version, hsm::WriteSession session, Time now) {
  const Digest account = AccountOf(name);
  const std::lock_guard lock(mutex_);
  ForgetOld(now);
  entries_.insert_or_assign({RecordRowKey(name), version}, Entry{account, std::move(session), now});
  std::erase_if(line_, [&](const InLine& each) { return each.account == account; });
}

bool ChipSessions::Is(const RecordName& name, uint32_t version, uint64_t session) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({RecordRowKey(name), version});
  return found != entries_.end() && found->second.session.id == session;
}

void ChipSessions::Forget(const RecordName& name, uint32_t version) {
  const std::lock_guard lock(mutex_);
  entries_.erase({RecordRowKey(name), version});
}

void ChipSessions::ForgetOld(Time now) {
  std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.opened > kForgottenAfter; });
}

}  // namespace labrec::recovery
