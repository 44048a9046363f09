#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "recovery/server/transport/rpc_server.h"
#include "tests/support/process/temporary_folder.h"
#include "tools/mailbox/remote/grpc_store.h"
#include "tools/mailbox/server/mailbox_service.h"
#include "tools/mailbox/server/sqlite_store.h"

namespace labrec::test {

// What labyrinth-mailboxd is made of, in this process: a database and a service, on a Unix socket or, with
// TLS, on a loopback port.
class MailboxServer {
 public:
  MailboxServer() { Start(); }
  MailboxServer(mailbox::Access access, const recovery::TlsFiles& tls)
      : access_(std::move(access)), address_("localhost:0") {
    Start(tls);
  }

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
  void Start(std::optional<recovery::TlsFiles> tls = std::nullopt) {
    database_ = *mailbox::MailboxDatabase::Open(database_file());
    service_ = std::make_unique<mailbox::MailboxService>(*database_, access_);
    recovery::ServerLimits limits;
    limits.max_message_bytes = mailbox::kMostCallBytes;
    recovery::ListenOptions listen;
    listen.address = address_;
    listen.tls = std::move(tls);
    server_ = *recovery::RpcServer::Listen(listen, limits, *service_);
  }

  std::string target() const {
    return server_->port() == 0 ? address_ : "localhost:" + std::to_string(server_->port());
  }
  std::filesystem::path database_file() const { return folder_.path() / "mailboxes.db"; }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  mailbox::Access access_ = mailbox::Access::Everyone();
  std::string address_ = "unix:" + (folder_.path() / "s").string();
  std::unique_ptr<mailbox::MailboxDatabase> database_;
  std::unique_ptr<mailbox::MailboxService> service_;
  std::unique_ptr<recovery::RpcServer> server_;
};

}  // namespace labrec::test
