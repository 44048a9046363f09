#include "hsm/pkcs11/token/token.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {
namespace {

// Fixed-length text, padded with blanks and without a terminating zero.
template <size_t kSize>
std::string Trimmed(const unsigned char (&text)[kSize]) {
  std::string out(reinterpret_cast<const char*>(text), kSize);
  out.erase(out.find_last_not_of(std::string(" \0", 2)) + 1);
  return out;
}

std::string Version(const CK_VERSION& version) {
  return absl::StrCat(static_cast<int>(version.major), ".", static_cast<int>(version.minor));
}

absl::StatusOr<std::vector<CK_SLOT_ID>> Slots(CK_FUNCTION_LIST* api) {
  CK_ULONG count = 0;
  LABREC_RETURN_IF_ERROR(FromCkRv("C_GetSlotList", api->C_GetSlotList(CK_TRUE, nullptr, &count)));
  std::vector<CK_SLOT_ID> slots(count);
  LABREC_RETURN_IF_ERROR(FromCkRv("C_GetSlotList", api->C_GetSlotList(CK_TRUE, slots.data(), &count)));
  slots.resize(count);
  return slots;
}

std::string WarningFor(const std::string& manufacturer) {
  if (manufacturer == "SoftHSM project") return "SoftHSM2 keeps keys in files: protects nothing";
  if (manufacturer == "Mozilla Foundation") return "NSS softoken keeps keys in files: protects nothing";
  return "";
}

}  // namespace

absl::StatusOr<Token> FindToken(CK_FUNCTION_LIST* api, const TokenAddress& address) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<CK_SLOT_ID> slots, Slots(api));
  std::vector<Token> found;
  for (const CK_SLOT_ID slot : slots) {
    Token token;
    token.slot = slot;
    // A slot whose token cannot be asked is not the one we look for.
    if (api->C_GetTokenInfo(slot, &token.info) != CKR_OK) continue;
    if ((token.info.flags & CKF_TOKEN_INITIALIZED) != 0 && address.Matches(slot, token.info))
      found.push_back(token);
  }
  if (found.empty()) {
    return absl::UnavailableError(absl::StrCat("no initialized token among the ", slots.size(), " slots of ",
                                               address.module_path(), " is the one of the PKCS#11 address"));
  }
  if (found.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the PKCS#11 address fits ", found.size(), " tokens: add serial= to name one"));
  }
  return found.front();
}

absl::Status Login(const Session& session, const Token& token, const TokenAddress& address) {
  const CK_FLAGS flags = token.info.flags;
  if ((flags & CKF_LOGIN_REQUIRED) == 0) return absl::OkStatus();
  if ((flags & CKF_USER_PIN_LOCKED) != 0) return FromCkRv("C_GetTokenInfo", CKR_PIN_LOCKED);
  if ((flags & CKF_USER_PIN_INITIALIZED) == 0)
    return FromCkRv("C_GetTokenInfo", CKR_USER_PIN_NOT_INITIALIZED);
  if ((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) return session.Login(SecretBytes());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pin, address.ReadPin());
  return session.Login(pin);
}

DeviceDescription Describe(CK_FUNCTION_LIST* api, const Token& token) {
  DeviceDescription description;
  description.kind = "pkcs11";
  description.manufacturer = Trimmed(token.info.manufacturerID);
  description.firmware = Version(token.info.firmwareVersion);
  CK_INFO module{};
  const bool known = api->C_GetInfo(&module) == CKR_OK;
  const std::string library =
      known ? absl::StrCat(Trimmed(module.libraryDescription), " ", Version(module.libraryVersion))
            : "module";
  description.model = absl::StrCat(library, ", ", Trimmed(token.info.model), ", token '",
                                   Trimmed(token.info.label), "', serial ", Trimmed(token.info.serialNumber));
  description.warning = WarningFor(description.manufacturer);
  description.is_simulator = !description.warning.empty();
  description.no_counted_keys = "PKCS#11 has no keys that count their uses; take a TPM 2.0";
  return description;
}

}  // namespace labrec::hsm::pkcs11
