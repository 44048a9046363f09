#include "recovery/engine/accounts.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/call/registration_keys.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/record_view.h"
#include "recovery/engine/rows/rows.h"
#include "recovery/engine/rows/waiting_refills.h"
#include "recovery/record/accept/discarding.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row_frame.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

// Removes one account on its way through a commit, and answers with what went.
class EraseTask : public Task {
 public:
  EraseTask(Time deadline, RecordName account, RegistrationKeys& keys_of_begun, Done<AccountErased> done)
      : Task(deadline), account_(std::move(account)), keys_of_begun_(keys_of_begun), done_(std::move(done)) {}

  absl::Status Apply(WorkingSet& rows, int64_t) override {
    LABREC_ASSIGN_OR_RETURN(const auto* row, rows.account(account_));
    if (!*row) return InOwnWords(absl::NotFoundError("there is no such account"));
    const std::vector<std::string> records = (*row)->records;
    erased_ = {static_cast<uint32_t>((*row)->devices.size()), static_cast<uint32_t>(records.size())};
    for (const std::string& name : records) {  // all are read before the first goes
      LABREC_RETURN_IF_ERROR(rows.record({account_.tenant, account_.account, name}).status());
    }
    for (const std::string& name : records) {
      const RecordName record{account_.tenant, account_.account, name};
      keys_of_begun_.RecordDeleted(record, std::chrono::steady_clock::now());
      rows.Remove(record);
    }
    rows.RemoveAccount(account_);
    return absl::OkStatus();
  }
  void Committed(KeyWork&) override { done_(erased_); }
  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const RecordName account_;
  RegistrationKeys& keys_of_begun_;
  const Done<AccountErased> done_;
  AccountErased erased_;
};

}  // namespace

void Accounts::Show(Caller caller, Done<AccountView> done) {
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return done(std::move(bad));
  const RecordName name{caller.tenant, caller.account, ""};
  const auto read = [this, name](WorkingSet& rows) -> absl::StatusOr<AccountView> {
    LABREC_ASSIGN_OR_RETURN(const auto* account, rows.account(name));
    if (!*account) return AccountView{};
    AccountView view{true, **account, {}};
    for (const std::string& each : view.account.records) {
      const RecordName record{name.tenant, name.account, each};
      LABREC_ASSIGN_OR_RETURN(const auto* row, rows.record(record));
      view.records.push_back(ViewOf(record, *row, {parts_.ledger, parts_.clock, parts_.policy}));
    }
    return view;
  };
  const auto while_away = [this, name](const absl::Status& why) -> absl::StatusOr<AccountView> {
    if (parts_.ledger.stopped()) return why;
    LABREC_ASSIGN_OR_RETURN(const auto account, ReadAccount(parts_.ledger, name.tenant, name.account));
    if (!account) return AccountView{};
    return View(*account);
  };
  parts_.admission.Enqueue(
      caller, std::make_shared<ReadTask<AccountView>>(caller.deadline, read, std::move(done), while_away));
}

void Accounts::Erase(Caller caller, Done<AccountErased> done) {
  if (absl::Status bad = CheckCaller(caller); !bad.ok()) return done(std::move(bad));
  if (!caller.is_operator) {
    return done(InOwnWords(absl::PermissionDeniedError("only the operator erases an account")));
  }
  parts_.admission.Enqueue(
      caller, std::make_shared<EraseTask>(caller.deadline, RecordName{caller.tenant, caller.account, ""},
                                          parts_.keys_of_begun, std::move(done)));
}

absl::StatusOr<AccountView> Accounts::View(const Account& account) const {
  AccountView view{true, account, {}};
  for (const std::string& each : account.records) {
    const RecordName record{account.tenant, account.account, each};
    LABREC_ASSIGN_OR_RETURN(const auto row, ReadRecord(parts_.ledger, record));
    const std::optional<Record> refilled = parts_.refills.Find(RecordRowKey(record));
    view.records.push_back(
        ViewOf(record, refilled ? refilled : row, {parts_.ledger, parts_.clock, parts_.policy}));
  }
  return view;
}

// Storage says which rows there are, and the ledger whether each is what it wrote; a row that storage keeps
// back is missed by their number.
absl::StatusOr<AccountPage> Accounts::List(const std::optional<AccountCursor>& from, size_t most) const {
  AccountPage page;
  AccountCursor at = from.value_or(AccountCursor());
  size_t visited = 0;
  std::vector<RowAddress> found;  // read once the walk is over, as it keeps storage's log from being erased
  const auto visit = [&](const RowAddress& address, ByteView content) -> absl::Status {
    if (visited++ == most) {
      page.next = at;
      return absl::CancelledError();
    }
    at = {address, at.seen + 1};
    if (IsDiscardedRow(content)) ++page.unnamed;
    if (IsAccountRow(content)) found.push_back(address);
    return absl::OkStatus();
  };
  const uint64_t expected = parts_.ledger.row_count();
  const absl::Status walked =
      parts_.store.ForEachRowAfter(from ? std::optional(from->after) : std::nullopt, visit);
  if (!walked.ok() && !absl::IsCancelled(walked)) return walked;
  for (const RowAddress& address : found) {
    absl::StatusOr<AccountView> view = Checked(address);
    if (!view.ok()) page.problems.emplace_back(view.status().message());
    if (view.ok() && view->known) page.accounts.push_back(*std::move(view));
  }
  if (!page.next && at.seen < std::min(expected, parts_.ledger.row_count())) {
    page.problems.push_back(
        absl::StrCat("storage shows ", at.seen, " rows, and the ledger has ", expected,
                     from ? "; if accounts came or went during this, list them again" : ""));
  }
  return page;
}

absl::StatusOr<AccountView> Accounts::Checked(const RowAddress& address) const {
  LABREC_ASSIGN_OR_RETURN(const std::optional<Bytes> row, parts_.ledger.Read(address));
  if (!row || !IsAccountRow(*row)) return AccountView{};  // gone since
  LABREC_ASSIGN_OR_RETURN(const Account account, DecodeAccount(*row));
  return View(account);
}

}  // namespace labrec::recovery
