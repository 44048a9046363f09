// The client library in one page: seals a secret with a PIN on the realms of a list, and brings it back.
//
//     seal_and_recover REALMS.toml PHONE.pem      (`labyrinth-recover device-key` makes the key of a phone)
//
// The list names for each realm its address, its certificates and the file with the account's token for it,
// or else that is in the file "tokens" (recovery/client/base/realm_address.h). The realms have the phone's
// key enrolled.
#include <iostream>
#include <memory>
#include <utility>
#include <variant>

#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "recovery/client/tokens/bearer_token.h"

namespace client = labrec::recovery::client;
using labrec::SecretBytes;

absl::Status SealAndRecover(const char* list_file, const char* key_file) {
  LABREC_ASSIGN_OR_RETURN(client::RealmList list, client::LoadRealmList(list_file));
  LABREC_ASSIGN_OR_RETURN(const client::DeviceKey phone, client::DeviceKey::Load(key_file));
  std::unique_ptr<client::RealmSet> realms;
  for (client::RealmAddress& realm : list.realms) {
    LABREC_ASSIGN_OR_RETURN(const auto tokens, client::LoadBearerTokens(realm.token_file.value_or("tokens")));
    LABREC_ASSIGN_OR_RETURN(const client::BearerToken token, client::TokenFor(realm.id, tokens));
    if (realms == nullptr) realms = std::make_unique<client::RealmSet>(token.tenant, token.account);
    LABREC_RETURN_IF_ERROR(realms->Add(std::move(realm), token.text));
  }

  const SecretBytes storage_key = SecretBytes::Random(32);
  const SecretBytes pin = SecretBytes::CopyOf(labrec::AsBytes("493817"));
  client::SealRequest request;
  request.record = "example";
  LABREC_ASSIGN_OR_RETURN(const client::Sealed sealed,
                          client::Seal(*realms, request, storage_key, pin, phone));
  std::cout << "sealed: any " << sealed.threshold << " of " << realms->size() << " realms bring it back\n";

  LABREC_ASSIGN_OR_RETURN(const client::RecoverOutcome outcome,
                          client::Recover(*realms, {.record = "example"}, pin));
  // Or WrongPin, LockedUntil, Destroyed, NotRegistered.
  const auto* recovered = std::get_if<client::Recovered>(&outcome);
  if (recovered == nullptr) return absl::FailedPreconditionError("the realms did not take the PIN");
  const bool same = recovered->secret.Equals(storage_key.view());
  std::cout << "recovered: " << (same ? "the same key" : "another key") << "\n";
  return same ? absl::OkStatus() : absl::DataLossError("what came back is not what was sealed");
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: seal_and_recover REALMS.toml PHONE.pem\n";
    return 2;
  }
  const absl::Status done = SealAndRecover(argv[1], argv[2]);
  if (!done.ok()) std::cerr << done << "\n";
  return done.ok() ? 0 : 1;
}
