#pragma once

#include <cstdint>
#include <string_view>

#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/floor_messages.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"

namespace labrec::recovery::client::core {

// What a call does that is sent again though the answer to the first was lost (docs/protocol.md, "Repeating
// calls"). This file is the one place that says so: docs/conformance/methods.json is made from it, and
// clients in other languages are compared with that.
enum class Repeat {
  kNever,        // something else: what it belongs to begins again
  kSignedAgain,  // the same, over another challenge (SignedCall; Unlock)
  kSafe,         // the same: the same bytes are sent again after UNAVAILABLE
  kSafeAndDear,  // the same, and it costs a guess: once after DEADLINE_EXCEEDED too, as it may be counted
};
// How often a call with kSignedAgain is signed, at most.
inline constexpr int kSignedAttempts = 3;
// The pause before a repetition is random, up to a bound that starts here, doubles, and ends there.
inline constexpr uint32_t kFirstPauseMs = 50, kLongestPauseMs = 1'000;

struct Method {
  std::string_view name;
  Repeat repeat;
  bool needs_token;
  // One of those by which a realm proves itself: they carry nothing of a record.
  bool is_of_proof = false;
};

// Every method: its name, its repetition, whether a token goes with it, whether it is of a proof.
#define LABREC_METHODS(X)                   \
  X(GetRealm, kSafe, false, true)           \
  X(GetChallenge, kSafe, true)              \
  X(GetRecord, kSafe, true)                 \
  X(ListDevices, kSafe, true)               \
  X(Evaluate, kSafeAndDear, true)           \
  X(BeginUnlock, kSafe, true)               \
  X(Unlock, kSignedAgain, true)             \
  X(GetIdentity, kSafe, false, true)        \
  X(ActivateCredential, kSafe, true)        \
  X(Attest, kSafe, true, true)              \
  X(BeginChipWrite, kSafe, true)            \
  X(FinishChipWrite, kSafe, true)           \
  X(ConfirmKey, kNever, true)               \
  X(BeginRegistration, kNever, true)        \
  X(FinishRegistration, kSignedAgain, true) \
  X(Activate, kSignedAgain, true)           \
  X(DeleteRecord, kSignedAgain, true)       \
  X(EnrollDevice, kSignedAgain, true)       \
  X(RevokeDevice, kSignedAgain, true)       \
  X(RaiseFloor, kSignedAgain, true)         \
  X(GetFloor, kSignedAgain, true)

// The method of each request, and what answers it.
template <typename Request>
struct MethodOf;

#define LABREC_METHOD(operation, repeat, ...)                                 \
  template <>                                                                 \
  struct MethodOf<wire::operation##Request> {                                 \
    using Response = wire::operation##Response;                               \
    static constexpr Method kMethod{#operation, Repeat::repeat, __VA_ARGS__}; \
  };
LABREC_METHODS(LABREC_METHOD)
#undef LABREC_METHOD

#define LABREC_METHOD(operation, ...) MethodOf<wire::operation##Request>::kMethod,
inline constexpr Method kMethods[] = {LABREC_METHODS(LABREC_METHOD)};
#undef LABREC_METHOD
#undef LABREC_METHODS

}  // namespace labrec::recovery::client::core
