#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/client/base/device_list.h"
#include "recovery/client/base/outcome.h"
#include "recovery/client/base/pin_change.h"
#include "recovery/client/base/record_status.h"
#include "tests/hostile/report.h"
#include "tests/hostile/stage.h"

namespace labrec::hostile {

// What the owner sealed, by the config that went out.
struct Made {
  std::string pin;
  std::set<std::string> secrets;  // one of these
  bool is_the_liars = false;      // it was made of a version that the liars may have made up
};
using AllMade = std::map<Bytes, Made>;

// What is really so at each realm.
using Truth = std::vector<recovery::wire::GetRecordResponse>;

// Holds one move against what was promised (README.md). What no client can know, as the liars are as many as
// the realms that it asks for, is not held against it.
class Judge {
 public:
  Judge(const Plan& plan, const Move& move, const Stage& stage, const AllMade& made, const Truth& before,
        const Truth& after)
      : plan_(plan), move_(move), stage_(stage), made_(made), before_(before), after_(after) {}

  // Of every operation. `entries`: how often one entry of a PIN may be counted at a realm; `least` that the
  // operation goes by.
  void Calls(uint32_t entries, uint32_t least);
  void Recover(const absl::StatusOr<recovery::client::RecoverOutcome>& outcome, const std::string& pin);
  void ChangePin(const absl::StatusOr<recovery::client::PinChange>& outcome, const std::string& old_pin);
  void Seal(const absl::StatusOr<recovery::client::Sealed>& outcome);
  void Devices(const std::vector<recovery::client::RealmReport>& reports,
               const std::vector<recovery::wire::ListDevicesResponse>& devices, const Bytes& device,
               bool there);
  // No list is longer than a realm's can be, and who shows a longer one is not taken for good.
  void Status(const recovery::client::RecordStatus& status);
  void DeviceLists(const std::vector<recovery::client::DeviceList>& lists,
                   const std::vector<recovery::wire::ListDevicesResponse>& devices);

  // Whether the liars are too few to make up what the client goes by.
  bool IsProtected(uint32_t least) const;

  std::vector<Violation> violations;

 private:
  void Broken(const std::string& rule, const std::string& text) { violations.push_back({rule, text}); }
  bool IsHonest(size_t realm) const { return !stage_.IsLiar(realm); }
  bool Answers(size_t realm) const { return IsHonest(realm) && !stage_.IsAway(realm); }
  size_t HonestThatAnswer() const;
  // Whether a version that is there comes from one that the liars made up when nobody could know better.
  bool IsOfTheLiars() const;
  // Whether an honest realm that answers offers a version.
  bool IsOffered() const;
  // Whether all that is registered anywhere is under this PIN, or nothing is.
  bool IsRightEverywhere(const std::string& pin) const;
  bool IsWrongEverywhere(const std::string& pin) const;
  // The newest version is usable at enough honest realms that answer.
  bool IsThere() const;
  bool ShowedTooMuch(size_t realm, const std::string& method) const;
  void Guesses(uint32_t entries);
  void Revealed();
  void Secret(const recovery::client::Recovered& recovered, const std::string& pin);
  void Believed(const recovery::client::RecoverOutcome& outcome);
  void NothingErased(const std::string& pin);
  void Configs();
  void Holders(const recovery::client::Sealed& sealed);
  void Threshold(const recovery::client::Sealed& sealed);
  void ProvenKeys(const std::vector<recovery::client::RealmReport>& reports);

  const Plan& plan_;
  const Move& move_;
  const Stage& stage_;
  const AllMade& made_;
  const Truth& before_;
  const Truth& after_;
};

}  // namespace labrec::hostile
