#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/server/admin/acts.h"
#include "recovery/server/admin/service.h"

// What the operator asks of whole accounts.
namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

namespace {

constexpr uint32_t kMostRows = 10'000;

// What a caller brings back to go on: opaque to him.
std::string Written(const AccountCursor& cursor) {
  return ToString(Writer().U32(cursor.after.bucket).Raw(cursor.after.key).U64(cursor.seen).bytes());
}
// nullopt: the first page.
absl::StatusOr<std::optional<AccountCursor>> CursorFrom(const std::string& text) {
  if (text.empty()) return std::nullopt;
  Reader reader(AsBytes(text));
  AccountCursor cursor;
  cursor.after.bucket = reader.U32();
  std::ranges::copy(reader.Raw(cursor.after.key.size()), cursor.after.key.begin());
  cursor.seen = reader.U64();
  if (reader.AtEnd()) return cursor;
  return absl::InvalidArgumentError("after: this is no page's \"next\"; leave it empty to begin");
}

void FillAccount(const AccountView& view, Configs configs, v1::AccountState* state) {
  state->mutable_account()->set_tenant(view.account.tenant);
  state->mutable_account()->set_account(view.account.account);
  FillDevices(view.account, state->mutable_devices());
  for (const RecordView& each : view.records) {
    v1::NamedRecord* const record = state->add_records();
    record->set_name(each.record.name.record);
    FillShown(each, configs, record->mutable_shown());
  }
}

absl::Status NoSuchAccount(const v1::AdminAccount& account) {
  return absl::NotFoundError(absl::StrCat("tenant \"", account.tenant(), "\", account \"", account.account(),
                                          "\": nothing is known of it; are both names right?"));
}

}  // namespace

absl::Status AdminService::NoteRead(const Context& context, const char* event, const std::string& tenant,
                                    const std::string& account, const std::string& record) {
  LABREC_ASSIGN_OR_RETURN(std::string actor, Actor(context));
  return audit_.Append({event, std::move(actor), tenant, account, record, ""}, Durability::kBuffered);
}

AdminService::Reactor* AdminService::ListAccounts(Context* context, const v1::ListAccountsRequest* request,
                                                  v1::ListAccountsResponse* response) {
  return Serve(context, "Admin.ListAccounts", traffic_, [&](const Call& call) -> absl::Status {
    // Each page is a read of its own: nobody has to begin with the first one.
    LABREC_RETURN_IF_ERROR(NoteRead(*context, "accounts_read", request->tenant(), ""));
    LABREC_ASSIGN_OR_RETURN(const auto from, CursorFrom(request->after()));
    const uint32_t most = request->most_rows() > 0 ? std::min(request->most_rows(), kMostRows) : kMostRows;
    LABREC_ASSIGN_OR_RETURN(const AccountPage page, engine_.accounts().List(from, most));
    for (const AccountView& view : page.accounts) {
      if (!request->tenant().empty() && request->tenant() != view.account.tenant) continue;
      FillAccount(view, Configs::kLeaveOut, response->add_accounts());
    }
    for (const std::string& problem : page.problems) response->add_problems(problem);
    response->set_unnamed(page.unnamed);
    if (page.next) response->set_next(Written(*page.next));
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::ShowAccount(Context* context, const v1::AdminAccount* request,
                                                 v1::AccountState* response) {
  return Serve(context, "Admin.ShowAccount", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, request->tenant(), request->account()));
    LABREC_RETURN_IF_ERROR(NoteRead(*context, "account_read", caller.tenant, caller.account));
    engine_.accounts().Show(std::move(caller), [=](absl::StatusOr<AccountView> view) {
      if (view.ok() && !view->known) view = NoSuchAccount(*request);
      if (view.ok()) FillAccount(*view, Configs::kInclude, response);
      call.Finish(view.status());
    });
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::EraseAccount(Context* context, const v1::AdminAccount* request,
                                                  v1::EraseAccountResponse* response) {
  return Serve(context, "Admin.EraseAccount", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(std::string actor, Changer(*context));
    LABREC_ASSIGN_OR_RETURN(Caller caller, Operator(*context, request->tenant(), request->account()));
    AuditEvent event{"account_erase", std::move(actor), caller.tenant, caller.account, "", ""};
    LABREC_RETURN_IF_ERROR(Agree(*context, event));
    LABREC_RETURN_IF_ERROR(audit_.Append(event, Durability::kSync));
    engine_.accounts().Erase(std::move(caller), RecordedAnswer<AccountErased>(
                                                    call, audit_, event, [=](const AccountErased& erased) {
                                                      response->set_devices(erased.devices);
                                                      response->set_records(erased.records);
                                                    }));
    return absl::OkStatus();
  });
}

}  // namespace labrec::recovery
