#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/address.h"
#include "hsm/tpm2/counted/index.h"
#include "hsm/tpm2/counted/range_mark.h"
#include "hsm/tpm2/link/authorization.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/public_area.h"
#include "hsm/tpm2/realm/anchor_indices.h"
#include "hsm/tpm2/realm/key_blob.h"
#include "hsm/tpm2/realm/loaded_realm.h"
#include "hsm/tpm2/realm/period_index.h"
#include "hsm/tpm2/realm/storage_key.h"
#include "hsm/tpm2/tpm2_device.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr size_t kIdSize = 16;

absl::Status Validate(const ProvisionOptions& options) {
  if (options.realm_id.size() != kIdSize) return absl::InvalidArgumentError("a realm id has 16 bytes");
  if (!options.roles.keys && !options.roles.anchor) {
    return absl::InvalidArgumentError("a device is wanted for keys, for the anchor, or for both");
  }
  if (options.pcr_binding && !options.roles.keys) {
    return absl::InvalidArgumentError("only a device with the realm's keys can have them bound to PCRs");
  }
  return AuthValue(options.authorization, kHmacKeyAuth).status();
}

absl::StatusOr<std::unique_ptr<Context>> ConnectExclusively(const std::string& tcti) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Context> context, Context::Connect(tcti));
  LABREC_RETURN_IF_ERROR(FlushWhatIsLeft(*context));
  return context;
}

absl::Status MakeKeys(Context& context, const Session& session, ESYS_TR parent,
                      const ProvisionOptions& options, RealmState& state) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes hmac_auth, AuthValue(options.authorization, kHmacKeyAuth));
  LABREC_ASSIGN_OR_RETURN(state.hmac_key,
                          CreateKey(context, session, parent, HmacKeyPattern(state.pcr_binding), hmac_auth));
  if (!options.roles.keys) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const SecretBytes auth, AuthValue(options.authorization, kEvaluationKeyAuth));
  LABREC_ASSIGN_OR_RETURN(state.evaluation_key,
                          CreateKey(context, session, parent, EvaluationKeyPattern(state.pcr_binding), auth));
  return absl::OkStatus();
}

// Makes everything but the storage key, which `state` has already. The NV indices come last: they alone stay
// on the chip.
absl::Status MakeUnderStorageKey(Context& context, const ProvisionOptions& options, IndexRange range,
                                 RealmState& state) {
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, OpenStorageKey(context, state.storage_key));
  LABREC_ASSIGN_OR_RETURN(const Session session, Session::StartHmac(context, parent.esys()));
  LABREC_RETURN_IF_ERROR(MakeKeys(context, session, parent.esys(), options, state));
  if (!options.roles.anchor) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(
      state.anchor, MakeAnchor(context, session, range, options.authorization, options.owner_authorization));
  return absl::OkStatus();
}

// Removes the indices that count records, and the range's mark, if the range is this realm's.
absl::Status RemoveCounted(LoadedRealm& realm, IndexRange range, ByteView realm_id) {
  if (range.count < 2) return absl::OkStatus();
  const absl::StatusOr<std::optional<Bytes>> mark = ReadRangeMark(realm, range);
  if (absl::IsFailedPrecondition(mark.status())) return absl::OkStatus();  // something else's
  LABREC_RETURN_IF_ERROR(mark.status());
  if (!*mark || !SameBytes(**mark, realm_id)) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const std::vector<FoundCountingIndex> indices,
                          ListCounting(*realm.context, CountingRange(range)));
  for (const FoundCountingIndex& index : indices) LABREC_RETURN_IF_ERROR(RemoveCounting(realm, index.index));
  return RemoveRangeMark(realm, range);
}

absl::Status RemovePeriodKeys(LoadedRealm& realm, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<PeriodIndex> indices,
                          ListPeriodIndices(*realm.context, realm_id));
  for (const PeriodIndex& index : indices) {
    LABREC_RETURN_IF_ERROR(RemovePeriodIndex(realm, realm_id, index));
  }
  return absl::OkStatus();
}

absl::Status RemoveIndices(LoadedRealm& realm, IndexRange counted, const RealmState& state,
                           const SecretBytes& authorization) {
  if (!state.anchor && !state.evaluation_key) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const StorageKey parent, OpenStorageKey(*realm.context, state.storage_key));
  LABREC_ASSIGN_OR_RETURN(realm.session, Session::StartHmac(*realm.context, parent.esys()));
  if (state.anchor) {
    LABREC_RETURN_IF_ERROR(RemoveAnchor(*realm.context, *realm.session, *state.anchor, authorization,
                                        realm.owner_authorization));
    LABREC_RETURN_IF_ERROR(RemovePeriodKeys(realm, state.realm_id));
  }
  return state.evaluation_key ? RemoveCounted(realm, counted, state.realm_id) : absl::OkStatus();
}

absl::Status Remove(const Address& address, const RealmState& state, const SecretBytes& authorization,
                    const SecretBytes& owner_authorization) {
  LoadedRealm realm;
  LABREC_ASSIGN_OR_RETURN(realm.context, ConnectExclusively(address.tcti));
  realm.owner_authorization = owner_authorization.Clone();
  LABREC_RETURN_IF_ERROR(RemoveIndices(realm, address.counted, state, authorization));
  return RemoveStorageKey(*realm.context, state.storage_key, owner_authorization);
}

absl::Status Make(const std::string& tcti, const ProvisionOptions& options, IndexRange range,
                  RealmState& state) {
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<Context> context, ConnectExclusively(tcti));
  LABREC_ASSIGN_OR_RETURN(state.storage_key, ChooseStorageKey(*context, options.owner_authorization));
  return MakeUnderStorageKey(*context, options, range, state);
}

}  // namespace

absl::StatusOr<DeviceState> Provision(const DeviceAddress& address, const ProvisionOptions& options,
                                      IndexRange range) {
  LABREC_ASSIGN_OR_RETURN(const Address where, ParseAddress(address));
  const std::string& tcti = where.tcti;
  LABREC_RETURN_IF_ERROR(Validate(options));
  RealmState state;
  state.realm_id = options.realm_id;
  state.pcr_binding = options.pcr_binding;
  absl::Status made = Make(tcti, options, range, state);
  // Open it as the service will, and use all of it once.
  if (made.ok()) made = LoadRealm(tcti, state, options.authorization, options.pcr_approvals).status();
  if (made.ok()) return WriteState(state);
  if (!state.anchor && !state.storage_key.made_persistent_here) return made;
  const absl::Status undone = Remove(where, state, options.authorization, options.owner_authorization);
  if (undone.ok()) return made;
  return absl::Status(
      made.code(),
      absl::StrCat(made.message(), "; and what was made by then could not be removed: ", undone.message()));
}

absl::Status Deprovision(const DeviceAddress& address, const DeviceState& state,
                         const SecretBytes& authorization, const SecretBytes& owner_authorization) {
  LABREC_ASSIGN_OR_RETURN(const Address where, ParseAddress(address));
  LABREC_ASSIGN_OR_RETURN(const RealmState realm, ReadState(state));
  return Remove(where, realm, authorization, owner_authorization);
}

}  // namespace labrec::hsm::tpm2
