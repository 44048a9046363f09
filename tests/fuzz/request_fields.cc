// The fields of requests: the first byte chooses the message, the rest is its protobuf. What is taken keeps
// the rules.

#include "recovery/server/service/request_fields.h"

#include <cstdlib>

#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/engine/call/refusal.h"

namespace {

using namespace labrec;
using namespace labrec::recovery;
namespace v1 = ::labyrinth::recovery::v1;

void Require(bool holds) {
  if (!holds) std::abort();
}

// A refusal is written for the client that sent the request.
template <typename T>
bool Taken(const absl::StatusOr<T>& field) {
  Require(field.ok() || IsInOwnWords(field.status()));
  return field.ok();
}

void Signature(bool present, const v1::Signature& proto) {
  const auto signature = OptionalSignature(present, proto);
  (void)Taken(RequiredSignature(present, proto));
  if (!Taken(signature) || !*signature) return;
  Require((*signature)->challenge.size() == 32 && (*signature)->signature.size() == 64);
  const auto* by_key = std::get_if<std::pair<std::string, uint32_t>>(&(*signature)->signer);
  if (by_key != nullptr) Require(CheckShortName("record", by_key->first).ok() && by_key->second > 0);
}

void Finish(ByteView bytes) {
  v1::FinishRegistrationRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto registration = RegistrationField(request);
  if (!Taken(registration)) return;
  Require(CheckShortName("record", registration->record).ok() && registration->version > 0);
  Require(!registration->config.empty() && registration->config.size() <= kMostConfigBytes);
  Require(!registration->sealed_secret.empty() &&
          registration->sealed_secret.size() <= kMostSealedSecretBytes);
}

void Begin(ByteView bytes) {
  v1::BeginRegistrationRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto points = ElementsField(request.elements(), 1, 2);
  if (Taken(points)) Require(!points->empty() && points->size() <= 2);
  const auto chip = ChipRegistrationField(request);
  if (Taken(chip))
    Require(CheckShortName("record", chip->record).ok() && chip->version > 0 && chip->nonce.size() == 32);
}

void Enroll(ByteView bytes) {
  v1::EnrollDeviceRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto key = PublicKeyField("public_key", request.public_key());
  if (Taken(key)) Require(ToString(key->Spki()) == request.public_key());
  const auto name = DeviceNameField(request.name());
  if (Taken(name)) Require(CheckDeviceName(*name).ok());
  Signature(request.has_authorization(), request.authorization());
}

void Write(ByteView bytes) {
  v1::FinishChipWriteRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  (void)Taken(ChipWriteField(request));
}

void Attest(ByteView bytes) {
  v1::AttestRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  (void)Taken(CredentialField(request.credential()));
  (void)Taken(DigestField("tls_key_hash", request.tls_key_hash()));
  (void)Taken(FixedField("nonce", request.nonce(), 32));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      Finish(bytes);
      break;
    case 1:
      Begin(bytes);
      break;
    case 2:
      Enroll(bytes);
      break;
    case 3:
      Write(bytes);
      break;
    default:
      Attest(bytes);
  }
  return 0;
}
