#pragma once

#include <memory>
#include <string>

#include "recovery/server/rpc_server.h"
#include "tests/support/temporary_folder.h"
#include "tools/mailbox/grpc_store.h"
#include "tools/mailbox/server/mailbox_service.h"
#include "tools/mailbox/server/sqlite_store.h"

namespace labrec::test {

// What labyrinth-mailboxd is made of, in this process: a database and a service on a Unix socket.
class MailboxServer {
 public:
  MailboxServer() { Start(); }

  std::unique_ptr<mailbox::GrpcStore> Connect(const std::string& mailbox) const {
    return std::make_unique<mailbox::GrpcStore>(
        mailbox::GrpcStoreOptions{.target = target(), .ca_pem = {}, .token = "", .mailbox = mailbox});
  }
  // Past the network.
  std::unique_ptr<mailbox::SqliteStore> OpenStore(const std::string& mailbox) {
    return std::make_unique<mailbox::SqliteStore>(*database_, mailbox);
  }

  void Stop() {
    server_.reset();
    service_.reset();
    database_.reset();
  }
  void Start() {
    database_ = *mailbox::MailboxDatabase::Open(folder_.path() / "mailboxes.db");
    service_ = std::make_unique<mailbox::MailboxService>(*database_, access_);
    recovery::ServerLimits limits;
    limits.max_message_bytes = mailbox::kMostCallBytes;
    recovery::ListenOptions listen;
    listen.address = target();
    server_ = *recovery::RpcServer::Listen(listen, limits, *service_);
  }

  std::string target() const { return "unix:" + (folder_.path() / "s").string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  mailbox::Access access_ = mailbox::Access::Everyone();
  std::unique_ptr<mailbox::MailboxDatabase> database_;
  std::unique_ptr<mailbox::MailboxService> service_;
  std::unique_ptr<recovery::RpcServer> server_;
};

}  // namespace labrec::test
