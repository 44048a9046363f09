#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/api/v1/admin.pb.h"

namespace labrec::admin {

namespace v1 = ::labyrinth::recovery::v1;

// The daemon's admin API (admin.proto) over its Unix socket. Waits at most half a minute for an answer, for a
// backup or a rotation six hours. Errors carry the daemon's message; UNAVAILABLE says on which socket nobody
// answered; FAILED_PRECONDITION: what lies at the path is no socket, a symbolic link for one. One thread.
class AdminClient {
 public:
  // Where its socket is not known, every call fails with that status.
  explicit AdminClient(const absl::StatusOr<std::filesystem::path>& socket);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  absl::StatusOr<v1::GetStatusResponse> GetStatus();
  absl::StatusOr<v1::ListDevicesResponse> ListDevices(const v1::AdminAccount& account);
  absl::StatusOr<v1::EnrollDeviceResponse> EnrollDevice(const v1::AdminEnrollDeviceRequest& request);
  absl::StatusOr<v1::EnrollDevicesResponse> EnrollDevices(const v1::EnrollDevicesRequest& request);
  absl::StatusOr<v1::RevokeDeviceResponse> RevokeDevice(const v1::AdminRevokeDeviceRequest& request);
  absl::StatusOr<v1::AdminShowRecordResponse> ShowRecord(const v1::AdminRecord& record);
  absl::StatusOr<v1::DeleteRecordResponse> DeleteRecord(const v1::AdminRecord& record);
  absl::StatusOr<v1::GetIdentityResponse> Identity();
  absl::StatusOr<v1::AttestResponse> Attest(const v1::AttestRequest& request);
  absl::StatusOr<v1::ListAccountsResponse> ListAccounts(const v1::ListAccountsRequest& request);
  absl::StatusOr<v1::AccountState> ShowAccount(const v1::AdminAccount& account);
  absl::StatusOr<v1::EraseAccountResponse> EraseAccount(const v1::AdminAccount& account);
  absl::StatusOr<v1::ListTenantsResponse> ListTenants();
  absl::StatusOr<v1::ListTenantsResponse> ReloadTenants();
  absl::StatusOr<v1::CreateBackupResponse> CreateBackup(const v1::CreateBackupRequest& request);
  absl::StatusOr<v1::RotatePeriodKeyResponse> RotatePeriodKey(const v1::RotatePeriodKeyRequest& request);
  absl::StatusOr<v1::GetStandbyResponse> GetStandby();
  absl::StatusOr<v1::TakeOverResponse> TakeOver(const v1::TakeOverRequest& request);

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace labrec::admin
