#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/epoch.h"

namespace labrec::recovery::labyrinth {

// A sequence number as backward edges write it: decimal, no sign, no leading zero, at most 2^64 - 1.
std::string SequenceText(uint64_t sequence);
// DATA_LOSS (kWrongSequence) for anything that SequenceText does not write: "01", "-1", "+1", " 1", "".
absl::StatusOr<uint64_t> ParseSequenceText(std::string_view text);

// What leads from an epoch to the one before it: LP(sequence text) || id || opening hash || root of
// `previous`, sealed under `epoch`'s data storage key and bound to its sequence, id and opening record.
Bytes SealBackwardEdge(const AccountName& account, const Epoch& epoch, const Epoch& previous);

// The previous epoch. DATA_LOSS: kMissing (an empty edge), kNotOpened (another epoch's, or changed),
// kMalformed, kWrongSequence (not canonical, or not exactly the number before: a skip or a cycle).
absl::StatusOr<Epoch> OpenBackwardEdge(const AccountName& account, const Epoch& epoch, ByteView edge);

// Follows the edges from `newest` down to epoch `sequence`, which is not above it. Also the store's errors.
absl::StatusOr<Epoch> WalkBack(MessageStore& store, const AccountName& account, const Epoch& newest,
                               uint64_t sequence);

}  // namespace labrec::recovery::labyrinth
