#pragma once

#include <chrono>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/p256.h"
#include "hsm/description.h"

namespace labrec::hsm {

// A record's evaluation key and the index that counts its uses: all that is needed to use and to certify
// them, in the TPM's own structures. Public, and worthless without the very device. Kept with the record.
struct CountedKey {
  uint32_t index = 0;     // handle of the counting NV index
  Bytes unlock_key;       // SPKI of the client's key that alone lets the index be written
  Bytes index_public;     // TPMS_NV_PUBLIC as it is before the first write, no outer size
  Bytes key_public;       // TPMT_PUBLIC, no outer size (Attester::CertifyKey wants Lp of it)
  Bytes key_private;      // TPM2B_PRIVATE (with its size), wrapped by the device's storage key
  Bytes creation_hash;    // 32 bytes: for TPM2_CertifyCreation
  Bytes creation_ticket;  // TPMT_TK_CREATION: for TPM2_CertifyCreation

  bool operator==(const CountedKey&) const = default;
};

// Canonical bytes (docs/formats.md), some 450 of them. Decode: INVALID_ARGUMENT for anything that Encode does
// not write.
Bytes Encode(const CountedKey& key);
absl::StatusOr<CountedKey> DecodeCountedKey(ByteView bytes);

// What an index holds.
struct UseCount {
  uint32_t count = 0;  // uses since its first write: it never goes back
  uint32_t limit = 0;  // up to which it counts; 0: retired, or never written

  uint32_t left() const { return limit > count ? limit - count : 0; }

  bool operator==(const UseCount&) const = default;
};

// An index as it is found on the device.
struct FoundCountingIndex {
  uint32_t index = 0;
  Bytes index_public;  // TPMS_NV_PUBLIC as it is now
  bool written = false;
};

// How long nobody else's write ends an open one: long enough for its client's signature to come back, and not
// longer than clients wait for an answer.
inline constexpr std::chrono::seconds kWriteUndisturbed{8};

// An open, unsigned write. The client signs over `nonce_tpm` (hsm/tpm_wire/index_write.h).
struct WriteSession {
  uint64_t id = 0;
  Bytes nonce_tpm;
};

// k*B, and the index after it was counted.
struct CountedResult {
  P256Point result;
  UseCount use;
};
// No use is left, and nothing was evaluated. An index that was never written has no use either.
struct Spent {
  UseCount use;
};
using CountedOutcome = std::variant<CountedResult, Spent>;

// P-256 keys, made in a device. Each use of a key costs a count in an index of the device, and only the
// holder of an unlock key can grant more (protocol, "Chip-enforced records").
//
// Promised, against everybody who has the host, its files and all authorisations of the device: a key gives
// k*B for at most as many B as the client's signed writes granted (TPM2_ECDH_ZGen, the one command that hands
// the point out).
//
// Not promised: that nothing else is computed with it. TPM2_StartAuthSession takes any decryption key for the
// salt of a session and asks for no authorisation (TPM 2.0 part 3, section 11.1), so that a host has k*P
// hashed (KDFe, part 1, section 11.4.10.3) for any P it likes, as often as it likes, also when the key is
// spent. No attribute prevents it: what ECDH_ZGen needs ("decrypt", not restricted) is what makes a salt key.
// The host can test a candidate for the x coordinate of k*P, one a command, and take the command's time. That
// gives no PIN as long as the gap one-more Diffie-Hellman problem is hard, which the OPRF rests on anyway
// (docs/threat_model.md, "A key without a price"). Nor is it promised that a key stays usable: whoever owns
// the device can delete the index.
//
// All functions: UNAVAILABLE: the device is away, try later. FAILED_PRECONDITION: the index is gone, or is
// another than this key's. Threads: at most Device::parallelism() calls at a time.
class CountedKeys {
 public:
  virtual ~CountedKeys() = default;

  // From the device at each call.
  virtual absl::StatusOr<CountedCapacity> Capacity() = 0;

  // All counting indices in the range. A crash between Define and the caller's commit loses a CountedKey and
  // leaves its index: the caller deletes what no record names. Whatever else lies in the range is not shown.
  virtual absl::StatusOr<std::vector<FoundCountingIndex>> List() = 0;

  // Makes the key, then its index, which has no use until its first write. RESOURCE_EXHAUSTED: range or chip
  // is full; nothing was made.
  virtual absl::StatusOr<CountedKey> Define(const EcdsaPublicKey& unlock_key) = 0;

  // Opens a session for one write: the first one, a refill, or a retirement. It ends with FinishWrite, after
  // tpm::kWriteExpirationSeconds, and when the device is reset (behind a resource manager also when the
  // connection to it is lost). Where the device has room for no more, the oldest ends for the new one, but
  // none that is younger than kWriteUndisturbed.
  // RESOURCE_EXHAUSTED: all are that young.
  virtual absl::StatusOr<WriteSession> BeginWrite() = 0;

  // The sessions of BeginWrite that are open at this moment, as the device says: whoever keeps a list of them
  // cannot know which ones ended when the device was away, or was reset.
  virtual absl::StatusOr<std::vector<uint64_t>> OpenWrites() = 0;

  // Writes this limit (0 retires the key), with the client's r || s of 64 bytes, and reads the index back.
  // The first write sets count 0; no later one changes the count. The session ends, except with
  // PERMISSION_DENIED: the signature is not the unlock key's over just this write. NOT_FOUND: no such
  // session, or it ended: begin again. After UNAVAILABLE nobody knows whether the write was done: ReadUse
  // tells.
  virtual absl::StatusOr<UseCount> FinishWrite(const CountedKey& key, uint64_t session, uint32_t limit,
                                               ByteView signature) = 0;

  // k * element for one count. The count is taken first and read back before the key is used. DATA_LOSS: the
  // count did not move as it must, and nothing was evaluated. UNAVAILABLE: the count may have been spent
  // without a result.
  virtual absl::StatusOr<CountedOutcome> Evaluate(const CountedKey& key, const P256Point& element) = 0;

  // {0, 0} before the first write.
  virtual absl::StatusOr<UseCount> ReadUse(const CountedKey& key) = 0;

  // Undefines an index of List(), for ever. OK if it is gone already. INVALID_ARGUMENT: no handle of the
  // range; FAILED_PRECONDITION: something is there that is no counting index.
  virtual absl::Status Delete(uint32_t index) = 0;
};

}  // namespace labrec::hsm
