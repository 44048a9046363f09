#pragma once

#include <cstdint>
#include <string>

#include "tests/explorer/state.h"

namespace labrec::recovery::explorer {

// A request that a party makes, or what else may happen.
enum class MoveKind : uint8_t {
  kGuess,      // a new element at a version
  kLostGuess,  // the same at a chip-enforced version; the process ends before the chip is asked
  kRepeat,     // an element that was counted there and never answered
  kUnlock,
  kBegin,   // with a row: only where a mutant has it so
  kFinish,  // of a version that the ledger counts
  kBeginChip,
  kFinishChip,  // the index is written, then the version finished
  kWriteChip,   // a refill of the index
  kActivate,
  kRevoke,
  kEnroll,
  kDelete,
  kFinishX,
  kRekeyX,  // the next version of x, signed by the pending one's key
  kActivateX,
  kDeleteX,
  kFillNames,  // beginning versions of sixteen other records
  kPause,      // the delay passes
  kBackUp,
  kAccept,  // the operator restores the backup, and accepts it
  // The same of a backup in which somebody edited a row, so that it is discarded:
  kAcceptWithoutRecord,
  kAcceptWithoutAccount,
  kAdmit,  // the operator enrols a device
};

// Who signs: nobody, a device, or an unlock key.
inline constexpr uint8_t kNobody = 0;
inline constexpr uint8_t kFirstDevice = 1;  // + DeviceNumber
inline constexpr uint8_t kKeyOfX = 7;
inline constexpr uint8_t kFirstKey = 8;  // + number of the version of main
inline bool IsDevice(uint8_t signer) {
  return signer >= kFirstDevice && signer < kFirstDevice + kDevices;
}
inline bool IsKeyOfMain(uint8_t signer) {
  return signer > kFirstKey;
}

inline bool IsAccept(MoveKind kind) {
  return kind == MoveKind::kAccept || kind == MoveKind::kAcceptWithoutRecord ||
         kind == MoveKind::kAcceptWithoutAccount;
}

struct Move {
  MoveKind kind = MoveKind::kPause;
  Party who = kOwner;
  uint8_t signer = kNobody;
  uint8_t target = 0;  // number of a version, a DeviceNumber, or a limit
  uint8_t known = 0;   // the owner registers under a PIN that the thief knows
};

// A line of a trace. `before`: the state in which it is made.
std::string Text(const State& before, const Move& move);

}  // namespace labrec::recovery::explorer
