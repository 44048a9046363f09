#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "hsm/base/secret_bytes.h"
#include "pin/sharing/secret_sharing.h"

namespace labrec::pin {

// What one realm's evaluation came to, right or wrong.
struct RealmShareAnswer {
  size_t realm;  // the caller's index of the realm, handed back in FoundSecret::faulty_realms
  Share share;   // the unmasked share, 32 bytes, and its x
};

struct FoundSecret {
  SecretBytes s;
  // Realms whose answer does not lie on the polynomials of the others, in the order of the answers.
  std::vector<size_t> faulty_realms;
};

// Tries the `threshold`-subsets of the answers, in lexicographic order of their positions, until the
// commitment fits one. nullopt if it fits none: the PIN is wrong, or fewer than `threshold` realms answered
// rightly (nobody can tell which). INVALID_ARGUMENT if there are fewer answers than `threshold`, more than
// 16, an x twice or out of 1..255, or a size other than 32. At most C(16,8) = 12870 tries, some 0.1 s. Any
// thread.
//
// How long it takes shows how many realms answered wrongly, to an observer of the client; it shows nothing of
// the PIN, as a wrong PIN always takes all tries and a right one with honest realms always one.
absl::StatusOr<std::optional<FoundSecret>> FindSecret(std::span<const RealmShareAnswer> answers,
                                                      uint32_t threshold, ByteView commitment,
                                                      const Digest& config_digest);

}  // namespace labrec::pin
