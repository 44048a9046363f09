#include "tools/admin/admin_client.h"

#include <chrono>

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/text/host_port.h"
#include "recovery/api/lasting_grpc.h"
#include "recovery/api/v1/admin.grpc.pb.h"

namespace labrec::admin {
namespace {

using Stub = v1::Admin::Stub;
template <typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::hours kBackupPatience{6};  // of a big ledger on a slow disk

// A link is not followed: who owns the folder could have root's commands carried out by another realm with
// it.
absl::Status CheckSocket(const std::string& socket, int fd) {
  struct stat found {};
  const bool unknown = fd < 0 || fstat(fd, &found) != 0;  // connecting says why
  if (unknown || S_ISSOCK(found.st_mode)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(socket, ": is no socket; name the daemon's admin socket itself with --socket"));
}

// The very file that was looked at, whatever its name stands for by now.
std::string AddressOf(const std::string& socket, int fd) {
  return TargetUri(fd < 0 ? "unix:" + socket : absl::StrCat("unix:/proc/self/fd/", fd));
}

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  recovery::KeepGrpcUntilExit();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // a list of accounts is as long as it is
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

class AdminClient::Connection {
 public:
  explicit Connection(const absl::StatusOr<std::filesystem::path>& socket)
      : socket_(socket.ok() ? std::filesystem::absolute(*socket).string() : std::string()),
        fd_(open(socket_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
        found_(socket.ok() ? CheckSocket(socket_, fd_) : socket.status()),
        stub_(v1::Admin::NewStub(ChannelTo(AddressOf(socket_, fd_)))) {}
  ~Connection() {
    if (fd_ >= 0) close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(Method<Request, Response> method, const Request& request,
                                std::chrono::seconds patience = kPatience) {
    if (!found_.ok()) return found_;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    Response response;
    const absl::Status status = FromGrpc(((*stub_).*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

 private:
  absl::Status FromGrpc(const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    std::string message = status.error_message();
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      message = absl::StrCat(socket_,
                             ": no answer from labyrinth-recoveryd; does it run, and are you root or its "
                             "user? (",
                             message, ")");
    }
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      message = absl::StrCat(socket_,
                             ": this daemon does not take that call; it is a standby ('labyrinth-admin "
                             "standby status'), or of another version");
    }
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), message);
  }

  const std::string socket_;
  const int fd_;  // of the socket's file, O_PATH; below 0 where there is none
  const absl::Status found_;
  const std::unique_ptr<Stub> stub_;
};

AdminClient::AdminClient(const absl::StatusOr<std::filesystem::path>& socket)
    : connection_(std::make_unique<Connection>(socket)) {}
AdminClient::~AdminClient() = default;

absl::StatusOr<v1::GetStatusResponse> AdminClient::GetStatus() {
  return connection_->Call(&Stub::GetStatus, v1::GetStatusRequest());
}

absl::StatusOr<v1::ListDevicesResponse> AdminClient::ListDevices(const v1::AdminAccount& account) {
  return connection_->Call(&Stub::AdminListDevices, account);
}

absl::StatusOr<v1::EnrollDeviceResponse> AdminClient::EnrollDevice(
    const v1::AdminEnrollDeviceRequest& request) {
  return connection_->Call(&Stub::AdminEnrollDevice, request);
}

absl::StatusOr<v1::EnrollDevicesResponse> AdminClient::EnrollDevices(
    const v1::EnrollDevicesRequest& request) {
  return connection_->Call(&Stub::EnrollDevices, request);
}

absl::StatusOr<v1::RevokeDeviceResponse> AdminClient::RevokeDevice(
    const v1::AdminRevokeDeviceRequest& request) {
  return connection_->Call(&Stub::AdminRevokeDevice, request);
}

absl::StatusOr<v1::AdminShowRecordResponse> AdminClient::ShowRecord(const v1::AdminRecord& record) {
  return connection_->Call(&Stub::AdminShowRecord, record);
}

absl::StatusOr<v1::DeleteRecordResponse> AdminClient::DeleteRecord(const v1::AdminRecord& record) {
  return connection_->Call(&Stub::AdminDeleteRecord, record);
}

absl::StatusOr<v1::GetIdentityResponse> AdminClient::Identity() {
  return connection_->Call(&Stub::AdminIdentity, v1::GetIdentityRequest());
}

absl::StatusOr<v1::AttestResponse> AdminClient::Attest(const v1::AttestRequest& request) {
  return connection_->Call(&Stub::AdminAttest, request);
}

absl::StatusOr<v1::ListAccountsResponse> AdminClient::ListAccounts(const v1::ListAccountsRequest& request) {
  return connection_->Call(&Stub::ListAccounts, request);
}

absl::StatusOr<v1::AccountState> AdminClient::ShowAccount(const v1::AdminAccount& account) {
  return connection_->Call(&Stub::ShowAccount, account);
}

absl::StatusOr<v1::EraseAccountResponse> AdminClient::EraseAccount(const v1::AdminAccount& account) {
  return connection_->Call(&Stub::EraseAccount, account);
}

absl::StatusOr<v1::ListTenantsResponse> AdminClient::ListTenants() {
  return connection_->Call(&Stub::ListTenants, v1::ListTenantsRequest());
}

absl::StatusOr<v1::ListTenantsResponse> AdminClient::ReloadTenants() {
  return connection_->Call(&Stub::ReloadTenants, v1::ReloadTenantsRequest());
}

absl::StatusOr<v1::CreateBackupResponse> AdminClient::CreateBackup(const v1::CreateBackupRequest& request) {
  return connection_->Call(&Stub::CreateBackup, request, kBackupPatience);
}

absl::StatusOr<v1::RotatePeriodKeyResponse> AdminClient::RotatePeriodKey(
    const v1::RotatePeriodKeyRequest& request) {
  return connection_->Call(&Stub::RotatePeriodKey, request, kBackupPatience);
}

absl::StatusOr<v1::GetStandbyResponse> AdminClient::GetStandby() {
  return connection_->Call(&Stub::GetStandby, v1::GetStandbyRequest());
}

absl::StatusOr<v1::TakeOverResponse> AdminClient::TakeOver(const v1::TakeOverRequest& request) {
  return connection_->Call(&Stub::TakeOver, request);
}

}  // namespace labrec::admin
