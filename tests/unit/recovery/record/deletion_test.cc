#include "recovery/record/rules/deletion.h"

#include <gtest/gtest.h>

#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

using absl::StatusCode;

TEST(Delete, ByEachAuthority) {
  Registered known;
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  const EcdsaPrivateKey pending = EcdsaPrivateKey::Generate();
  known.Take(ApplyFinish(known.account, known.record, kName,
                         FinishOf(2, pending.public_key(), AsDevice(known.device))));
  const auto apply = [&](Authority authority) {
    return ApplyDelete(known.account, known.record, DeleteRecord{std::move(authority)});
  };
  for (const Authority& good : {Authority{ByOperator{}}, Authority{AsDevice(known.device)},
                                Authority{AsUnlockKey(known.unlock, 1)}}) {
    const auto account = apply(good);
    ASSERT_TRUE(account.ok());
    EXPECT_TRUE(account->records.empty());
    EXPECT_EQ(account->devices, known.account->devices);
  }
  for (const Authority& bad : {Authority{ByTokenHolder{}}, Authority{AsDevice(stranger)},
                               Authority{AsUnlockKey(stranger, 1)}, Authority{AsUnlockKey(pending, 2)}}) {
    EXPECT_EQ(apply(bad).status().code(), StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(ApplyDelete(known.account, std::nullopt, DeleteRecord{ByOperator{}}).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace labrec::recovery
