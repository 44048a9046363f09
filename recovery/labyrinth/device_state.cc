#include "recovery/labyrinth/device_state.h"

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {
namespace {

absl::Status NoState() {
  return Damage(Reason::kMalformed, "the bytes are not a device's state");
}

bool KeysFit(const DeviceState& state) {
  return state.self.auth.has_value() && state.self.auth->key == state.auth.public_key() &&
         state.self.storage.key == state.storage.public_key() &&
         CheckSignatures(state.account, state.self).ok();
}

}  // namespace

SecretBytes DeviceState::Serialize() const {
  const Bytes head = Bound(kLabelState, account).Lp(self.Encode()).bytes();
  return Join({head, storage.SecretScalar().SecretBytesView(), auth.SecretScalar().SecretBytesView(),
               epoch.SecretEncoding().view()});
}

absl::StatusOr<DeviceState> DeviceState::Parse(ByteView serialized) {
  Reader reader(serialized);
  if (AsText(reader.Lp()) != kLabelState) return NoState();
  AccountName account{ToString(reader.Lp()), ToString(reader.Lp())};
  LABREC_ASSIGN_OR_RETURN(Member self, ParseMember(reader.Lp()));
  auto storage = P256Scalar::Parse(reader.Raw(32));
  auto auth = P256Scalar::Parse(reader.Raw(32));
  auto epoch = Epoch::Decode(reader.Raw(Epoch::kEncodedSize));
  if (!reader.AtEnd() || !storage.ok() || !auth.ok() || !epoch.has_value()) return NoState();
  DeviceState state{std::move(account), self, DhKeyPair(*std::move(storage)), DhKeyPair(*std::move(auth)),
                    *std::move(epoch)};
  if (!KeysFit(state)) return NoState();
  return state;
}

}  // namespace labrec::recovery::labyrinth
