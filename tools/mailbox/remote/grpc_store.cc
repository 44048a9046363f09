#include "tools/mailbox/remote/grpc_store.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "hsm/base/status_macros.h"
#include "hsm/base/text/host_port.h"
#include "recovery/api/lasting_grpc.h"
#include "tools/mailbox/remote/epoch_reader.h"
#include "tools/mailbox/remote/message_reader.h"
#include "tools/mailbox/wire/v1/mailbox.grpc.pb.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::MessagePage;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;
using Stub = v1::MailboxStore::StubInterface;
template <typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

constexpr int kKeepaliveMillis = 60'000;  // the server allows one in 20 seconds

StoreConnection Connect(const GrpcStoreOptions& options) {
  recovery::KeepGrpcUntilExit();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  arguments.SetMaxReceiveMessageSize(kMostCallBytes);
  auto credentials = grpc::InsecureChannelCredentials();
  if (options.ca_pem.has_value()) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = *options.ca_pem;
    credentials = grpc::SslCredentials(tls);
  }
  return {
      v1::MailboxStore::NewStub(grpc::CreateCustomChannel(TargetUri(options.target), credentials, arguments)),
      options.token.empty() ? "" : "Bearer " + options.token, options.mailbox};
}

// What the other side sent and must not: its fault, not the caller's.
absl::Status Lie(const absl::Status& status) {
  return absl::DataLossError("the message store sent what cannot be: " + std::string(status.message()));
}

template <typename T>
absl::StatusOr<T> Believe(absl::StatusOr<T> parsed) {
  if (absl::IsInvalidArgument(parsed.status())) return Lie(parsed.status());
  return parsed;
}

absl::StatusOr<Bytes> BytesOf(const absl::StatusOr<v1::Blob>& blob) {
  LABREC_RETURN_IF_ERROR(blob.status());
  return Believe(BytesFrom(blob->bytes(), "the answer"));
}

}  // namespace

// The connection, and what is read ahead on it.
class GrpcStore::Server {
 public:
  explicit Server(const GrpcStoreOptions& options)
      : connection(Connect(options)), timeout_(options.timeout) {}

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(Method<Request, Response> method, Request request) {
    request.set_mailbox(connection.mailbox);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    connection.Authorize(context);
    Response response;
    Stub& stub = *connection.stub;
    LABREC_RETURN_IF_ERROR(FromRpc((stub.*method)(&context, request, &response)));
    return response;
  }

  const StoreConnection connection;
  EpochReader epochs;
  MessageReader messages;

 private:
  const std::chrono::milliseconds timeout_;
};

GrpcStore::GrpcStore(const GrpcStoreOptions& options) : server_(std::make_unique<Server>(options)) {}
GrpcStore::~GrpcStore() = default;

absl::StatusOr<StoreHead> GrpcStore::GetHead() {
  LABREC_ASSIGN_OR_RETURN(const v1::Head head, server_->Call(&Stub::GetHead, v1::GetHeadRequest()));
  return Believe(FromWire(head));
}

absl::StatusOr<Id> GrpcStore::NewEpochId() {
  LABREC_ASSIGN_OR_RETURN(const v1::NewEpochIdResponse response,
                          server_->Call(&Stub::NewEpochId, v1::NewEpochIdRequest()));
  return Believe(IdFrom(response.epoch_id(), "epoch_id"));
}

absl::Status GrpcStore::CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) {
  return server_->Call(&Stub::CommitEpoch, ToWire(expected, commit)).status();
}

absl::StatusOr<StoredEpoch> GrpcStore::GetEpoch(uint64_t sequence) {
  LABREC_ASSIGN_OR_RETURN(std::optional<StoredEpoch> ahead,
                          Believe(server_->epochs.GetEpoch(server_->connection, sequence)));
  if (ahead.has_value()) return *std::move(ahead);
  v1::GetEpochRequest request;
  request.set_sequence(sequence);
  LABREC_ASSIGN_OR_RETURN(const v1::Epoch epoch, server_->Call(&Stub::GetEpoch, request));
  return Believe(FromWire(epoch));
}

