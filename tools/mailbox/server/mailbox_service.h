#pragma once

#include "tools/mailbox/server/access.h"
#include "tools/mailbox/server/mailbox_database.h"
#include "tools/mailbox/wire/v1/mailbox.grpc.pb.h"
#include "tools/mailbox/wire/wire.h"

namespace labrec::mailbox {

// The calls of mailbox.proto: each is checked for form and for the right to its mailbox, and handed to an
// SqliteStore. Any thread. `database` and `access` outlive it.
class MailboxService final : public v1::MailboxStore::CallbackService {
 public:
  MailboxService(MailboxDatabase& database, const Access& access);
  ~MailboxService() override;
  MailboxService(const MailboxService&) = delete;
  MailboxService& operator=(const MailboxService&) = delete;

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* GetHead(Context* context, const v1::GetHeadRequest* asked, v1::Head* answer) override;
  Reactor* NewEpochId(Context* context, const v1::NewEpochIdRequest* asked,
                      v1::NewEpochIdResponse* answer) override;
  Reactor* CommitEpoch(Context* context, const v1::CommitEpochRequest* asked,
                       v1::CommitEpochResponse* answer) override;
  Reactor* GetEpoch(Context* context, const v1::GetEpochRequest* asked, v1::Epoch* answer) override;
  Reactor* GetDelivery(Context* context, const v1::GetDeliveryRequest* asked, v1::Blob* answer) override;
  Reactor* ListMembers(Context* context, const v1::ListMembersRequest* asked,
                       v1::MemberTable* answer) override;
  Reactor* GetMember(Context* context, const v1::GetMemberRequest* asked, v1::Blob* answer) override;
  Reactor* AddMember(Context* context, const v1::AddMemberRequest* asked,
                     v1::AddMemberResponse* answer) override;
  Reactor* AppendMessages(Context* context, const v1::AppendMessagesRequest* asked,
                          v1::AppendMessagesResponse* answer) override;
  Reactor* PutBundle(Context* context, const v1::PutBundleRequest* asked,
                     v1::PutBundleResponse* answer) override;
  Reactor* GetBundle(Context* context, const v1::GetBundleRequest* asked, v1::Blob* answer) override;
  Reactor* ListBundles(Context* context, const v1::ListBundlesRequest* asked,
                       v1::ListBundlesResponse* answer) override;
  Reactor* PutInvitation(Context* context, const v1::PutInvitationRequest* asked,
                         v1::PutInvitationResponse* answer) override;
  Reactor* GetInvitation(Context* context, const v1::GetInvitationRequest* asked, v1::Blob* answer) override;
  grpc::ServerWriteReactor<v1::EpochBlock>* ReadEpochs(Context* context,
                                                       const v1::ReadEpochsRequest* asked) override;
  grpc::ServerWriteReactor<v1::MessagePage>* ReadMessages(Context* context,
                                                          const v1::ReadMessagesRequest* asked) override;

  // Runs `act` on the caller's store and finishes the call with what it returns.
  template <typename Request, typename Act>
  Reactor* Serve(Context* context, const Request& request, const Act& act);

  MailboxDatabase& database_;
  const Access& access_;
};

}  // namespace labrec::mailbox
