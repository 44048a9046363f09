#pragma once

#include <memory>
#include <string>

#include "recovery/labyrinth/base/account_name.h"
#include "recovery/labyrinth/base/message_store.h"

namespace labrec::mailbox {

// What the command line says of the message store.
struct StoreOptions {
  std::string name;  // a folder, "unix:/path", "grpc://host:port" or "grpcs://host:port"
  std::string ca;    // file with the certificates that a grpcs server is trusted by; empty: the system's
  std::string token_file;  // bearer token for the server; empty: none
  std::string mailbox;     // the server's name for it; empty: "tenant/account"
};

// Opens a folder, or gets ready to talk to a labyrinth-mailboxd; nothing is sent yet. INVALID_ARGUMENT for
// another form, a server in the clear that is not on this host, or no name; a file's error.
absl::StatusOr<std::unique_ptr<recovery::labyrinth::MessageStore>> OpenStore(
    const StoreOptions& options, const recovery::labyrinth::AccountName& account);

}  // namespace labrec::mailbox
