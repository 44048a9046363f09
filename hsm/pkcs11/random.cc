#include "hsm/pkcs11/random.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {
namespace {

// Tokens limit how much they give at once.
constexpr size_t kMostAtOnce = 1024;

}  // namespace

absl::Status Pkcs11Random::Fill(std::span<uint8_t> out) {
  return connection_.Run([out](const Connection::Work& work) -> absl::Status {
    for (size_t done = 0; done < out.size();) {
      const size_t size = std::min(kMostAtOnce, out.size() - done);
      const Session& session = work.session;
      LABREC_RETURN_IF_ERROR(FromCkRv(
          "C_GenerateRandom", session.api()->C_GenerateRandom(session.handle(), out.data() + done, size)));
      done += size;
    }
    return absl::OkStatus();
  });
}

}  // namespace labrec::hsm::pkcs11
