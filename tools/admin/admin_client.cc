#include "tools/admin/admin_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"

namespace labrec::admin {
AdminClient::AdminClient(const std::filesystem::path& socket)
    : socket_(std::filesystem::absolute(socket).string()),
      stub_(labyrinth::recovery::v1::Admin::NewStub(
          grpc::CreateChannel("unix:" + socket_, grpc::InsecureChannelCredentials()))) {}

absl::Status AdminClient::FromGrpc(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    message = absl::StrCat(socket_,
                           ": no answer from labyrinth-recoveryd; does it run, and are you root or its "
                           "user? (",
                           message, ")");
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), message);
}

}  // namespace labrec::admin
