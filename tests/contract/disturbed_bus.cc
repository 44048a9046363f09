#include "tests/contract/disturbed_bus.h"

#include <algorithm>
#include <utility>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm::contract {

uint32_t CommandCode(ByteView command) {
  return Reader(command.subspan(6)).U32();
}

absl::Status DisturbedBus::Lead(const test::Swtpm& tpm) {
  LABREC_ASSIGN_OR_RETURN(
      proxy_, test::TpmProxy::Start(
                  tpm.socket(), [this](const test::TpmProxy::Command& command) { return Judge(command); }));
  return absl::OkStatus();
}

void DisturbedBus::Disturb(uint32_t code, Fate fate, int skip, std::function<void()> deed) {
  const std::lock_guard lock(mutex_);
  mark_ = commands_.size();
  next_ = std::make_unique<Disturbance>(Disturbance{code, fate, skip, false, std::move(deed)});
}

void DisturbedBus::CutOff() {
  Disturb(0, Fate::kLoseCommand);
  const std::lock_guard lock(mutex_);
  next_->for_ever = true;
}

bool DisturbedBus::Disarm() {
  const std::lock_guard lock(mutex_);
  return std::exchange(next_, nullptr) != nullptr;
}

long DisturbedBus::Count(size_t first, uint32_t code) const {
  return std::count_if(commands_.begin() + static_cast<std::ptrdiff_t>(first), commands_.end(),
                       [code](const Bytes& command) { return CommandCode(command) == code; });
}

long DisturbedBus::Sent(uint32_t code) const {
  const std::lock_guard lock(mutex_);
  return Count(0, code);
}

long DisturbedBus::SentSince(uint32_t code) const {
  const std::lock_guard lock(mutex_);
  return Count(mark_, code);
}

std::vector<Bytes> DisturbedBus::Commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

Bytes DisturbedBus::AllBytes() const {
  Bytes all;
  for (const Bytes& command : Commands()) all.insert(all.end(), command.begin(), command.end());
  return all;
}

DisturbedBus::Fate DisturbedBus::Judge(const test::TpmProxy::Command& command) {
  const std::lock_guard lock(mutex_);
  commands_.push_back(ToBytes(command.bytes));
  if (next_ == nullptr || (next_->code != 0 && next_->code != command.code) || next_->skip-- > 0) {
    return Fate::kForward;
  }
  const Fate fate = next_->fate;
  const auto deed = std::exchange(next_->deed, nullptr);
  if (!next_->for_ever) next_.reset();
  if (deed) deed();
  return fate;
}

}  // namespace labrec::hsm::contract
