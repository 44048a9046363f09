#include "hsm/tpm2/link/commands.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hsm/base/encoding.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/public_area.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr size_t kMaxIndexContent = 64;
constexpr size_t kRandomChunk = 32;  // every TPM gives at least the size of its largest digest
constexpr size_t kStackDepth = size_t{32} * 1024;

// Overwrites the part of this thread's stack that calls made before this one have used. The TSS leaves copies
// of a secret answer in frames of its own that are gone, and a thread that does little else never writes
// there again. Not inlined: its frame has to lie where those frames lay.
[[gnu::noinline]] void WipeStack() {
  uint8_t frames[kStackDepth];
  Wipe(frames);
}

}  // namespace

absl::StatusOr<P256Point> Multiply(Context& context, ESYS_TR session, ESYS_TR key, const P256Point& element) {
  const TPM2B_ECC_POINT in = ToTpm(element);
  TPM2B_ECC_POINT* out = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_ECDH_ZGen", Esys_ECDH_ZGen(context.esys(), key, session, ESYS_TR_NONE, ESYS_TR_NONE, &in, &out)));
  context.WipeAnswer();
  const EsysPtr<TPM2B_ECC_POINT> owned(out);
  return FromTpm(out->point);
}

absl::StatusOr<SecretBytes> Hmac(Context& context, ESYS_TR session, ESYS_TR key, ByteView message) {
  TPM2B_MAX_BUFFER buffer{};
  if (message.size() > kMaxHmacMessage) {
    return absl::InvalidArgumentError("a message for the device's HMAC has at most 1024 bytes");
  }
  buffer.size = static_cast<UINT16>(message.size());
  std::copy(message.begin(), message.end(), buffer.buffer);
  TPM2B_DIGEST* out = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check("TPM2_HMAC", Esys_HMAC(context.esys(), key, session, ESYS_TR_NONE,
                                                              ESYS_TR_NONE, &buffer, TPM2_ALG_SHA256, &out)));
  context.WipeAnswer();
  WipeStack();
  const EsysPtr<TPM2B_DIGEST> owned(out);
  SecretBytes mac =
      SecretBytes::TakeFrom(std::span(out->buffer, std::min<size_t>(out->size, sizeof out->buffer)));
  if (mac.size() != 32) return absl::DataLossError("TPM2_HMAC gave no HMAC-SHA-256");
  return mac;
}

absl::StatusOr<Bytes> ReadIndex(Context& context, const Session& session, const NvIndex& index, size_t size) {
  TPM2B_MAX_NV_BUFFER* out = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_NV_Read",
                    Esys_NV_Read(context.esys(), index.esys(), index.esys(), session.For(Encrypt::kResponse),
                                 ESYS_TR_NONE, ESYS_TR_NONE, static_cast<UINT16>(size), 0, &out)));
  const EsysPtr<TPM2B_MAX_NV_BUFFER> owned(out);
  if (out->size != size) return absl::DataLossError("TPM2_NV_Read gave another number of bytes than asked");
  return Bytes(out->buffer, out->buffer + size);
}

absl::Status WriteIndex(Context& context, const Session& session, const NvIndex& index, ByteView content) {
  TPM2B_MAX_NV_BUFFER in{};
  if (content.size() > kMaxIndexContent)
    return absl::InvalidArgumentError("at most 64 bytes are written at a time");
  in.size = static_cast<UINT16>(content.size());
  std::copy(content.begin(), content.end(), in.buffer);
  return context.Check("TPM2_NV_Write",
                       Esys_NV_Write(context.esys(), index.esys(), index.esys(),
                                     session.For(Encrypt::kCommand), ESYS_TR_NONE, ESYS_TR_NONE, &in, 0));
}

absl::StatusOr<uint64_t> ReadCounter(Context& context, const Session& session, const NvIndex& counter) {
  LABREC_ASSIGN_OR_RETURN(const Bytes value, ReadIndex(context, session, counter, sizeof(uint64_t)));
  return Reader(value).U64();
}

absl::Status IncrementCounter(Context& context, const Session& session, const NvIndex& counter) {
  return context.Check("TPM2_NV_Increment of the freshness counter",
                       Esys_NV_Increment(context.esys(), counter.esys(), counter.esys(),
                                         session.For(Encrypt::kNeither), ESYS_TR_NONE, ESYS_TR_NONE));
}

absl::Status GetRandom(Context& context, const Session& session, std::span<uint8_t> out) {
  while (!out.empty()) {
    const auto wanted = static_cast<UINT16>(std::min(out.size(), kRandomChunk));
    TPM2B_DIGEST* chunk = nullptr;
    LABREC_RETURN_IF_ERROR(
        context.Check("TPM2_GetRandom", Esys_GetRandom(context.esys(), session.For(Encrypt::kResponse),
                                                       ESYS_TR_NONE, ESYS_TR_NONE, wanted, &chunk)));
    context.WipeAnswer();
    WipeStack();
    const EsysPtr<TPM2B_DIGEST> owned(chunk);
    const size_t got = std::min<size_t>(chunk->size, wanted);
    if (got == 0) return absl::UnavailableError("TPM2_GetRandom gave nothing; call again");
    std::copy_n(chunk->buffer, got, out.begin());
    Wipe(chunk->buffer);
    out = out.subspan(got);
  }
  return absl::OkStatus();
}

}  // namespace labrec::hsm::tpm2
