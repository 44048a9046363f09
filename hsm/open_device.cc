#include "hsm/open_device.h"

#include <string_view>

#include "absl/strings/str_cat.h"

#include "hsm/pkcs11/pkcs11_device.h"
#include "hsm/tpm2/tpm2_device.h"

namespace labrec::hsm {
namespace {

enum class Kind { kTpm2, kPkcs11, kNeither };

Kind KindOf(const DeviceAddress& address) {
  if (std::string_view(address.uri).starts_with("tpm2:")) return Kind::kTpm2;
  if (std::string_view(address.uri).starts_with("pkcs11:")) return Kind::kPkcs11;
  return Kind::kNeither;
}

absl::Status NoPcrs() {
  return absl::FailedPreconditionError(
      "a PKCS#11 token has no PCRs: only keys in a TPM can be bound to what the machine booted; leave --pcrs "
      "out, or take a tpm2: device");
}

// Values, one of which may be a PIN, are not repeated.
absl::Status NoSuchKind(const DeviceAddress& address) {
  const std::string beginning = address.uri.substr(0, address.uri.find_first_of("=?;"));
  return absl::InvalidArgumentError(absl::StrCat(
      "'", beginning, "' names no device; an address begins with tpm2: or pkcs11:, in small letters"));
}

}  // namespace

absl::Status CheckAddress(const DeviceAddress& address) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::CheckAddress(address);
    case Kind::kPkcs11:
      return pkcs11::CheckAddress(address);
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

absl::StatusOr<ProbeReport> ProbeDevice(const DeviceAddress& address, const DeviceRoles& roles) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::Probe(address, roles);
    case Kind::kPkcs11:
      return pkcs11::Probe(address, roles);
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

absl::StatusOr<DeviceState> ProvisionDevice(const DeviceAddress& address, const ProvisionOptions& options) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::Provision(address, options);
    case Kind::kPkcs11:
      return options.pcr_binding ? NoPcrs() : pkcs11::Provision(address, options);
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

absl::StatusOr<std::unique_ptr<Device>> OpenDevice(const DeviceAddress& address, const DeviceState& state,
                                                   const SecretBytes& authorization,
                                                   const std::filesystem::path& pcr_approvals) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::Open(address, state, authorization, pcr_approvals);
    case Kind::kPkcs11:
      return pkcs11::Open(address, state, authorization);
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

absl::Status DeprovisionDevice(const DeviceAddress& address, const DeviceState& state,
                               const SecretBytes& authorization, const SecretBytes& owner_authorization) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::Deprovision(address, state, authorization, owner_authorization);
    case Kind::kPkcs11:
      return pkcs11::Deprovision(address, state, authorization, owner_authorization);
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

absl::StatusOr<std::optional<PcrBinding>> PcrBindingOf(const DeviceAddress& address,
                                                       const DeviceState& state) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::PcrBindingOf(state);
    case Kind::kPkcs11:
      return std::nullopt;
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

absl::StatusOr<std::vector<Bytes>> ReadPcrs(const DeviceAddress& address, const PcrSelection& pcrs) {
  switch (KindOf(address)) {
    case Kind::kTpm2:
      return tpm2::ReadPcrsOf(address, pcrs);
    case Kind::kPkcs11:
      return NoPcrs();
    case Kind::kNeither:
      break;
  }
  return NoSuchKind(address);
}

}  // namespace labrec::hsm
