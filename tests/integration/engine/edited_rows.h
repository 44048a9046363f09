#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "recovery/record/codec/row_key.h"
#include "tests/integration/engine/chip_client.h"

namespace labrec::recovery {

// Rows as storage has them, by key.
using Rows = std::map<Digest, Bytes>;

// A realm whose rows somebody edits, and whose operator accepts them as they are.
class EditedRows : public testing::Test {
 protected:
  // Ends the run, lets `edit` change rows by key, and accepts the result. True if it starts.
  bool StartOn(const std::function<void(Rows&)>& edit) {
    realm.Kill();
    realm.AcceptEdited(edit);
    const absl::Status started = realm.TryStart(std::numeric_limits<int>::max());
    EXPECT_TRUE(started.ok()) << started;
    return started.ok();
  }
  static Digest RecordKey(const EngineClient& client) { return RecordRowKey(client.name); }
  static Digest AccountKey(const EngineClient& client) {
    return AccountRowKey(client.name.tenant, client.name.account);
  }

  EngineRealm realm{test::SimulatorKind::kSwtpm};
};

// Every call that reads or changes a row of the client, whatever it says.
inline void CallEverything(EngineClient& client) {
  client.View().IgnoreError();
  client.Guess(7).IgnoreError();
  if (const auto challenge = client.BeginUnlock(); challenge.ok()) client.Unlock(*challenge).IgnoreError();
  client.RaiseFloor(3, 1).IgnoreError();
  client.GetFloor().IgnoreError();
  client.Register(2).IgnoreError();
  client.Activate(2).IgnoreError();
  client.Enroll().IgnoreError();
  client.EnrollAnother(EcdsaPrivateKey::Generate()).IgnoreError();
  client.Revoke(client.device.public_key().DeviceId()).IgnoreError();
}

}  // namespace labrec::recovery
