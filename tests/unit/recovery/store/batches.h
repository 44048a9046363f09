#pragma once

#include <map>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

inline Digest KeyOf(uint32_t number) {
  return Sha256(Writer().U32(number).bytes());
}

inline HeadRow HeadAt(uint64_t epoch) {
  HeadRow head;
  head.epoch = epoch;
  head.root = KeyOf(static_cast<uint32_t>(epoch));
  head.realm_id = Bytes(16, 0x52);
  head.bucket_exponent = 16;
  head.records = epoch * 3;
  head.discontinuities = 1;
  head.evidence = Bytes(32, static_cast<uint8_t>(epoch));
  return head;
}

inline bool operator==(const HeadRow& a, const HeadRow& b) {
  return a.epoch == b.epoch && a.root == b.root && a.realm_id == b.realm_id &&
         a.bucket_exponent == b.bucket_exponent && a.records == b.records &&
         a.discontinuities == b.discontinuities && a.evidence == b.evidence;
}

inline RowWrite Row(uint32_t bucket, uint32_t key, std::optional<Bytes> content) {
  return {{bucket, KeyOf(key)}, std::move(content)};
}

using RowsOfStore = std::map<std::pair<uint32_t, Digest>, Bytes>;

// What a walk shows, and that it shows it in order.
inline RowsOfStore AllRows(Store& store, const std::optional<RowAddress>& after = std::nullopt) {
  RowsOfStore rows;
  const absl::Status status = store.ForEachRowAfter(after, [&](const RowAddress& address, ByteView content) {
    const std::pair here{address.bucket, address.key};
    EXPECT_TRUE(rows.empty() || rows.rbegin()->first < here) << "not in order";
    rows[here] = ToBytes(content);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

}  // namespace labrec::recovery
