#pragma once

#include <grpcpp/support/server_callback.h>

#include "tools/mailbox/server/sqlite_store.h"
#include "tools/mailbox/wire/wire.h"

// The answers that go on: each sends a page, and looks into the store for the next one when the client has
// taken it. Nothing is locked in between. They delete themselves when the call is over.
namespace labrec::mailbox {

grpc::ServerWriteReactor<v1::MessagePage>* StreamMessages(SqliteStore store,
                                                          const v1::ReadMessagesRequest& request);
grpc::ServerWriteReactor<v1::EpochBlock>* StreamEpochs(SqliteStore store,
                                                       const v1::ReadEpochsRequest& request);
// What the client is told of a status; an internal error's details go to the log.
grpc::Status Answerable(const absl::Status& status);
// Ends a call that never began.
grpc::ServerWriteReactor<v1::MessagePage>* NoMessages(const absl::Status& why);
grpc::ServerWriteReactor<v1::EpochBlock>* NoEpochs(const absl::Status& why);

}  // namespace labrec::mailbox
