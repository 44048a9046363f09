#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "recovery/labyrinth/joining.h"
#include "recovery/labyrinth/mailbox.h"

namespace labrec::mailbox {

// Where a device of the example keeps what is its own: a folder of mode 0700 with secret files of mode 0600.
// A phone would use its key store; a device key in hardware would be a DeviceSigner of its own.
//
//   device_key.pem   PKCS#8
//   state            DeviceState, once it is a member
//   pending          PendingDevice, while it waits to be let in
//   record           name of the record whose realms keep the epoch floor, once there is one
//   seen             the members that its owner was shown: "id digest" in hexadecimal, a line for each
class Home {
 public:
  explicit Home(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const std::filesystem::path& folder() const { return folder_; }

  // Makes the folder and a device key, or takes the one that an attempt before left there which did not
  // succeed. ALREADY_EXISTS if this is a device's home already.
  absl::StatusOr<std::unique_ptr<recovery::labyrinth::DeviceSigner>> MakeDeviceKey();

  // Whether its files could be written now; to be asked before a PIN is.
  absl::Status CheckWritable() const;

  // FAILED_PRECONDITION if this device is not a member of a mailbox.
  absl::StatusOr<recovery::labyrinth::DeviceState> LoadState() const;
  absl::Status SaveState(const recovery::labyrinth::DeviceState& state) const;

  // FAILED_PRECONDITION if this device does not wait to be let in.
  absl::StatusOr<recovery::labyrinth::PendingDevice> LoadPending() const;
  absl::Status SavePending(const recovery::labyrinth::PendingDevice& pending) const;
  void ForgetPending() const;

  // Of the state, or of the pending one; nullopt if there is neither that can be read.
  std::optional<recovery::labyrinth::AccountName> Account() const;

  // nullopt if no realm keeps a floor for this device.
  absl::StatusOr<std::optional<std::string>> Record() const;
  absl::Status SaveRecord(const std::string& record) const;

  // Empty if its owner was shown none. DATA_LOSS if it is not what SaveSeen writes.
  absl::StatusOr<std::vector<recovery::labyrinth::OpeningRecord::Line>> Seen() const;
  absl::Status SaveSeen(const std::vector<recovery::labyrinth::OpeningRecord::Line>& members) const;

  // PKCS#8 PEM of mode 0600: what recovery/client/base/device_key.h loads too, so that the mailbox's device
  // key is the realms'.
  std::filesystem::path DeviceKeyPath() const { return folder_ / "device_key.pem"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace labrec::mailbox
