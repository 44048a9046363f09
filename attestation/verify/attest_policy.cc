#include "attestation/verify/attest_policy.h"

#include <charconv>
#include <utility>

#include <toml++/toml.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "hsm/tpm_wire/policy_digest.h"

namespace labrec::attestation {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kMostPcr = 31;
constexpr std::array<std::pair<std::string_view, uint16_t>, 3> kBanks = {
    {{"sha256", tpm::kAlgSha256}, {"sha384", tpm::kAlgSha384}, {"sha512", tpm::kAlgSha512}}};

absl::Status Wrong(std::string_view place, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("attest policy, ", AbslView(place), ": ", AbslView(what)));
}

// OK if all keys of the table are among `known`.
absl::Status CheckMembers(const toml::table& table, std::string_view place,
                          std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      return Wrong(place, absl::StrCat("unknown key \"", AbslView(key.str()), "\""));
    }
  }
  return absl::OkStatus();
}

// The named table; empty if it is not there.
absl::StatusOr<toml::table> TableAt(const toml::table& parent, std::string_view name) {
  const toml::node* node = parent.get(name);
  if (node == nullptr) return toml::table();
  if (!node->is_table()) return Wrong(name, "must be a table");
  return *node->as_table();
}

// The named string; empty if it is not there.
absl::StatusOr<std::string> StringAt(const toml::table& table, std::string_view place,
                                     std::string_view name) {
  const toml::node* node = table.get(name);
  if (node == nullptr) return std::string();
  const auto text = node->value_exact<std::string>();
  if (!text.has_value() || text->empty())
    return Wrong(place, absl::StrCat(AbslView(name), " must be a text"));
  return *text;
}

absl::StatusOr<uint64_t> NumberUpTo(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", AbslView(text), "\" is not a number from 0 to ", most));
  }
  return value;
}

absl::Status ReadEndorsement(const toml::table& table, const fs::path& folder, AttestPolicy& policy) {
  LABREC_RETURN_IF_ERROR(
      CheckMembers(table, "endorsement", {"roots", "revocation_lists", "require_revocation_lists"}));
  LABREC_ASSIGN_OR_RETURN(const std::string roots, StringAt(table, "endorsement", "roots"));
  LABREC_ASSIGN_OR_RETURN(const std::string lists, StringAt(table, "endorsement", "revocation_lists"));
  if (roots.empty()) return Wrong("endorsement", "roots must name the folder of trusted certificates");
  LABREC_ASSIGN_OR_RETURN(policy.trust,
                          EkTrust::Load(folder / roots, lists.empty() ? fs::path() : folder / lists));
  const toml::node* required = table.get("require_revocation_lists");
  if (required == nullptr) return absl::OkStatus();
  const auto value = required->value_exact<bool>();
  if (!value.has_value()) return Wrong("endorsement", "require_revocation_lists must be true or false");
  if (*value) policy.trust.revocation = EkTrust::Revocation::kListRequired;
  return absl::OkStatus();
}

absl::StatusOr<Bytes> PcrValue(const toml::node& node, std::string_view place, size_t size) {
  const auto text = node.value_exact<std::string>();
  auto value = FromHex(text.value_or("-"));
  if (!value.ok() || value->size() != size) {
    return Wrong(place, absl::StrCat("a PCR's value is ", 2 * size, " hexadecimal digits"));
  }
  return value;
}

// One value, or a list of accepted ones.
absl::StatusOr<std::vector<Bytes>> PcrValues(const toml::node& node, std::string_view place, size_t size) {
  std::vector<Bytes> values;
  if (!node.is_array()) {
    LABREC_ASSIGN_OR_RETURN(values.emplace_back(), PcrValue(node, place, size));
    return values;
  }
  for (const toml::node& element : *node.as_array()) {
    LABREC_ASSIGN_OR_RETURN(values.emplace_back(), PcrValue(element, place, size));
  }
  if (values.empty()) return Wrong(place, "an empty list accepts no value at all");
  return values;
}

