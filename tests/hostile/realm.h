#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "hsm/base/clock.h"
#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/client/core/step.h"
#include "tests/hostile/chip/device.h"
#include "tests/simulation/chip/chip.h"
#include "tests/support/device/simulated_device.h"
#include "tests/support/realm/service_realm.h"

namespace labrec::hostile {

// A clock that is set by hand.
class HandClock final : public Clock {
 public:
  int64_t NowMillis() const override { return now_ms_; }
  void Advance(int64_t ms) { now_ms_ += ms; }

 private:
  std::atomic<int64_t> now_ms_ = 1'800'000'000'000;
};

// A realm that tells the truth: the product's whole service, on the model of a device. What lies stands
// before it.
class TrueRealm {
 public:
  TrueRealm(size_t number, const Clock& clock);
  // The same on a software TPM, whose chip can count a record's guesses. It has a vendor's certificate.
  TrueRealm(size_t number, const Clock& clock, test::SimulatedDevice& tpm);

  const Bytes& id() const { return service_->id(); }
  // The same one for as long as the account does not change.
  const std::string& Token(const std::string& account);
  // The service's answer to a call of the core.
  recovery::client::core::Reply Answer(const recovery::client::core::CallStep& call);
  // What is really so, for whoever judges. It changes nothing.
  recovery::wire::GetRecordResponse Record(const std::string& account, const std::string& record);
  recovery::wire::ListDevicesResponse Devices(const std::string& account);
  // A guess of somebody who has a token and no PIN.
  void Guess(const std::string& account, const std::string& record, uint32_t version, uint64_t element);
  // What the chip's indices hold that were written. Null where no chip counts.
  WatchedDevice* chip() { return watched_; }
  // Empty again.
  void Renew() { service_->Renew(); }

 private:
  class PlainBus;
  template <typename Request>
  Bytes Ask(const std::string& account, const char* method, const Request& request);

  std::unique_ptr<PlainBus, void (*)(PlainBus*)> bus_;
  std::unique_ptr<sim::Chip> chip_;  // none on a software TPM
  std::unique_ptr<hsm::Device> device_;
  WatchedDevice* watched_ = nullptr;  // device_, on a software TPM
  std::unique_ptr<test::ServiceRealm> service_;
  std::string token_account_;
  std::string token_;
};

}  // namespace labrec::hostile
