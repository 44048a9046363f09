#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"

#include "hsm/tpm_wire/credential.h"
#include "recovery/api/v1/recovery.pb.h"
#include "recovery/engine/call/requests.h"

namespace labrec::recovery {

// The fields of requests, turned into types that hold only what is allowed. INVALID_ARGUMENT names the field
// and the rule (PERMISSION_DENIED where a signature is missing). All is checked here, before anything is
// queued. Pure; any thread.

absl::StatusOr<std::string> RecordField(const std::string& record);
absl::StatusOr<uint32_t> VersionField(uint32_t version);

// Exactly `size` bytes.
absl::StatusOr<Bytes> FixedField(const char* what, const std::string& value, size_t size);
// 1 to `limit` bytes.
absl::StatusOr<Bytes> BoundedField(const char* what, const std::string& value, size_t limit);

absl::StatusOr<DeviceId> DeviceIdField(const std::string& id);
absl::StatusOr<RegistrationId> RegistrationIdField(const std::string& id);
absl::StatusOr<Digest> DigestField(const char* what, const std::string& digest);
absl::StatusOr<EcdsaPublicKey> PublicKeyField(const char* what, const std::string& spki);
absl::StatusOr<std::string> DeviceNameField(const std::string& name);

// Compressed points on the curve, none of them the identity: `least` to `most` of them.
absl::StatusOr<std::vector<P256Point>> ElementsField(
    const google::protobuf::RepeatedPtrField<std::string>& elements, int least, int most);

// A signature that is there (nullopt without one) and well formed; whether it is good is the engine's matter.
absl::StatusOr<std::optional<RawSignature>> OptionalSignature(
    bool present, const labyrinth::recovery::v1::Signature& proto);
// PERMISSION_DENIED without one.
absl::StatusOr<RawSignature> RequiredSignature(bool present, const labyrinth::recovery::v1::Signature& proto);

// Of a BeginRegistration with `chip`.
absl::StatusOr<ChipRegistration> ChipRegistrationField(
    const labyrinth::recovery::v1::BeginRegistrationRequest& proto);
absl::StatusOr<ChipWrite> ChipWriteField(const labyrinth::recovery::v1::FinishChipWriteRequest& proto);
// A challenge as attestation::Encode writes it; at most 4 KiB.
absl::StatusOr<tpm::CredentialBlob> CredentialField(const std::string& credential);

absl::StatusOr<RegistrationRequest> RegistrationField(
    const labyrinth::recovery::v1::FinishRegistrationRequest& proto);

}  // namespace labrec::recovery
