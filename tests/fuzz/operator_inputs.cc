// What labyrinth-admin reads of files: lines of an audit log, values of PCRs and approvals of them,
// selections.

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

#include "hsm/pcr/pcr_approval.h"
#include "recovery/realm/audit_chain.h"

namespace {

using namespace labrec;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Values(std::string_view text) {
  const auto values = hsm::PcrValues::FromJson(text);
  if (!values.ok()) return;
  const auto again = hsm::PcrValues::FromJson(hsm::ToJson(*values));
  Require(again.ok() && *again == *values);
}

void Approval(std::string_view text) {
  const auto approval = hsm::PcrApproval::FromJson(text);
  if (!approval.ok()) return;
  const auto again = hsm::PcrApproval::FromJson(hsm::ToJson(*approval));
  Require(again.ok() && again->approved == approval->approved);
  static const auto* const stranger = new EcdsaPublicKey(EcdsaPrivateKey::Generate().public_key());
  Require(!hsm::IsApprovedBy(*stranger, *approval));
}

void AuditLines(std::string_view text) {
  recovery::AuditChain chain;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(std::string(text), '\n'))) {
    chain.TakeLine(line);
  }
  Digest head = chain.head();
  const std::string next = recovery::LinkAuditLine("{\"event\":\"e\"}", head);
  const uint64_t problems = chain.problem_count();
  chain.TakeLine(std::string_view(next).substr(0, next.size() - 1));
  Require(chain.problem_count() == problems);
  Require(chain.head() == head);
}

void Selection(std::string_view text) {
  const auto selection = PcrSelection::Parse(text);
  if (!selection.ok()) return;
  const auto again = PcrSelection::Parse(selection->ToString());
  Require(again.ok() && *again == *selection);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      AuditLines(text);
      break;
    case 1:
      Values(text);
      break;
    case 2:
      Approval(text);
      break;
    default:
      Selection(text);
  }
  return 0;
}
