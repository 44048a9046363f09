#include "tests/hostile/forgery.h"

#include <utility>

#include "recovery/client/base/device_key.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/running.h"
#include "recovery/client/operations/seal.h"
#include "tests/hostile/driver.h"
#include "tests/hostile/people.h"

namespace labrec::hostile {
namespace {

using namespace recovery::client;        // NOLINT: all of it
using namespace recovery::client::core;  // NOLINT

class DiceHost final : public Host {
 public:
  explicit DiceHost(uint64_t seed) : dice_(seed) {}
  void Random(std::span<uint8_t> to) override { dice_.Fill(to); }
  int64_t UnixMillis() override { return 0; }

 private:
  sim::Dice dice_;
};

}  // namespace

Forgery::Forgery(const Wish& wish) {
  DiceHost host(wish.seed);
  Account account(host, kTenant, wish.account, {});
  std::vector<size_t> positions;
  for (const auto& [position, id] : wish.liars) {
    Realm realm;
    realm.id = id;
    realm.name = NameOfRealm(position);
    account.Add(std::move(realm));
    positions.push_back(position);
    realms_[position] = std::make_unique<MemoryRealm>(id, wish.account);
    realms_[position]->SetHighest(wish.above);
  }
  SealRequest request = SmallSeal();
  request.threshold = wish.threshold;
  request.guess_limit = 3;
  request.enforcement = Enforcement::kLedger;
  const SecretBytes secret = SecretOf(kSecret);
  const SecretBytes pin = SecretOf(wish.pin);
  const DeviceKey device = DeviceKey::Make();
  const KeyAtHand key(device);
  Running<Sealed> running(
      [&](Scope& scope) { return core::Seal(scope, account, request, secret, pin, key); });
  Driver driver(
      sim::Dice(wish.seed + 1),
      [&](const CallStep& call) {
        return Driver::Due{0, realms_[positions[call.realm]]->Answer(call)};
      },
      [&](const TokenStep& token) { return UnsignedToken(wish.account, account[token.realm].id); });
  if (driver.Drive(running) != Driver::End::kDone) return;
  const auto sealed = running.Take();
  if (sealed.ok()) version_ = sealed->version;
}

MemoryRealm* Forgery::At(size_t realm) {
  const auto at = realms_.find(realm);
  return version_ == 0 || at == realms_.end() ? nullptr : at->second.get();
}

}  // namespace labrec::hostile
