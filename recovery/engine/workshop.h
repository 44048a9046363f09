#pragma once

#include <memory>

#include "absl/status/status.h"

#include "hsm/device.h"
#include "recovery/engine/chip/work.h"
#include "recovery/engine/commit/pace.h"
#include "recovery/engine/commit/request_queue.h"
#include "recovery/engine/device/attestation_work.h"
#include "recovery/engine/device/executor.h"
#include "recovery/engine/device/executor_anchor.h"
#include "recovery/engine/device/health.h"
#include "recovery/engine/device/host_work.h"
#include "recovery/engine/device/key_work.h"
#include "recovery/engine/options.h"

namespace labrec::recovery {

// The parts of an engine that need no ledger: the queue, the devices' threads, and the work done on them.
// Each part gets only what was made before it. Opening the ledger needs them, as the anchor may be called on
// the device's thread. The devices outlive this object.
struct Workshop {
  // The key device has its keys, the anchor device its anchor.
  Workshop(const EngineOptions& options, hsm::Device& key_device, hsm::Device& anchor_device);
  ~Workshop() { Finish(); }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  // Mixes 64 bytes of the key device's random generator into OpenSSL's public and private ones: nonces and
  // challenges stay unpredictable then if either source is bad. The device's errors.
  absl::Status SeedFromDevice();
  // How long the call of a device takes that began first of those under way; 0 where there is none.
  DeviceExecutor::Duration OldestCall() const;
  // All that is under way on the devices' threads ends, then the threads do. Nothing may be begun afterwards.
  void Finish();

  hsm::Device& key_device;
  RequestQueue queue;
  DeviceHealth key_health;
  DeviceHealth anchor_health;
  CommitPace pace;
  DeviceExecutor executor;
  HostWork host;
  KeyWork keys;
  ChipWork chip;
  AttestationWork attestation;
  const std::unique_ptr<DeviceExecutor>
      beside_keys;  // the anchor's calls, where they are not among the keys'
  ExecutorAnchor anchor;
};

}  // namespace labrec::recovery
