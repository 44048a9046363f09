#include "recovery/engine/chip/sessions.h"

#include <utility>

namespace labrec::recovery {
namespace {

// No session lives so long in any device.
constexpr std::chrono::minutes kForgottenAfter{60};

}  // namespace

std::optional<hsm::WriteSession> ChipSessions::Find(const Digest& row, uint32_t version, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({row, version});
  if (found == entries_.end() || now - found->second.opened > kShownFor) return std::nullopt;
  return found->second.session;
}

void ChipSessions::Keep(const Digest& row, uint32_t version, hsm::WriteSession session, Time now) {
  const std::lock_guard lock(mutex_);
  ForgetOld(now);
  entries_.insert_or_assign({row, version}, Entry{std::move(session), now});
}

bool ChipSessions::Is(const Digest& row, uint32_t version, uint64_t session) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({row, version});
  return found != entries_.end() && found->second.session.id == session;
}

void ChipSessions::Forget(const Digest& row, uint32_t version) {
  const std::lock_guard lock(mutex_);
  entries_.erase({row, version});
}

void ChipSessions::ForgetOld(Time now) {
  std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.opened > kForgottenAfter; });
}

}  // namespace labrec::recovery
