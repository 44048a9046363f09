#include "hsm/pkcs11/token/objects.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr size_t kMostAttributeBytes = 256;

absl::StatusOr<std::vector<TokenObject>> Collect(const Session& session) {
  std::vector<TokenObject> found;
  std::array<CK_OBJECT_HANDLE, 16> page{};
  for (CK_ULONG got = page.size(); got == page.size();) {
    LABREC_RETURN_IF_ERROR(FromCkRv(
        "C_FindObjects", session.api()->C_FindObjects(session.handle(), page.data(), page.size(), &got)));
    for (CK_ULONG i = 0; i < got; ++i) found.push_back({page[i]});
  }
  return found;
}

}  // namespace

SessionObject::SessionObject(SessionObject&& other) noexcept
    : session_(other.session_), handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)) {}

SessionObject::~SessionObject() {
  if (handle_ != CK_INVALID_HANDLE) (void)session_->api()->C_DestroyObject(session_->handle(), handle_);
}

absl::StatusOr<std::vector<TokenObject>> FindAll(const Session& session, Attributes wanted) {
  CK_FUNCTION_LIST* api = session.api();
  wanted.Flag(CKA_TOKEN, true);
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_FindObjectsInit", api->C_FindObjectsInit(session.handle(), wanted.data(), wanted.size())));
  auto found = Collect(session);
  const CK_RV ended = api->C_FindObjectsFinal(session.handle());
  if (found.ok()) LABREC_RETURN_IF_ERROR(FromCkRv("C_FindObjectsFinal", ended));
  return found;
}

absl::StatusOr<TokenObject> FindOne(const Session& session, CK_OBJECT_CLASS object_class, ByteView id) {
  Attributes wanted;
  wanted.Number(CKA_CLASS, object_class).Blob(CKA_ID, id);
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> found, FindAll(session, std::move(wanted)));
  if (found.empty()) {
    return LostObject(absl::StrCat("the token has no key with the id ", Hex(id),
                                   ": it is another token, or the realm's keys were removed from it"));
  }
  if (found.size() > 1) {
    return absl::FailedPreconditionError(absl::StrCat("the token has ", found.size(), " keys with the id ",
                                                      Hex(id), ": remove those the realm did not make"));
  }
  return found.front();
}

absl::Status DestroyAndLook(const Session& session, TokenObject object, Attributes unique) {
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_DestroyObject", session.api()->C_DestroyObject(session.handle(), object.handle)));
  LABREC_ASSIGN_OR_RETURN(const std::vector<TokenObject> left, FindAll(session, std::move(unique)));
  if (left.empty()) return absl::OkStatus();
  return absl::UnavailableError("the token reported that it destroyed a key, but the key is still there");
}

absl::StatusOr<Bytes> ReadBlob(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  Bytes value(kMostAttributeBytes);
  CK_ATTRIBUTE row{type, value.data(), value.size()};
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_GetAttributeValue", session.api()->C_GetAttributeValue(session.handle(), object, &row, 1)));
  if (row.ulValueLen > value.size())
    return absl::InternalError("C_GetAttributeValue gave a length beyond its buffer");
  value.resize(row.ulValueLen);
  return value;
}

absl::StatusOr<std::optional<bool>> ReadFlag(const Session& session, CK_OBJECT_HANDLE object,
                                             CK_ATTRIBUTE_TYPE type) {
  const auto value = ReadBlob(session, object, type);
  if (RawCode(value.status()) == CKR_ATTRIBUTE_TYPE_INVALID) return std::nullopt;
  if (!value.ok()) return value.status();
  if (value->size() != sizeof(CK_BBOOL)) return std::nullopt;
  return value->front() != CK_FALSE;
}

absl::StatusOr<P256Point> ReadEcPoint(const Session& session, CK_OBJECT_HANDLE public_key) {
  LABREC_ASSIGN_OR_RETURN(const Bytes value, ReadBlob(session, public_key, CKA_EC_POINT));
  ByteView point(value);
  const bool wrapped = point.size() == P256Point::kUncompressedSize + 2 && point[0] == 0x04 &&
                       point[1] == P256Point::kUncompressedSize;
  return P256Point::Parse(wrapped ? point.subspan(2) : point);
}

}  // namespace labrec::hsm::pkcs11
