#pragma once

#include <utility>

#include <tss2/tss2_esys.h>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm2/link/context.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// What happens on the TPM when the owner of a handle goes.
enum class OnRelease {
  kFlush,  // TPM2_FlushContext: it leaves the TPM
  kClose,  // only we forget it: it stays on the TPM
};

// Releases without failing: while the connection is broken nothing is sent, and a reset TPM has nothing to
// flush.
void Release(Context& context, ESYS_TR handle, OnRelease how);

// The one owner of an ESAPI handle; moves, does not copy. The Context outlives it. `Kind` keeps kinds apart:
// a persistent object can not be passed where a transient one is flushed, nor an index where a key is wanted.
template <typename Kind>
class Handle {
 public:
  Handle() = default;
  Handle(Context& context, ESYS_TR handle) : context_(&context), handle_(handle) {}
  Handle(Handle&& other) noexcept
      : context_(std::exchange(other.context_, nullptr)),
        handle_(std::exchange(other.handle_, ESYS_TR_NONE)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      Reset();
      context_ = std::exchange(other.context_, nullptr);
      handle_ = std::exchange(other.handle_, ESYS_TR_NONE);
    }
    return *this;
  }
  ~Handle() { Reset(); }

  ESYS_TR esys() const { return handle_; }
  bool empty() const { return handle_ == ESYS_TR_NONE; }
  void Reset() {
    if (!empty()) Release(*context_, handle_, Kind::kOnRelease);
    context_ = nullptr;
    handle_ = ESYS_TR_NONE;
  }
  // Gives up ownership, where a TPM command consumed the object.
  ESYS_TR Take() {
    context_ = nullptr;
    return std::exchange(handle_, ESYS_TR_NONE);
  }

 private:
  Context* context_ = nullptr;
  ESYS_TR handle_ = ESYS_TR_NONE;
};

struct TransientKind {
  static constexpr OnRelease kOnRelease = OnRelease::kFlush;
};
struct SessionKind {
  static constexpr OnRelease kOnRelease = OnRelease::kFlush;
};
struct PersistentKind {
  static constexpr OnRelease kOnRelease = OnRelease::kClose;
};
struct NvIndexKind {
  static constexpr OnRelease kOnRelease = OnRelease::kClose;
};

using TransientObject = Handle<TransientKind>;
using SessionHandle = Handle<SessionKind>;
using PersistentObject = Handle<PersistentKind>;
using NvIndex = Handle<NvIndexKind>;

// The Name of what the handle stands for (part 1, section 16), computed from the public area that ESAPI will
// use for it: not a value that the bus claimed.
absl::StatusOr<Bytes> NameOf(Context& context, ESYS_TR handle);

// Sets the authorisation value that ESAPI uses for the handle from now on. Trailing zero bytes are dropped,
// as the TPM drops them (part 1, section 19.6.4); tpm2-tss 3.2 does not, and its HMAC would fail.
absl::Status SetAuth(Context& context, ESYS_TR handle, ByteView auth_value);

}  // namespace labrec::hsm::tpm2
