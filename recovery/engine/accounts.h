#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "pin/guess_policy.h"
#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

class Admission;
class Ledger;
class RegistrationKeys;
class WaitingRefills;

// All that the realm keeps of an account, as far as it shows it. With `known` false there is no such account.
struct AccountView {
  bool known = false;
  Account account;
  std::vector<RecordView> records;
};

// How far a walk over all accounts has come: what is behind that row comes next, whatever came or went
// meanwhile.
struct AccountCursor {
  RowAddress after;
  uint64_t seen = 0;  // rows so far
};

// Accounts in the order of storage.
struct AccountPage {
  std::vector<AccountView> accounts;
  std::vector<std::string> problems;       // of rows that could not be read
  uint64_t unnamed = 0;                    // rows that "anchor accept" took every name from
  std::optional<AccountCursor> next = {};  // none: that was all
};

// What went with an account.
struct AccountErased {
  uint32_t devices = 0;
  uint32_t records = 0;
  bool changed = true;
};

// The operator's calls about whole accounts. What all calls promise: see Engine.
class Accounts {
 public:
  struct Parts {
    pin::GuessPolicy policy;
    const Clock& clock;
    Store& store;
    Ledger& ledger;
    const WaitingRefills& refills;
    Admission& admission;
    RegistrationKeys& keys_of_begun;
  };
  explicit Accounts(Parts parts) : parts_(std::move(parts)) {}

  // The account with all its records.
  void Show(Caller caller, Done<AccountView> done);
  // Removes the account's row and every record's; nothing of the name is left in the ledger, so that it is a
  // new account to whoever comes next. NOT_FOUND: there is none; PERMISSION_DENIED: not the operator.
  void Erase(Caller caller, Done<AccountErased> done);
  // The accounts among the `most` rows that come next (nullopt: first), as this process has them, without a
  // look at the claim. Each is checked as whenever it is read, and the number of all rows at the end; what is
  // wrong is named. Over all pages, whoever is there all the while is shown once. Blocks; any thread.
  absl::StatusOr<AccountPage> List(const std::optional<AccountCursor>& from, size_t most) const;

 private:
  absl::StatusOr<AccountView> View(const Account& account) const;
  absl::StatusOr<AccountView> Checked(const RowAddress& address) const;

  const Parts parts_;
};

}  // namespace labrec::recovery
