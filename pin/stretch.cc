#include "pin/stretch.h"

#include <argon2.h>
#include <sys/mman.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::pin {
namespace {

constexpr uint32_t kMostMemoryKib = 1U << 20;
constexpr uint32_t kMostPasses = 64;
constexpr uint32_t kMostLanes = 16;
constexpr size_t kLongestPin = 1024;

// Argon2's working memory, from which the PIN could be tried offline: pages of their own, kept out of core
// dumps. They are not locked (64 MiB is more than most processes may lock); libargon2 wipes them before it
// frees them.
int AllocatePages(uint8_t** memory, size_t size) {
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return ARGON2_MEMORY_ALLOCATION_ERROR;
  (void)madvise(pages, size, MADV_DONTDUMP);
  *memory = static_cast<uint8_t*>(pages);
  return ARGON2_OK;
}

void FreePages(uint8_t* memory, size_t size) {
  munmap(memory, size);
}

argon2_context MakeContext(SecretBytes& out, SecretBytes& pin, Bytes& salt,
                           const ArgonParameters& parameters) {
  argon2_context context{};
  context.out = out.data();
  context.outlen = static_cast<uint32_t>(out.size());
  context.pwd = pin.data();
  context.pwdlen = static_cast<uint32_t>(pin.size());
  context.salt = salt.data();
  context.saltlen = static_cast<uint32_t>(salt.size());
  context.t_cost = parameters.passes;
  context.m_cost = parameters.memory_kib;
  context.lanes = parameters.lanes;
  context.threads = parameters.lanes;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = AllocatePages;
  context.free_cbk = FreePages;
  context.flags = ARGON2_FLAG_CLEAR_PASSWORD | ARGON2_FLAG_CLEAR_SECRET;
  return context;
}

}  // namespace

absl::Status CheckArgonParameters(const ArgonParameters& parameters) {
  if (parameters.lanes < 1 || parameters.lanes > kMostLanes) {
    return absl::InvalidArgumentError(
        absl::StrCat("Argon2 with ", parameters.lanes, " lanes; 1 to ", kMostLanes, " are accepted"));
  }
  if (parameters.passes < 1 || parameters.passes > kMostPasses) {
    return absl::InvalidArgumentError(
        absl::StrCat("Argon2 with ", parameters.passes, " passes; 1 to ", kMostPasses, " are accepted"));
  }
  if (parameters.memory_kib < 8 * parameters.lanes || parameters.memory_kib > kMostMemoryKib) {
    return absl::InvalidArgumentError(absl::StrCat("Argon2 with ", parameters.memory_kib,
                                                   " KiB of memory; 8 per lane to ", kMostMemoryKib,
                                                   " are accepted"));
  }
  return absl::OkStatus();
}

absl::StatusOr<SecretBytes> Stretch(const SecretBytes& pin, ByteView salt,
                                    const ArgonParameters& parameters) {
  LABREC_RETURN_IF_ERROR(CheckArgonParameters(parameters));
  if (salt.size() != kSaltSize) return absl::InvalidArgumentError("the salt of a PIN has 16 bytes");
  if (pin.empty() || pin.size() > kLongestPin) {
    return absl::InvalidArgumentError(absl::StrCat("a PIN has 1 to ", kLongestPin, " bytes"));
  }
  SecretBytes stretched = SecretBytes::OfSize(kStretchedSize);
  SecretBytes pin_copy = pin.Clone();  // libargon2 wipes it as soon as it is hashed
  Bytes salt_copy = ToBytes(salt);
  argon2_context context = MakeContext(stretched, pin_copy, salt_copy, parameters);
  const int result = argon2id_ctx(&context);
  if (result == ARGON2_MEMORY_ALLOCATION_ERROR) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for Argon2: ", parameters.memory_kib, " KiB; free some and try again"));
  }
  if (result != ARGON2_OK) {
    return absl::InternalError(absl::StrCat("Argon2 failed: ", argon2_error_message(result)));
  }
  return stretched;
}

}  // namespace labrec::pin
