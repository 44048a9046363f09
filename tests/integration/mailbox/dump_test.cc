#include <set>

#include <openssl/evp.h>

#include "hsm/base/encoding.h"
#include "recovery/client/recover.h"
#include "recovery/labyrinth/base/hpke.h"
#include "recovery/labyrinth/code/recovery_code.h"
#include "recovery/labyrinth/epoch/follow.h"
#include "recovery/labyrinth/epoch/open_epoch.h"
#include "recovery/labyrinth/epoch/virtual_device.h"
#include "tests/integration/mailbox/world.h"
#include "tools/mailbox/home.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::AccountName;
using recovery::labyrinth::DeviceState;
using recovery::labyrinth::OpeningRecord;
using recovery::labyrinth::RecoveryCode;

std::string Base64(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text.substr(0, bytes.size() / 3 * 4);  // what does not depend on what follows
}

// What must not be in the store, in every form in which it could stand there.
class Canaries {
 public:
  void Add(std::string name, ByteView secret) {
    const std::string raw = ToString(secret);
    canaries_.emplace_back(name, raw);
    canaries_.emplace_back(name + " (hexadecimal)", Hex(secret));
    canaries_.emplace_back(name + " (base64)", Base64(secret));
  }
  size_t size() const { return canaries_.size(); }
  std::vector<std::string> FoundIn(const std::string& dump) const {
    std::vector<std::string> found;
    for (const auto& [name, bytes] : canaries_) {
      if (dump.find(bytes) != std::string::npos) found.push_back(name);
    }
    return found;
  }

 private:
  std::vector<std::pair<std::string, std::string>> canaries_;
};

class StoreDump : public MailboxWorld {
 protected:
  DeviceState StateOf(const std::string& home) { return *Home(folder() / home).LoadState(); }

  // The entropy that the opener of the epoch after `before` sent to this device, and the epoch's root.
  void AddEpochAfter(const DeviceState& before, Canaries& canaries) {
    const auto client = store().Open();
    const uint64_t next = before.epoch.sequence() + 1;
    const auto stored = client->GetEpoch(next);
    ASSERT_TRUE(stored.ok());
    const auto record = OpeningRecord::Parse(account_, stored->opening);
    ASSERT_TRUE(record.ok());
    const auto entry = client->GetMember(before.epoch.sequence(), record->opener);
    const auto delivery = client->GetDelivery(next, before.self.id);
    const auto opener = OpenMemberEntry(before.epoch, account_, *entry);
    ASSERT_TRUE(opener.ok() && delivery.ok());
    const SecretBytes psk = before.epoch.NextPsk();
    const Bytes psk_id = before.epoch.NextPskId();
    const Bytes info = recovery::labyrinth::DeliveryInfo(account_, Sha256(stored->opening), before.self.id);
    const auto entropy = HpkeOpen({recovery::labyrinth::HpkeAead::kAes256Gcm, info, psk.view(), psk_id},
                                  before.storage, opener->auth->key, *delivery);
    ASSERT_TRUE(entropy.ok()) << entropy.status();
    const std::string number = std::to_string(next);
    canaries.Add("entropy of epoch " + number, entropy->view());
    canaries.Add("root of epoch " + number, before.epoch.NextRoot(entropy->view()).view());
  }

  void AddCode(const std::string& name, ByteView text, Canaries& canaries) {
    const auto code = RecoveryCode::Parse(text);
    ASSERT_TRUE(code.ok()) << code.status();
    canaries.Add(name, code->text().view());
    canaries.Add(name + "'s entropy", code->text().view().subspan(2, 34));
    canaries.Add(name + " as it is shown", code->Grouped().view());
    const auto secrets = code->Derive(account_);
    canaries.Add(name + "'s bundle key", secrets.key.view());
    const auto bundle = store().Open()->GetBundle(secrets.id);
    ASSERT_TRUE(bundle.ok());
    const auto opened = OpenBundle(account_, secrets, *bundle);
    ASSERT_TRUE(opened.ok()) << opened.status();
    canaries.Add(name + "'s device key", opened->device.device_key.SecretScalar().SecretBytesView());
    canaries.Add(name + "'s storage key", opened->device.storage.SecretScalar().SecretBytesView());
  }

  const AccountName account_ = {"chat", "alice"};
};

TEST_P(StoreDump, HoldsNoPlaintextCodeRootOrEntropy) {
  Canaries canaries;
  MustRun("phone", std::string("init") + kStart);
  MustRun("phone", "device add --new-home " + (folder() / "laptop").string());
  MustRun("phone", "code make --pin-stdin", std::string(kPin) + "\n");
  const std::string paper = MustRun("phone", "code paper");
  for (int epoch = 0; epoch < 3; ++epoch) {
    const std::string text = "canary number " + std::to_string(epoch) + " sings";
    MustRun("phone", "send visible-thread '" + text + "'");
    canaries.Add("message " + std::to_string(epoch), AsBytes(text));
    canaries.Add("root of epoch " + std::to_string(epoch), StateOf("phone").epoch.SecretRoot().view());
    if (epoch == 2) break;
    const DeviceState before = StateOf("phone");
    const std::string old = "old" + std::to_string(epoch);
    MustRun("phone", "device add --new-home " + (folder() / old).string());
    MustRevoke("phone", IdOf(old));
    AddEpochAfter(before, canaries);
  }
  AddCode("paper code", AsBytes(paper).first(paper.size() - 1), canaries);
  const auto realms = NewRealmSet();
  const auto outcome = Recover(*realms, {"default", 2}, SecretBytes::CopyOf(AsBytes(kPin)));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  AddCode("sealed code", std::get<recovery::client::Recovered>(*outcome).secret.view(), canaries);
  const DeviceState phone = StateOf("phone");
  canaries.Add("phone's storage key", phone.storage.SecretScalar().SecretBytesView());
  canaries.Add("phone's auth key", phone.auth.SecretScalar().SecretBytesView());
  canaries.Add("phone's state", phone.epoch.SecretEncoding().view());
  EXPECT_GE(canaries.size(), 60U);

  const std::string dump = store().Dump();
  EXPECT_THAT(canaries.FoundIn(dump), ::testing::IsEmpty());
  // The search does find what is there.
  Canaries visible;
  visible.Add("thread", AsBytes("visible-thread"));
  visible.Add("opening record", store().Open()->GetEpoch(1)->opening);
  EXPECT_THAT(visible.FoundIn(dump), ::testing::ElementsAre("thread", "opening record"));
  // And what is on the device would be found.
  EXPECT_THAT(canaries.FoundIn(ToString(phone.Serialize().view())),
              ::testing::IsSupersetOf(
                  {"phone's storage key", "phone's auth key", "phone's state", "root of epoch 2"}));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreDump, ::testing::Values(StoreKind::kFolder, StoreKind::kServer),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace labrec::mailbox
