#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"
#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/epoch/member.h"

namespace labrec::recovery::labyrinth {

// What an epoch is, in public: which one, after which, opened by whom, for whom. Its hash is in every HPKE
// message of the epoch, in its backward edge and in its floor, so nobody can be shown another one.
struct OpeningRecord {
  struct Line {
    MemberId id;
    Digest digest;  // SHA-256(Member::Encode())

    bool operator==(const Line&) const = default;
  };

  static constexpr size_t kMostMembers = 256;

  uint64_t sequence = 0;
  EpochId id{};
  EpochId previous{};  // zeros for epoch 0
  MemberId opener{};
  std::vector<Line> members;  // ascending by id, each once

  bool Has(const MemberId& member) const;

  // LP(label) || LP(tenant) || LP(account) || sequence || id || previous || opener || count (2 bytes) ||
  // lines.
  Bytes Encode(const AccountName& account) const;
  // DATA_LOSS (kMalformed) unless it is exactly what Encode writes for this account.
  static absl::StatusOr<OpeningRecord> Parse(const AccountName& account, ByteView encoding);
};

// The line of a member.
OpeningRecord::Line LineOf(const Member& member);

}  // namespace labrec::recovery::labyrinth
