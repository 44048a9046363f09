#pragma once

#include <memory>
#include <string_view>

#include <gtest/gtest.h>

#include "hsm/freshness_anchor.h"
#include "hsm/pkcs11/pkcs11_device.h"
#include "tests/fault/pkcs11/fault_fixture.h"
#include "tests/support/token/token_editor.h"

namespace labrec::hsm::pkcs11 {

// A device whose anchor is claimed, and the epoch that it stands at.
class Pkcs11AnchorFault : public Pkcs11Fault {
 protected:
  void SetUp() override {
    device_ = NewDevice();
    ASSERT_NE(device_, nullptr);
    ASSERT_TRUE(anchor().Claim().ok());
    epoch_ = anchor().CurrentEpoch().value_or(0);
    ASSERT_GT(epoch_, 0U);
  }

  FreshnessAnchor& anchor() { return *device_->freshness_anchor(); }

  // Prepares the next epoch.
  void PrepareNext() {
    const auto evidence = anchor().Prepare(epoch_ + 1, digest_);
    ASSERT_TRUE(evidence.ok()) << evidence.status();
    evidence_ = *evidence;
  }
  int DestroyKeys(std::string_view kind) {
    const auto destroyed = test::DestroyTokenKeys(Address().uri, kind);
    EXPECT_TRUE(destroyed.ok()) << destroyed.status();
    return destroyed.value_or(-1);
  }
  Freshness Judged(FreshnessAnchor& by, uint64_t epoch) {
    const auto report = by.Check(epoch, digest_, evidence_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->freshness : Freshness::kForged;
  }

  void CommitNext() {
    PrepareNext();
    const absl::Status committed = anchor().Commit(epoch_ + 1);
    ASSERT_TRUE(committed.ok()) << committed;
    ++epoch_;
    EXPECT_EQ(Judged(anchor(), epoch_), Freshness::kFresh);
  }

  std::unique_ptr<Device> device_;
  uint64_t epoch_ = 0;
  const Digest digest_ = Sha256("state");
  Bytes evidence_;
};

}  // namespace labrec::hsm::pkcs11
