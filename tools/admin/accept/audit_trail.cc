#include "tools/admin/accept/audit_trail.h"

#include "absl/strings/str_cat.h"

#include "recovery/realm/audit_chain.h"

namespace labrec::admin {

std::string AcceptDetail(const AcceptReport& report, const AcceptRequest& request) {
  const recovery::ReanchorReport& rebuilt = report.rebuilt;
  return absl::StrCat("epoch ", rebuilt.epoch, ", rows ", rebuilt.rows, ", left out ", rebuilt.left_out,
                      ", not vouched for ", report.rows.unvouched,
                      request.take_unvouched ? " (taken all the same)" : "", ", discarded ",
                      report.rows.discarded, ", at most ", request.reanchor_floor, " guesses left");
}

absl::StatusOr<uint64_t> KnownDiscontinuities(const std::filesystem::path& audit_log) {
  recovery::AuditChain chain;
  const absl::Status read = chain.Read(audit_log);
  if (absl::IsNotFound(read)) return 0;
  if (!read.ok()) return read;
  return chain.discontinuities();
}

}  // namespace labrec::admin
