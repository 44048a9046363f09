#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/opening_record.h"

namespace labrec::recovery::labyrinth {

// Whom a device's owner wants in the next epoch.
struct Choice {
  std::vector<MemberId> revoked;
  // Those that the owner saw, with the keys that they had: nobody else stays in. nullopt: whoever passes the
  // checks does.
  std::optional<std::vector<OpeningRecord::Line>> seen;

  bool Revokes(const MemberId& id) const;
  bool HasSeen(const OpeningRecord::Line& line) const;
  // An epoch that was opened by this record is for nobody whom the owner did not want.
  bool IsKeptBy(const OpeningRecord& record) const;
};

enum class LeftOutWhy {
  kRevoked,         // that was the purpose
  kMalformed,       // the store gave bytes that are no entry, or another member's
  kWrongMac,        // planted or altered by somebody who does not know the epoch's root
  kWrongSignature,  // altered by a member: its device key did not sign its keys
  kOtherKeys,  // planted by a member: a recovery code's name, with keys that the epoch was not opened for
  kHidden,     // the epoch was opened for it, or the owner saw it, and the store does not give its entry
  kUnseen,     // passes the checks, but the owner did not see it
};
std::string_view LeftOutWhyName(LeftOutWhy why);

struct LeftOut {
  MemberId id;
  LeftOutWhy why;
};

// A member table, sorted into members and those that are left out.
struct Census {
  std::vector<Member> members;  // ascending by id
  std::vector<LeftOut> left_out;
};

// Sorts the rows that the store gives for `epoch`, and whoever its opening record or the choice names
// besides. `opening` is the epoch's own, as its hash says. Of two rows with one id the first counts.
//
// Believed without proof: that a member which was added since the epoch was opened, and which nobody saw, is
// there if the store does not show it. It cannot be missed.
Census TakeCensus(const AccountName& account, const Epoch& epoch, const OpeningRecord& opening,
                  std::span<const MemberRow> table, const Choice& choice);

}  // namespace labrec::recovery::labyrinth