absl::StatusOr<Bytes> GrpcStore::GetDelivery(uint64_t sequence, const Id& member) {
  LABREC_ASSIGN_OR_RETURN(std::optional<Bytes> ahead, Believe(server_->epochs.GetDelivery(sequence, member)));
  if (ahead.has_value()) return *std::move(ahead);
  v1::GetDeliveryRequest request;
  request.set_sequence(sequence);
  request.set_member(ToString(member));
  return BytesOf(server_->Call(&Stub::GetDelivery, request));
}

absl::StatusOr<std::vector<MemberRow>> GrpcStore::ListMembers(uint64_t sequence) {
  v1::ListMembersRequest request;
  request.set_sequence(sequence);
  LABREC_ASSIGN_OR_RETURN(const v1::MemberTable table, server_->Call(&Stub::ListMembers, request));
  return Believe(FromWire(table.rows()));
}

absl::StatusOr<Bytes> GrpcStore::GetMember(uint64_t sequence, const Id& member) {
  LABREC_ASSIGN_OR_RETURN(std::optional<Bytes> ahead, Believe(server_->epochs.GetMember(sequence, member)));
  if (ahead.has_value()) return *std::move(ahead);
  v1::GetMemberRequest request;
  request.set_sequence(sequence);
  request.set_member(ToString(member));
  return BytesOf(server_->Call(&Stub::GetMember, request));
}

absl::Status GrpcStore::AddMember(const StoreHead& expected, const MemberRow& row) {
  v1::AddMemberRequest request;
  *request.mutable_expected() = ToWire(expected);
  *request.mutable_row() = ToWire(row);
  return server_->Call(&Stub::AddMember, request).status();
}

absl::Status GrpcStore::AppendMessages(const Id& epoch, std::span<const StoredMessage> messages) {
  v1::AppendMessagesRequest request;
  request.set_epoch_id(ToString(epoch));
  for (const StoredMessage& message : messages) *request.add_messages() = ToWire(message);
  return server_->Call(&Stub::AppendMessages, std::move(request)).status();
}

absl::StatusOr<MessagePage> GrpcStore::ReadMessages(uint64_t sequence, uint64_t after, size_t limit) {
  return Believe(server_->messages.Read(server_->connection, sequence, after, limit));
}

absl::Status GrpcStore::PutBundle(const Id& virtual_device, ByteView bundle) {
  v1::PutBundleRequest request;
  request.set_virtual_device(ToString(virtual_device));
  request.set_bundle(ToString(bundle));
  return server_->Call(&Stub::PutBundle, request).status();
}

absl::StatusOr<Bytes> GrpcStore::GetBundle(const Id& virtual_device) {
  v1::GetBundleRequest request;
  request.set_virtual_device(ToString(virtual_device));
  return BytesOf(server_->Call(&Stub::GetBundle, request));
}

absl::StatusOr<std::vector<Id>> GrpcStore::ListBundles() {
  LABREC_ASSIGN_OR_RETURN(const v1::ListBundlesResponse response,
                          server_->Call(&Stub::ListBundles, v1::ListBundlesRequest()));
  std::vector<Id> ids;
  for (const std::string& bytes : response.virtual_devices()) {
    LABREC_ASSIGN_OR_RETURN(const Id id, Believe(IdFrom(bytes, "virtual_device")));
    ids.push_back(id);
  }
  return ids;
}

absl::Status GrpcStore::PutInvitation(const Id& device, ByteView invitation) {
  v1::PutInvitationRequest request;
  request.set_device(ToString(device));
  request.set_invitation(ToString(invitation));
  return server_->Call(&Stub::PutInvitation, request).status();
}

absl::StatusOr<Bytes> GrpcStore::GetInvitation(const Id& device) {
  v1::GetInvitationRequest request;
  request.set_device(ToString(device));
  return BytesOf(server_->Call(&Stub::GetInvitation, request));
}

}  // namespace labrec::mailbox
