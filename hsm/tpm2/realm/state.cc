#include "hsm/tpm2/realm/state.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"

namespace labrec::hsm::tpm2 {
namespace {

using Json = nlohmann::json;

constexpr char kFormat[] = "labyrinth-recovery/tpm2/1";
constexpr size_t kNameSize = 2 + 32;  // nameAlg || SHA-256
constexpr size_t kRealmIdSize = 16;

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("this is not the state of a TPM realm (", std::string(what),
                                                 "); restore the file that provisioning wrote"));
}

// Reads members of a JSON object; after the first that is missing or of another type, ok() is false.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object), ok_(object.is_object()) {}
  bool ok() const { return ok_; }
  bool Has(const char* name) const { return object_.is_object() && object_.contains(name); }

  Bytes HexBytes(const char* name) {
    const Json* value = Find(name);
    if (value == nullptr || !value->is_string()) return Fail<Bytes>();
    const absl::StatusOr<Bytes> bytes = FromHex(value->get<std::string>());
    return bytes.ok() && !bytes->empty() ? *bytes : Fail<Bytes>();
  }
  uint32_t Handle(const char* name) {
    const Json* value = Find(name);
    if (value == nullptr || !value->is_number_unsigned()) return Fail<uint32_t>();
    const uint64_t number = value->get<uint64_t>();
    return number <= UINT32_MAX ? static_cast<uint32_t>(number) : Fail<uint32_t>();
  }
  std::string Text(const char* name) {
    const Json* value = Find(name);
    return value != nullptr && value->is_string() ? value->get<std::string>() : Fail<std::string>();
  }
  bool Flag(const char* name) {
    const Json* value = Find(name);
    return value != nullptr && value->is_boolean() ? value->get<bool>() : Fail<bool>();
  }
  Json Object(const char* name) {
    const Json* value = Find(name);
    return value != nullptr && value->is_object() ? *value : Fail<Json>();
  }

 private:
  const Json* Find(const char* name) const { return Has(name) ? &object_[name] : nullptr; }
  template <typename T>
  T Fail() {
    ok_ = false;
    return T();
  }

  const Json& object_;
  bool ok_;
};

Json WriteKey(const KeyBlob& key) {
  return {{"public", Hex(key.public_area)}, {"private", Hex(key.private_area)}};
}

absl::StatusOr<KeyBlob> ReadKey(const Json& json) {
  Fields fields(json);
  KeyBlob key{fields.HexBytes("public"), fields.HexBytes("private")};
  if (!fields.ok()) return Malformed("a key");
  return key;
}

absl::StatusOr<StorageKeyState> ReadStorageKey(const Json& json) {
  Fields fields(json);
  StorageKeyState key{fields.Handle("persistent_handle"), fields.Flag("made_persistent_here"),
                      fields.HexBytes("name")};
  if (!fields.ok() || key.name.size() != kNameSize) return Malformed("storage_key");
  return key;
}

Json WriteIndexState(const IndexState& state) {
  return {{"index", state.index}, {"name", Hex(state.name)}};
}

absl::StatusOr<IndexState> ReadIndexState(const Json& json) {
  Fields fields(json);
  IndexState state{fields.Handle("index"), fields.HexBytes("name")};
  if (!fields.ok() || state.name.size() != kNameSize) return Malformed("an NV index");
  return state;
}

absl::StatusOr<AnchorState> ReadAnchor(const Json& json) {
  Fields fields(json);
  AnchorState anchor;
  LABREC_ASSIGN_OR_RETURN(anchor.counter, ReadIndexState(fields.Object("counter")));
  LABREC_ASSIGN_OR_RETURN(anchor.claim, ReadIndexState(fields.Object("claim")));
  return anchor;
}

absl::StatusOr<PcrBinding> ReadPcrBinding(const Json& json) {
  Fields fields(json);
  const std::string pcrs = fields.Text("pcrs");
  const Bytes approver = fields.HexBytes("approver");
  if (!fields.ok()) return Malformed("pcr_binding");
  LABREC_ASSIGN_OR_RETURN(PcrSelection selection, PcrSelection::Parse(pcrs));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey key, EcdsaPublicKey::FromSpki(approver));
  return PcrBinding{std::move(selection), key};
}

}  // namespace

DeviceState WriteState(const RealmState& state) {
  Json json = {{"format", kFormat},
               {"realm_id", Hex(state.realm_id)},
               {"storage_key",
                {{"persistent_handle", state.storage_key.persistent_handle},
                 {"made_persistent_here", state.storage_key.made_persistent_here},
                 {"name", Hex(state.storage_key.name)}}},
               {"hmac_key", WriteKey(state.hmac_key)}};
  if (state.evaluation_key) json["evaluation_key"] = WriteKey(*state.evaluation_key);
  if (state.anchor) {
    json["anchor"] = {{"counter", WriteIndexState(state.anchor->counter)},
                      {"claim", WriteIndexState(state.anchor->claim)}};
  }
  if (state.pcr_binding) {
    json["pcr_binding"] = {{"pcrs", state.pcr_binding->pcrs.ToString()},
                           {"approver", Hex(state.pcr_binding->approver.Spki())}};
  }
  return DeviceState{JsonText(json, 2) + "\n"};
}

absl::StatusOr<RealmState> ReadState(const DeviceState& state) {
  const Json json = ParseJson(state.json);
  if (!json.is_object()) return Malformed("no JSON object");
  if (!json.contains("format") || json["format"] != kFormat) return Malformed("another format");
  Fields fields(json);
  RealmState realm;
  realm.realm_id = fields.HexBytes("realm_id");
  LABREC_ASSIGN_OR_RETURN(realm.storage_key, ReadStorageKey(fields.Object("storage_key")));
  LABREC_ASSIGN_OR_RETURN(realm.hmac_key, ReadKey(fields.Object("hmac_key")));
  if (fields.Has("evaluation_key")) {
    LABREC_ASSIGN_OR_RETURN(realm.evaluation_key, ReadKey(fields.Object("evaluation_key")));
  }
  if (fields.Has("anchor")) {
    LABREC_ASSIGN_OR_RETURN(realm.anchor, ReadAnchor(fields.Object("anchor")));
  }
  if (fields.Has("pcr_binding")) {
    LABREC_ASSIGN_OR_RETURN(realm.pcr_binding, ReadPcrBinding(fields.Object("pcr_binding")));
  }
  if (!fields.ok() || realm.realm_id.size() != kRealmIdSize) return Malformed("realm_id");
  if (!realm.evaluation_key && !realm.anchor) return Malformed("neither evaluation_key nor anchor");
  return realm;
}

}  // namespace labrec::hsm::tpm2