absl::Status ReadBank(const toml::table& table, std::string_view name, uint16_t bank, AttestPolicy& policy) {
  const std::string place = absl::StrCat("pcrs.", AbslView(name));
  const size_t size = tpm::DigestSize(*tpm::HashAlgorithmOf(bank));
  for (const auto& [key, node] : table) {
    const auto index = NumberUpTo(key.str(), kMostPcr);
    if (!index.ok()) return Wrong(place, std::string(index.status().message()));
    const AttestPolicy::Pcr pcr{bank, static_cast<uint32_t>(*index)};
    LABREC_ASSIGN_OR_RETURN(policy.pcrs[pcr], PcrValues(node, place, size));
  }
  return absl::OkStatus();
}

absl::Status ReadPcrs(const toml::table& table, AttestPolicy& policy) {
  LABREC_RETURN_IF_ERROR(CheckMembers(table, "pcrs", {"sha256", "sha384", "sha512"}));
  for (const auto& [name, bank] : kBanks) {
    LABREC_ASSIGN_OR_RETURN(const toml::table values, TableAt(table, name));
    LABREC_RETURN_IF_ERROR(ReadBank(values, name, bank, policy));
  }
  return absl::OkStatus();
}

absl::Status ReadFirmware(const toml::table& table, AttestPolicy& policy) {
  LABREC_RETURN_IF_ERROR(CheckMembers(table, "firmware", {"minimum"}));
  LABREC_ASSIGN_OR_RETURN(const std::string minimum, StringAt(table, "firmware", "minimum"));
  if (minimum.empty()) return absl::OkStatus();
  const auto version = ParseFirmware(minimum);
  if (!version.ok()) return Wrong("firmware", std::string(version.status().message()));
  policy.minimum_firmware = *version;
  return absl::OkStatus();
}

absl::Status ReadKeys(const toml::table& table, const fs::path& folder, AttestPolicy& policy) {
  LABREC_RETURN_IF_ERROR(CheckMembers(table, "keys", {"pcr_approver"}));
  LABREC_ASSIGN_OR_RETURN(const std::string path, StringAt(table, "keys", "pcr_approver"));
  if (path.empty()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const Bytes pem, ReadFile(folder / path));
  LABREC_ASSIGN_OR_RETURN(policy.pcr_approver, EcdsaPublicKey::FromPem(AsText(pem)));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<uint64_t> ParseFirmware(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(AbslView(text), '.');
  if (parts.size() > 4) return absl::InvalidArgumentError("a firmware version has at most four parts");
  uint64_t version = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    LABREC_ASSIGN_OR_RETURN(const uint64_t part, NumberUpTo(parts[i], 0xFFFF));
    version |= part << (48 - 16 * i);
  }
  return version;
}

absl::StatusOr<AttestPolicy> AttestPolicy::Parse(std::string_view toml, const fs::path& folder) {
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    return Wrong(absl::StrCat("line ", error.source().begin.line), error.description());
  }
  LABREC_RETURN_IF_ERROR(CheckMembers(root, "top level", {"endorsement", "pcrs", "firmware", "keys"}));
  AttestPolicy policy;
  LABREC_ASSIGN_OR_RETURN(const toml::table endorsement, TableAt(root, "endorsement"));
  LABREC_ASSIGN_OR_RETURN(const toml::table pcrs, TableAt(root, "pcrs"));
  LABREC_ASSIGN_OR_RETURN(const toml::table firmware, TableAt(root, "firmware"));
  LABREC_ASSIGN_OR_RETURN(const toml::table keys, TableAt(root, "keys"));
  LABREC_RETURN_IF_ERROR(ReadEndorsement(endorsement, folder, policy));
  LABREC_RETURN_IF_ERROR(ReadPcrs(pcrs, policy));
  LABREC_RETURN_IF_ERROR(ReadFirmware(firmware, policy));
  LABREC_RETURN_IF_ERROR(ReadKeys(keys, folder, policy));
  return policy;
}

absl::StatusOr<AttestPolicy> AttestPolicy::Load(const fs::path& path) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path));
  return Parse(AsText(content), path.parent_path());
}

}  // namespace labrec::attestation
