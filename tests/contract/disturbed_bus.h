#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"

#include "hsm/base/bytes.h"
#include "tests/support/tpm/swtpm.h"
#include "tests/support/tpm/tpm_proxy.h"

namespace labrec::hsm::contract {

// The way to a TPM, of which a test hears every command, and on which it may disturb one.
class DisturbedBus {
 public:
  using Fate = test::TpmProxy::Fate;

  absl::Status Lead(const test::Swtpm& tpm);
  std::string tcti() const { return proxy_->tcti(); }

  // The next command with this code (TPM 2.0 part 2, 6.5.2; 0: any), after `skip` others of it, suffers
  // `fate`; just before that, `deed` is done from the proxy's thread.
  void Disturb(uint32_t code, Fate fate, int skip = 0, std::function<void()> deed = nullptr);
  // From now on nothing reaches the TPM.
  void CutOff();
  // Nothing is disturbed any more. True if nothing was, after all.
  bool Disarm();

  // Commands with this code: all, and those since the latest Disturb.
  long Sent(uint32_t code) const;
  long SentSince(uint32_t code) const;
  std::vector<Bytes> Commands() const;
  Bytes AllBytes() const;  // of the commands, one after the other

 private:
  struct Disturbance {
    uint32_t code = 0;
    Fate fate = Fate::kForward;
    int skip = 0;
    bool for_ever = false;
    std::function<void()> deed;
  };
  Fate Judge(const test::TpmProxy::Command& command);
  long Count(size_t first, uint32_t code) const;

  mutable std::mutex mutex_;  // of what follows
  std::vector<Bytes> commands_;
  size_t mark_ = 0;  // commands before the latest Disturb
  std::unique_ptr<Disturbance> next_;

  std::unique_ptr<test::TpmProxy> proxy_;  // the last: its thread calls Judge
};

// The code in a command's header (TPM 2.0 part 1, section 18.2).
uint32_t CommandCode(ByteView command);

}  // namespace labrec::hsm::contract
