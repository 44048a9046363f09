#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/admin/describe.h"

namespace labrec::admin {
namespace {

struct TakeoverOptions : SocketOptions {
  bool end_session = false;
};

void ShowStandby(const SocketOptions& options, const Json& json) {
  Print(options.format, json, Text(json));
}

absl::Status StandbyStatus(const SocketOptions& options) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, AdminClient(options.Path()).GetStandby());
  if (answer.serves()) {
    ShowStandby(options, {{"serves", true}});
    return absl::OkStatus();
  }
  Json json = {{"serves", false},
               {"ready", answer.refusal().empty()},
               {"refusal", answer.refusal()},
               {"epoch", answer.epoch()},
               {"records", answer.records()},
               {"discontinuities", answer.discontinuities()},
               {"served_by", answer.holder()},
               {"unserved_for_ms", answer.unserved_for_ms()},
               {"looked_ago_ms", answer.looked_ago_ms()},
               {"automatic", answer.automatic()}};
  ShowStandby(options, json);
  return absl::OkStatus();
}

// The daemon leaves its socket and makes it anew in between.
absl::StatusOr<v1::GetStatusResponse> AwaitServing(const SocketOptions& options) {
  constexpr std::chrono::seconds kWithin{60};
  constexpr std::chrono::milliseconds kAskEvery{50};
  const auto deadline = std::chrono::steady_clock::now() + kWithin;
  std::string last;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto status = AdminClient(options.Path()).GetStatus();
    if (status.ok() && status->serving()) return status;
    last = status.ok() ? status->not_serving_reason() : std::string(status.status().message());
    std::this_thread::sleep_for(kAskEvery);
  }
  return absl::UnavailableError(absl::StrCat(
      "the ledger was taken over, and this host does not serve yet; its log says why (", last, ")"));
}

absl::Status TakeOver(const TakeoverOptions& options) {
  v1::TakeOverRequest request;
  request.set_end_holder(options.end_session);
  const auto start = std::chrono::steady_clock::now();
  const auto taken = AdminClient(options.Path()).TakeOver(request);
  if (absl::IsFailedPrecondition(taken.status()) && !options.end_session) {
    return absl::FailedPreconditionError(absl::StrCat(
        taken.status().message(),
        "; nothing was changed. If another host has the ledger and hangs, --end-session ends its "
        "session with PostgreSQL; what it still does is refused by the device"));
  }
  LABREC_RETURN_IF_ERROR(taken.status());
  LABREC_ASSIGN_OR_RETURN(const auto status, AwaitServing(options));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  ShowStandby(options, {{"serves", true}, {"epoch", status.epoch()}, {"took_ms", took.count()}});
  return absl::OkStatus();
}

}  // namespace

void AddStandbyCommands(const cli::Command& app, Result& result) {
  const cli::Command group = app.AddCommand("standby", "A second host that follows a realm (--standby)");
  group.RequireCommand();
  cli::Command command;
  const auto status = AddCommand<SocketOptions>(
      group, "status", "Whether this host could take the realm over, and who serves it", result, command,
      StandbyStatus);
  AddSocketOptions(command, *status);
  const auto takeover = AddCommand<TakeoverOptions>(
      group, "takeover", "Serve the realm on this host; the host that served it ends for good", result,
      command, TakeOver);
  AddSocketOptions(command, *takeover);
  command.AddFlag("--end-session", takeover->end_session,
                  "end the other host's session with PostgreSQL, if it has the ledger still");
}

}  // namespace labrec::admin
