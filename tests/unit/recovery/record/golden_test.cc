// Rows of the newest format, and what is sealed in them, as bytes that stay: tests/vectors/rows_format3.txt.
#include <gtest/gtest.h>

#include "pin/record_keys.h"
#include "recovery/record/accept/discarding.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/sealed_private.h"
#include "tests/unit/recovery/record/record_builder.h"
#include "tests/unit/vector_file.h"

namespace labrec::recovery {
namespace {

const VectorFile& Vectors() {
  static const VectorFile file = VectorFile::Load("rows_format3.txt");
  return file;
}

Bytes Row(const std::string& name) {
  Bytes row = Unhex(Vectors().common.at(name + "_row"));
  row.resize(std::stoul(Vectors().common.at(name + "_size")));
  return row;
}

TEST(GoldenRows, RecordsAreReadAndWrittenAsTheyStand) {
  for (const char* name : {"versions", "destroyed", "chip", "discarded_record"}) {
    SCOPED_TRACE(name);
    const absl::StatusOr<Record> record = DecodeRecord(Row(name));
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(Hex(EncodeRecord(*record)), Hex(Row(name)));
  }
  const Record versions = DecodeRecord(Row("versions")).value();
  EXPECT_EQ(versions.Find(1)->registered_by, std::nullopt);
  EXPECT_EQ(versions.Find(2)->registered_by, DeviceId{7});
  EXPECT_EQ(versions.Find(1)->left(), 6U);
  EXPECT_EQ(DecodeRecord(Row("discarded_record")).value(), DiscardedRecord(kName));
}

TEST(GoldenRows, AccountsAreReadAndWrittenAsTheyStand) {
  for (const char* name : {"account", "discarded_account"}) {
    SCOPED_TRACE(name);
    const absl::StatusOr<Account> account = DecodeAccount(Row(name));
    ASSERT_TRUE(account.ok()) << account.status();
    EXPECT_EQ(Hex(EncodeAccount(*account)), Hex(Row(name)));
  }
  EXPECT_EQ(DecodeAccount(Row("discarded_account")).value(), DiscardedAccount(kName.tenant, kName.account));
}

TEST(GoldenRows, ATombstoneIsWhatItWas) {
  EXPECT_EQ(Hex(DiscardedRow()), Hex(Row("tombstone")));
}

TEST(GoldenRows, WhatWasSealedIsOpened) {
  Bytes d(32);
  for (size_t i = 0; i < d.size(); ++i) d[i] = static_cast<uint8_t>(i);
  RecordVersion version;
  version.number = 3;
  version.config = ToBytes("config");
  version.unlock_key = EcdsaPublicKey::FromSpki(Unhex(Vectors().common.at("sealed_unlock_key"))).value();
  version.guess_limit = 10;
  const auto opens = [&](const std::string& name, std::optional<DeviceId> registered_by) {
    version.registered_by = registered_by;
    version.sealed_private = Unhex(Vectors().common.at(name));
    const auto opened = OpenPrivate(pin::SealKey(SecretBytes::CopyOf(d)), Bytes(16, 'r'), kName, version);
    return opened.ok() && AsText(opened->view()) == "secret";
  };
  DeviceId device;
  device.fill(7);
  EXPECT_TRUE(opens("sealed_by_device", device));
  EXPECT_FALSE(opens("sealed_by_device", std::nullopt));
  EXPECT_TRUE(opens("sealed_by_key", std::nullopt));
  EXPECT_FALSE(opens("sealed_by_key", device));
  EXPECT_TRUE(opens("sealed_by_earlier_release", device)) << "bound to names and number only";
}

}  // namespace
}  // namespace labrec::recovery
