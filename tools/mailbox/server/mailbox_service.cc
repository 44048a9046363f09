#include "tools/mailbox/server/mailbox_service.h"

#include "hsm/base/status_macros.h"
#include "tools/mailbox/server/sqlite_store.h"
#include "tools/mailbox/server/streams.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;
using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

}  // namespace

// Here and not in the header: whoever makes or destroys a service compiles all that gRPC generated for it.
MailboxService::MailboxService(MailboxDatabase& database, const Access& access)
    : database_(database), access_(access) {}
MailboxService::~MailboxService() = default;

template <typename Request, typename Act>
Reactor* MailboxService::Serve(Context* context, const Request& request, const Act& act) {
  absl::Status status = access_.Check(*context, request.mailbox());
  if (status.ok()) {
    SqliteStore store(database_, request.mailbox());
    status = act(store);
  }
  Reactor* const reactor = context->DefaultReactor();
  reactor->Finish(Answerable(status));
  return reactor;
}

Reactor* MailboxService::GetHead(Context* context, const v1::GetHeadRequest* asked, v1::Head* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const StoreHead head, store.GetHead());
    *answer = ToWire(head);
    return absl::OkStatus();
  });
}

Reactor* MailboxService::NewEpochId(Context* context, const v1::NewEpochIdRequest* asked,
                                    v1::NewEpochIdResponse* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id id, store.NewEpochId());
    answer->set_epoch_id(ToString(id));
    return absl::OkStatus();
  });
}

Reactor* MailboxService::CommitEpoch(Context* context, const v1::CommitEpochRequest* asked,
                                     v1::CommitEpochResponse*) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    std::optional<StoreHead> expected;
    if (asked->has_expected()) {
      LABREC_ASSIGN_OR_RETURN(expected, FromWire(asked->expected()));
    }
    LABREC_ASSIGN_OR_RETURN(const EpochCommit commit, FromWire(*asked));
    return store.CommitEpoch(expected, commit);
  });
}

Reactor* MailboxService::GetEpoch(Context* context, const v1::GetEpochRequest* asked, v1::Epoch* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const StoredEpoch epoch, store.GetEpoch(asked->sequence()));
    *answer = ToWire(epoch);
    return absl::OkStatus();
  });
}

Reactor* MailboxService::GetDelivery(Context* context, const v1::GetDeliveryRequest* asked,
                                     v1::Blob* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id member, IdFrom(asked->member(), "member"));
    LABREC_ASSIGN_OR_RETURN(const Bytes delivery, store.GetDelivery(asked->sequence(), member));
    answer->set_bytes(ToString(delivery));
    return absl::OkStatus();
  });
}

Reactor* MailboxService::ListMembers(Context* context, const v1::ListMembersRequest* asked,
                                     v1::MemberTable* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::vector<MemberRow> rows, store.ListMembers(asked->sequence()));
    *answer = ToWire(rows);
    return absl::OkStatus();
  });
}

Reactor* MailboxService::GetMember(Context* context, const v1::GetMemberRequest* asked, v1::Blob* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id member, IdFrom(asked->member(), "member"));
    LABREC_ASSIGN_OR_RETURN(const Bytes entry, store.GetMember(asked->sequence(), member));
    answer->set_bytes(ToString(entry));
    return absl::OkStatus();
  });
}

Reactor* MailboxService::AddMember(Context* context, const v1::AddMemberRequest* asked,
                                   v1::AddMemberResponse*) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const StoreHead expected, FromWire(asked->expected()));
    LABREC_ASSIGN_OR_RETURN(const MemberRow row, FromWire(asked->row()));
    return store.AddMember(expected, row);
  });
}

Reactor* MailboxService::AppendMessages(Context* context, const v1::AppendMessagesRequest* asked,
                                        v1::AppendMessagesResponse*) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id epoch, IdFrom(asked->epoch_id(), "epoch_id"));
    std::vector<StoredMessage> messages;
    for (const v1::Message& message : asked->messages()) {
      LABREC_ASSIGN_OR_RETURN(StoredMessage parsed, FromWire(message));
      messages.push_back(std::move(parsed));
    }
    return store.AppendMessages(epoch, messages);
  });
}

Reactor* MailboxService::PutBundle(Context* context, const v1::PutBundleRequest* asked,
                                   v1::PutBundleResponse*) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id id, IdFrom(asked->virtual_device(), "virtual_device"));
    LABREC_ASSIGN_OR_RETURN(const Bytes bundle, BytesFrom(asked->bundle(), "bundle"));
    return store.PutBundle(id, bundle);
  });
}

Reactor* MailboxService::GetBundle(Context* context, const v1::GetBundleRequest* asked, v1::Blob* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id id, IdFrom(asked->virtual_device(), "virtual_device"));
    LABREC_ASSIGN_OR_RETURN(const Bytes bundle, store.GetBundle(id));
    answer->set_bytes(ToString(bundle));
    return absl::OkStatus();
  });
}

Reactor* MailboxService::ListBundles(Context* context, const v1::ListBundlesRequest* asked,
                                     v1::ListBundlesResponse* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::vector<Id> ids, store.ListBundles());
    for (const Id& id : ids) answer->add_virtual_devices(ToString(id));
    return absl::OkStatus();
  });
}

Reactor* MailboxService::PutInvitation(Context* context, const v1::PutInvitationRequest* asked,
                                       v1::PutInvitationResponse*) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id device, IdFrom(asked->device(), "device"));
    LABREC_ASSIGN_OR_RETURN(const Bytes invitation, BytesFrom(asked->invitation(), "invitation"));
    return store.PutInvitation(device, invitation);
  });
}

Reactor* MailboxService::GetInvitation(Context* context, const v1::GetInvitationRequest* asked,
                                       v1::Blob* answer) {
  return Serve(context, *asked, [&](SqliteStore& store) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const Id device, IdFrom(asked->device(), "device"));
    LABREC_ASSIGN_OR_RETURN(const Bytes invitation, store.GetInvitation(device));
    answer->set_bytes(ToString(invitation));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::EpochBlock>* MailboxService::ReadEpochs(Context* context,
                                                                     const v1::ReadEpochsRequest* asked) {
  const absl::Status allowed = access_.Check(*context, asked->mailbox());
  return allowed.ok() ? StreamEpochs(SqliteStore(database_, asked->mailbox()), *asked) : NoEpochs(allowed);
}

grpc::ServerWriteReactor<v1::MessagePage>* MailboxService::ReadMessages(
    Context* context, const v1::ReadMessagesRequest* asked) {
  const absl::Status allowed = access_.Check(*context, asked->mailbox());
  return allowed.ok() ? StreamMessages(SqliteStore(database_, asked->mailbox()), *asked)
                      : NoMessages(allowed);
}

}  // namespace labrec::mailbox
