#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recovery/labyrinth/mailbox.h"
#include "tools/cli/connect.h"
#include "tools/mailbox/home.h"
#include "tools/mailbox/recovery_floor.h"
#include "tools/mailbox/store_address.h"

namespace labrec::mailbox {

// What every command is told.
struct SessionOptions {
  std::string home;
  StoreOptions store;
  cli::RealmOptions realms;
  std::string record;                        // empty: the home's, else "default"
  recovery::labyrinth::AccountName account;  // empty: the home's, else the token's
  bool no_floor = false;                     // believe the store; for showing what the floor is for
};

// What every command works on: this device, the message store, the recovery realms.
class Session {
 public:
  // FAILED_PRECONDITION if this home's record is kept by realms and none are given.
  static absl::StatusOr<Session> Open(const SessionOptions& options);

  // The mailbox of the device whose home it is; the session outlives it.
  absl::StatusOr<recovery::labyrinth::Mailbox> OpenMailbox();
  // From now on the realms keep the floor, unless the floor is off; before a mailbox is opened.
  void KeepFloorInRealms();
  bool floor_is_in_realms() const { return recovery_floor_ != nullptr; }
  // Says on stderr which realms the last raise of the floor did not reach, and whose floor was not believed.
  void WarnOfFloor(const std::vector<recovery::labyrinth::DoubtedFloor>& doubted) const;
  // Says on stderr that realms are given and this home asks none of them for the floor, if so.
  void WarnOfNoFloor() const;

  // The realms, or INVALID_ARGUMENT if none were given.
  absl::StatusOr<const cli::Connection*> Realms() const;

  Home home;
  recovery::labyrinth::AccountName account;
  std::string record;
  std::unique_ptr<recovery::labyrinth::MessageStore> store;
  std::unique_ptr<recovery::labyrinth::FloorKeeper> floor;

 private:
  explicit Session(const SessionOptions& options)
      : home(options.home), account(options.account), no_floor_(options.no_floor) {}
  absl::Status FindAccount();
  absl::Status FindRecord(const std::string& named);

  bool no_floor_;
  std::optional<cli::Connection> realms_;
  RecoveryFloor* recovery_floor_ = nullptr;  // `floor`, if the realms keep it
};

}  // namespace labrec::mailbox
