#pragma once

#include "absl/status/status.h"

namespace labrec::recovery::client {

// Why an operation came to no outcome, in the kinds that a host or a program in another language tells apart.
enum class FailureKind {
  kTooFewRealms,     // fewer could be reached than it takes; nothing was decided (too_few_realms.h)
  kUnproven,         // a realm has not proven itself, though that is demanded: it was not asked
  kTlsMismatch,      // an answer came on another TLS key than the one that the realm proved itself on
  kUpgradeRequired,  // a realm speaks another version of the protocol, or says that it has no such method
  kContended,        // other clients kept registering
  kInvalid,          // the caller's own: a name, a PIN, a token, a parameter
  kFaulty,           // realms gave what cannot be right
  kRefused,          // a realm says no; its code is a claim (realm_refusal.h)
  kCancelled,
  kOther,
  kDisputed,      // realms offer a version that may be made up: another realm says that the record takes more
  kAnotherRealm,  // where a realm of the list should be, another one answers
};

// Marks a status, so that its kind is known whatever its code is.
absl::Status Marked(FailureKind kind, absl::Status status);
// The kind of a status that is not OK: its mark, else what its code comes to.
FailureKind FailureKindOf(const absl::Status& status);

}  // namespace labrec::recovery::client
