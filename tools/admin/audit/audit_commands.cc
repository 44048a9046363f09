#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/realm/audit_chain.h"
#include "tools/admin/command.h"
#include "tools/admin/commands.h"
#include "tools/admin/describe.h"
#include "tools/admin/offline_realm.h"

namespace labrec::admin {
namespace {

struct VerifyAuditOptions : OfflineOptions {
  std::vector<std::string> files;
  std::vector<std::string> expected;
};

// The realm's own file, unless others are named.
absl::StatusOr<std::vector<std::string>> FilesOf(const VerifyAuditOptions& options) {
  const bool realm = !options.state.empty() || !options.config.empty();
  if (realm != options.files.empty()) {
    return absl::InvalidArgumentError(
        "audit verify wants --state or --config, or files, the oldest first: one of them");
  }
  if (!realm) return options.files;
  LABREC_ASSIGN_OR_RETURN(const OfflineRealm found, FindRealm(options));
  return std::vector<std::string>{recovery::RealmFolder(found.state).AuditPath().string()};
}

absl::StatusOr<Digest> DigestOf(const std::string& hex) {
  const absl::StatusOr<Bytes> bytes = FromHex(hex);
  Digest digest{};
  if (!bytes.ok() || bytes->size() != digest.size()) {
    return absl::InvalidArgumentError("--expect: 64 hexadecimal digits, a \"head\" that was printed earlier");
  }
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

absl::Status CheckIntact(const recovery::AuditChain& chain) {
  if (chain.problem_count() > 0) {
    return absl::DataLossError(absl::StrCat(chain.problem_count(),
                                            " lines of the audit log are not as they were "
                                            "written; the first: ",
                                            chain.problems().front()));
  }
  if (!chain.met()) {
    return absl::DataLossError(
        "the audit log has no line of an expected hash: its end was cut off, or it was written anew");
  }
  return absl::OkStatus();
}

absl::Status VerifyAudit(const VerifyAuditOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto files, FilesOf(options));
  recovery::AuditChain chain;
  for (const std::string& hex : options.expected) {
    LABREC_ASSIGN_OR_RETURN(const Digest digest, DigestOf(hex));
    chain.Expect(digest);
  }
  for (const std::string& file : files) LABREC_RETURN_IF_ERROR(chain.Read(file));
  const Json json = {{"intact", CheckIntact(chain).ok()},
                     {"lines", chain.lines()},
                     {"unchained", chain.unchained()},
                     {"torn", chain.torn()},
                     {"head", Hex(chain.head())},
                     {"expected_met", chain.met()},
                     {"problem_count", chain.problem_count()},
                     {"problems", chain.problems()}};
  Print(options.format, json, Text(json));
  return CheckIntact(chain);
}

}  // namespace

void AddAuditCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("audit", "The log of what operators and clients did");
  group.RequireCommand();
  cli::Command command;
  const auto verify = AddCommand<VerifyAuditOptions>(
      group, "verify", "Check that no line was edited, moved, added or taken away; name those that were",
      result, command, VerifyAudit);
  command.AddOption("--state", verify->state, "the realm's folder").Word("DIR");
  command.AddOption("--config", verify->config, "the daemon's configuration").Word("FILE");
  command
      .AddOption("--expect", verify->expected,
                 "a \"head\" that was printed earlier and kept elsewhere: it has to be there still")
      .Word("HEX")
      .Repeatable();
  command.AddOption("FILE", verify->files, "instead: files that were moved away, the oldest first");
}

}  // namespace labrec::admin
