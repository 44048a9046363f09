#pragma once

#include <string_view>

#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/floor_messages.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"

namespace labrec::recovery::client::core {

// What a call does that is sent again though the answer to the first was lost (docs/protocol.md, "Repeating
// calls").
enum class Repeat {
  kRefused,      // something else, or it needs another signature: not repeated here
  kSafe,         // the same: repeated after UNAVAILABLE
  kSafeAndDear,  // the same, and it costs a guess: once after DEADLINE_EXCEEDED too, as it may be counted
};

struct Method {
  std::string_view name;
  Repeat repeat;
  bool needs_token;
  // One of those by which a realm proves itself: they carry nothing of a record.
  bool is_of_proof = false;
};

// The method of each request, and what answers it.
template <typename Request>
struct MethodOf;

#define LABREC_METHOD(operation, repeat, ...)                                 \
  template <>                                                                 \
  struct MethodOf<wire::operation##Request> {                                 \
    using Response = wire::operation##Response;                               \
    static constexpr Method kMethod{#operation, Repeat::repeat, __VA_ARGS__}; \
  };
LABREC_METHOD(GetRealm, kSafe, false, true)
LABREC_METHOD(GetChallenge, kSafe, true)
LABREC_METHOD(GetRecord, kSafe, true)
LABREC_METHOD(ListDevices, kSafe, true)
LABREC_METHOD(Evaluate, kSafeAndDear, true)
LABREC_METHOD(BeginUnlock, kSafe, true)
LABREC_METHOD(Unlock, kRefused, true)
LABREC_METHOD(GetIdentity, kSafe, false, true)
LABREC_METHOD(ActivateCredential, kSafe, true)
LABREC_METHOD(Attest, kSafe, true, true)
LABREC_METHOD(BeginChipWrite, kSafe, true)
LABREC_METHOD(FinishChipWrite, kSafe, true)
LABREC_METHOD(ConfirmKey, kRefused, true)
LABREC_METHOD(BeginRegistration, kRefused, true)
LABREC_METHOD(FinishRegistration, kRefused, true)
LABREC_METHOD(Activate, kRefused, true)
LABREC_METHOD(DeleteRecord, kRefused, true)
LABREC_METHOD(EnrollDevice, kRefused, true)
LABREC_METHOD(RevokeDevice, kRefused, true)
LABREC_METHOD(RaiseFloor, kRefused, true)
LABREC_METHOD(GetFloor, kRefused, true)
#undef LABREC_METHOD

}  // namespace labrec::recovery::client::core
