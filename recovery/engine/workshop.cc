#include "recovery/engine/workshop.h"

#include <algorithm>

#include <openssl/rand.h>

#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

AnchorCalls CallsOf(hsm::Device& key_device, const hsm::Device& anchor_device) {
  const bool one_thread = &anchor_device == &key_device && key_device.parallelism() == 1;
  return one_thread ? AnchorCalls::kAmongKeys : AnchorCalls::kBesideKeys;
}

std::unique_ptr<DeviceExecutor> BesideKeys(AnchorCalls calls) {
  if (calls == AnchorCalls::kAmongKeys) return nullptr;
  return std::make_unique<DeviceExecutor>(1, [](const DeviceExecutor::Load&) {});
}

}  // namespace

Workshop::Workshop(const EngineOptions& options, hsm::Device& keys_of, hsm::Device& anchor_device)
    : key_device(keys_of),
      queue({options.queue_limit, options.account_queue_limit, options.batch_limit}),
      key_health("key device", [&queue = queue] { queue.Interrupt(); }),
      anchor_health("anchor device", [] {}),
      pace(CallsOf(key_device, anchor_device)),
      executor(key_device.parallelism(),
               [&queue = queue, &pace = pace](const DeviceExecutor::Load& load) {
                 if (pace.HoldBack(load) <= CommitPace::Duration(0)) queue.Wake();
               }),
      host(key_device.parallelism() == 1 ? HostThread::kOwn : HostThread::kCallers),
      keys(key_device, executor, host, key_health),
      chip(key_device, executor, key_health),
      attestation(key_device, executor, key_health, {options.endorsement_intermediates, options.quoted_pcrs}),
      beside_keys(BesideKeys(CallsOf(key_device, anchor_device))),
      anchor(*anchor_device.freshness_anchor(), beside_keys ? *beside_keys : executor) {}

absl::Status Workshop::SeedFromDevice() {
  hsm::Random* random = key_device.random();
  if (random == nullptr) return absl::OkStatus();
  SecretBytes seed = SecretBytes::OfSize(64);
  absl::Status filled;
  executor.Run(
      JobKind::kDerivation, [&] { filled = random->Fill(seed.mutable_view()); }, Turn::kLast);
  LABREC_RETURN_IF_ERROR(filled);
  // Additional input, not counted as entropy: the operating system's seed stays the foundation.
  RAND_add(seed.data(), static_cast<int>(seed.size()), 0.0);
  return absl::OkStatus();
}

DeviceExecutor::Duration Workshop::OldestCall() const {
  return std::max(executor.oldest_call(),
                  beside_keys ? beside_keys->oldest_call() : DeviceExecutor::Duration{0});
}

// Evaluations go to and fro between device and host: first they end, then what else the device has to do.
void Workshop::Finish() {
  keys.Finish();
  executor.Finish();
  if (beside_keys) beside_keys->Finish();
}

}  // namespace labrec::recovery
