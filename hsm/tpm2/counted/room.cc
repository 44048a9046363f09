#include "hsm/tpm2/counted/room.h"

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {
namespace {

absl::Status BringBack(LoadedRealm& realm) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(realm.evaluation_key, realm.saved_evaluation_key->Load(context));
  return SetAuth(context, realm.evaluation_key.esys(), realm.evaluation_auth.view());
}

}  // namespace

absl::StatusOr<KeyRoom> KeyRoom::Make(LoadedRealm& realm) {
  if (!realm.evaluation_key.empty()) {
    if (!realm.saved_evaluation_key) {
      LABREC_ASSIGN_OR_RETURN(realm.saved_evaluation_key,
                              SavedObject::Save(*realm.context, realm.evaluation_key));
    }
    realm.evaluation_key.Reset();
  }
  return KeyRoom(realm);
}

KeyRoom::~KeyRoom() {
  if (realm_ == nullptr || !realm_->saved_evaluation_key) return;
  if (realm_->context->damage() != Damage::kNone) return;  // all of it is loaded again anyway
  if (!BringBack(*realm_).ok()) realm_->context->LoseObjects();
}

absl::StatusOr<StorageKey> KeyRoom::LoadStorageKey() const {
  if (!realm_->saved_storage_key) return OpenStorageKey(*realm_->context, realm_->storage_key);
  absl::StatusOr<TransientObject> primary = realm_->saved_storage_key->Load(*realm_->context);
  if (absl::IsFailedPrecondition(primary.status())) realm_->context->LoseObjects();  // the TPM was reset
  LABREC_RETURN_IF_ERROR(primary.status());
  return StorageKey(*std::move(primary));
}

}  // namespace labrec::hsm::tpm2
