#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/record/accept/accepting.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_format1.h"
#include "recovery/record/codec/row_frame.h"
#include "tests/unit/recovery/record/record_builder.h"
#include "tests/unit/vector_file.h"

namespace labrec::recovery {
namespace {

// A row as the last release that wrote its format made it.
Bytes OldRow(const std::string& name, const std::string& file_name = "rows_format1.txt") {
  const VectorFile file = VectorFile::Load(file_name);
  Bytes row = Unhex(file.common.at(name + "_row"));
  row.resize(std::stoul(file.common.at(name + "_size")));
  return row;
}

// The row as this release writes what it reads of it; empty if it does not read it.
Bytes Rewritten(ByteView row) {
  if (IsAccountRow(row)) {
    const absl::StatusOr<Account> account = DecodeAccount(row);
    return account.ok() ? EncodeAccount(*account) : Bytes();
  }
  const absl::StatusOr<Record> record = DecodeRecord(row);
  return record.ok() ? EncodeRecord(*record) : Bytes();
}

Record Read(const std::string& name) {
  const absl::StatusOr<Record> record = DecodeRecord(OldRow(name));
  EXPECT_TRUE(record.ok()) << record.status();
  return record.value_or(Record{});
}

// Active 1 of limit 10, pending 2 of limit 2, begun 3; four guesses, three of them at version 2.
TEST(Migration, GivesEachUsableVersionTheCountUpToItsLimit) {
  const Record record = Read("versions");
  ASSERT_EQ(record.versions.size(), 2U) << "a begun version has no row any more";
  const RecordVersion& active = record.versions[0];
  const RecordVersion& pending = record.versions[1];
  EXPECT_EQ(active.left(), 6U);
  EXPECT_EQ(active.counted_elements, std::vector{Element(1)});
  EXPECT_EQ(pending.left(), 0U);
  EXPECT_EQ(pending.counted_elements, (std::vector{Element(3), Element(4)})) << "no more than its limit";
  EXPECT_EQ(record.last_counted_ms, 1'700'000'000'004);
  EXPECT_EQ(record.highest_version, 2U);
  ASSERT_TRUE(record.floor);
  EXPECT_EQ(record.floor->sequence, 9U);
  EXPECT_EQ(pending.registered_by, kUnknownRegistrar);
}

TEST(Migration, KeepsWhatTheChipCounted) {
  const Record record = Read("chip");
  ASSERT_EQ(record.versions.size(), 2U);
  EXPECT_EQ(record.versions[0].left(), 1U);
  EXPECT_EQ(record.versions[0].chip->answers.size(), 2U);
  EXPECT_EQ(record.versions[1].stage, Stage::kBegun);
}

TEST(Migration, OfADestroyedRecordAndOfOneThatWasOnlyBegun) {
  EXPECT_TRUE(Read("destroyed").destroyed);
  const Record begun = Read("begun");
  EXPECT_TRUE(begun.versions.empty());
  EXPECT_FALSE(begun.destroyed);
}

TEST(Migration, WritesTheNewFormat) {
  for (const char* name : {"versions", "destroyed", "begun", "chip"}) {
    SCOPED_TRACE(name);
    const Record record = Read(name);
    const Bytes row = EncodeRecord(record);
    EXPECT_EQ(row[0], kRecordFormat);
    EXPECT_EQ(*DecodeRecord(row), record);
    EXPECT_EQ(AcceptRow(OldRow(name), {20, true, false}).value(), row);
  }
}

TEST(Migration, DamageIsFound) {
  const Bytes row = OldRow("versions");
  const Record record = Read("versions");
  for (size_t size = 0; size < row.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeRecord(ByteView(row).first(size)).status())) << size;
  }
  Bytes longer = row;
  longer.resize(row.size() + 1024);
  EXPECT_TRUE(absl::IsDataLoss(DecodeRecord(longer).status()));
  for (size_t bit = 8UL * 500; bit < 8 * row.size(); ++bit) {
    Bytes flipped = row;
    flipped[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    const auto decoded = DecodeRecord(flipped);
    if (!decoded.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(decoded.status()));
    }
  }
  Bytes relabelled = EncodeRecord(record);
  relabelled[0] = 1;
  EXPECT_TRUE(absl::IsDataLoss(DecodeRecord(relabelled).status())) << "fields of format 2 in format 1";
  relabelled = row;
  for (const uint8_t format : {kSecondRecordFormat, kRecordFormat}) {
    relabelled[0] = format;
    EXPECT_TRUE(absl::IsDataLoss(DecodeRecord(relabelled).status())) << "fields of format 1 in a later one";
  }
}

// Rows of the formats before the newest have the same messages in steps of 1 KiB.
TEST(Migration, RowsInLongStepsAreReadAndWrittenInShortOnes) {
  for (const char* name :
       {"versions", "destroyed", "chip", "discarded_record", "account", "discarded_account"}) {
    SCOPED_TRACE(name);
    const Bytes old = OldRow(name, "rows_format2.txt");
    EXPECT_EQ(old.size() % kFirstRowSizeStep, 0U);
    const Bytes row = Rewritten(old);
    EXPECT_EQ(row[0], old[0] + 1);
    EXPECT_LT(row.size(), old.size());
    EXPECT_EQ(Rewritten(row), row);
    EXPECT_EQ(AcceptRow(old, {20, true, false}).value(), row);
    // Each format has its own step.
    Bytes relabelled = old;
    relabelled[0] = row[0];
    EXPECT_EQ(Rewritten(relabelled), Bytes());
    relabelled = row;
    relabelled[0] = old[0];
    EXPECT_EQ(Rewritten(relabelled), Bytes());
  }
}

// Who went back to this release from a later one is told so, and not that storage is damaged.
TEST(Migration, ARowOfALaterReleaseIsCalledThat) {
  const Record record = Read("versions");
  Account account{"tenant", "alice", {}, {}};
  for (Bytes row : {EncodeRecord(record), EncodeAccount(account)}) {
    EXPECT_FALSE(IsOfLaterRelease(row));
    row[0] = (IsAccountRow(row) ? kAccountFormat : kRecordFormat) + 1;
    EXPECT_TRUE(IsOfLaterRelease(row));
    const absl::Status read = IsAccountRow(row) ? DecodeAccount(row).status() : DecodeRecord(row).status();
    EXPECT_TRUE(absl::IsDataLoss(read));
    EXPECT_THAT(std::string(read.message()),
                testing::HasSubstr("a newer release wrote it. Run that one again"));
  }
  EXPECT_FALSE(IsOfLaterRelease({}));
  EXPECT_FALSE(IsOfLaterRelease(OldRow("versions")));
}

}  // namespace
}  // namespace labrec::recovery
