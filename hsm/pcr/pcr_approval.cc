#include "hsm/pcr/pcr_approval.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "hsm/tpm_wire/hash.h"
#include "hsm/tpm_wire/policy_digest.h"

namespace labrec::hsm {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "labyrinth-recovery/pcr-approval/1";
constexpr size_t kSelectBytes = 3;  // 24 PCRs

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("no values of PCRs: ", AbslView(what)));
}

// "sha256", as PcrSelection writes it.
std::string BankName(uint16_t hash) {
  const std::string text = labrec::PcrSelection{{{hash, {0}}}}.ToString();
  return text.substr(0, text.find(':'));
}

// "sha256:0,7+sha384:1" of {"sha256": {"0": ..., "7": ...}, "sha384": {"1": ...}}.
absl::StatusOr<labrec::PcrSelection> SelectionOf(const Json& banks) {
  std::vector<std::string> parts;
  for (const auto& [bank, values] : banks.items()) {
    if (!values.is_object()) return Wrong(absl::StrCat("\"", bank, "\" is no object"));
    std::vector<std::string> indices;
    for (const auto& [index, value] : values.items()) indices.push_back(index);
    parts.push_back(absl::StrCat(bank, ":", absl::StrJoin(indices, ",")));
  }
  return labrec::PcrSelection::Parse(absl::StrJoin(parts, "+"));
}

absl::StatusOr<Bytes> ValueAt(const Json& banks, uint16_t hash, uint32_t pcr) {
  const std::string bank = BankName(hash);
  const std::string index = absl::StrCat(pcr);
  const Json& values = banks[bank];
  const size_t size = tpm::DigestSize(*tpm::HashAlgorithmOf(hash));
  absl::StatusOr<Bytes> value = Bytes();
  if (values.contains(index) && values[index].is_string()) value = FromHex(values[index].get<std::string>());
  if (value.ok() && value->size() == size) return value;
  return Wrong(absl::StrCat(bank, ":", index, " needs ", 2 * size, " hexadecimal digits"));
}

absl::StatusOr<PcrValues> ReadValues(const Json& document) {
  if (!document.is_object() || !document.contains("pcrs") || !document["pcrs"].is_object() ||
      document["pcrs"].empty()) {
    return Wrong(
        "a JSON object with a member \"pcrs\" is wanted, as \"labyrinth-admin pcr show --json\" prints");
  }
  const Json& banks = document["pcrs"];
  PcrValues read;
  LABREC_ASSIGN_OR_RETURN(read.pcrs, SelectionOf(banks));
  for (const labrec::PcrSelection::Bank& bank : read.pcrs.banks) {
    for (const uint32_t index : bank.indices) {
      LABREC_ASSIGN_OR_RETURN(read.values.emplace_back(), ValueAt(banks, bank.hash, index));
    }
  }
  return read;
}

Json WriteValues(const PcrValues& values) {
  Json banks = Json::object();
  size_t next = 0;
  for (const labrec::PcrSelection::Bank& bank : values.pcrs.banks) {
    for (const uint32_t index : bank.indices) {
      banks[BankName(bank.hash)][absl::StrCat(index)] = Hex(values.values[next++]);
    }
  }
  return banks;
}

}  // namespace

absl::StatusOr<PcrValues> PcrValues::FromJson(std::string_view json) {
  return ReadValues(ParseOrderedJson(json));
}

absl::StatusOr<PcrApproval> PcrApproval::FromJson(std::string_view json) {
  const Json document = ParseOrderedJson(json);
  if (!document.is_object() || !document.contains("format") || document["format"] != kFormat) {
    return absl::InvalidArgumentError(absl::StrCat("no approval of PCR values (format ", kFormat, ")"));
  }
  PcrApproval approval;
  LABREC_ASSIGN_OR_RETURN(approval.approved, ReadValues(document));
  absl::StatusOr<Bytes> signature = Bytes();
  if (document.contains("signature") && document["signature"].is_string()) {
    signature = FromHex(document["signature"].get<std::string>());
  }
  if (!signature.ok() || signature->size() != approval.signature.size()) {
    return absl::InvalidArgumentError("an approval of PCR values has a signature of 128 hexadecimal digits");
  }
  std::copy(signature->begin(), signature->end(), approval.signature.begin());
  return approval;
}

Bytes PcrDigest(const PcrValues& values) {
  Writer all;
  for (const Bytes& value : values.values) all.Raw(value);
  return tpm::Hash(tpm::HashAlgorithm::kSha256, {all.bytes()});
}

Bytes ApprovedPolicy(const PcrValues& values) {
  std::vector<tpm::PcrSelection> selection;
  for (const labrec::PcrSelection::Bank& bank : values.pcrs.banks) {
    Bytes bitmap(kSelectBytes, 0);
    for (const uint32_t index : bank.indices) {
      bitmap[index / 8] = static_cast<uint8_t>(bitmap[index / 8] | 1U << (index % 8));
    }
    selection.push_back({bank.hash, std::move(bitmap)});
  }
  return tpm::PolicyDigest(tpm::HashAlgorithm::kSha256).Pcr(selection, PcrDigest(values)).digest();
}

PcrApproval Approve(const EcdsaPrivateKey& approver, const PcrValues& values) {
  return {values, approver.Sign(ApprovedPolicy(values))};
}

bool IsApprovedBy(const EcdsaPublicKey& approver, const PcrApproval& approval) {
  return approver.Verify(ApprovedPolicy(approval.approved), approval.signature);
}

std::string DifferingPcrs(const PcrValues& a, const PcrValues& b) {
  labrec::PcrSelection differing;
  size_t next = 0;
  for (const labrec::PcrSelection::Bank& bank : a.pcrs.banks) {
    labrec::PcrSelection::Bank some{bank.hash, {}};
    for (const uint32_t index : bank.indices) {
      if (a.values[next] != b.values[next]) some.indices.push_back(index);
      ++next;
    }
    if (!some.indices.empty()) differing.banks.push_back(std::move(some));
  }
  return differing.ToString();
}

std::string ToJson(const PcrValues& values) {
  return JsonText(Json{{"pcrs", WriteValues(values)}}, 2) + "\n";
}

std::string ToJson(const PcrApproval& approval) {
  const Json document = {
      {"format", kFormat}, {"pcrs", WriteValues(approval.approved)}, {"signature", Hex(approval.signature)}};
  return JsonText(document, 2) + "\n";
}
}  // namespace labrec::hsm
