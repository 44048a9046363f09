#pragma once

#include <optional>
#include <set>
#include <vector>

#include "hsm/base/ecdsa.h"
#include "tests/hostile/mailbox/lies.h"
#include "tests/hostile/mailbox/plan.h"
#include "tools/mailbox/recovery_floor.h"

namespace labrec::hostile {

// The floors of one record at N realms, as they really are, and what some of them say instead.
class FloorRealms {
 public:
  using Floor = recovery::labyrinth::Floor;
  struct Kept {
    Floor floor;
    EcdsaPublicKey device;
  };

  FloorRealms(const MailPlan& plan, Lies& lies)
      : kept(plan.realms), earlier_(plan.realms), plan_(plan), lies_(lies) {}

  void Begin(const MailMove& move) {
    lying_ = move.realms_lie ? plan_.liars : std::set<size_t>();
    away_ = move.away;
    gone_for_raises_ = move.gone_for_raises;
  }
  bool IsLiar(size_t realm) const { return plan_.liars.contains(realm); }
  bool IsAway(size_t realm) const { return away_.contains(realm); }
  // At how many honest realms the floor is this one or a later one.
  size_t HonestAt(uint64_t sequence) const;

  recovery::client::FloorReading Read(const EcdsaPublicKey& by);
  std::vector<recovery::client::RealmReport> Raise(const Floor& floor, const EcdsaPublicKey& by);

  std::vector<std::optional<Kept>> kept;
  // Devices that the owner has revoked at the realms; a liar has their keys.
  std::vector<EcdsaPublicKey> revoked;

 private:
  struct Answer {
    absl::Status status;
    std::optional<Kept> kept;
  };
  Answer ReadAt(size_t realm, const EcdsaPublicKey& by);
  absl::Status RaiseAt(size_t realm, const Floor& floor, const EcdsaPublicKey& by);
  Answer Honest(size_t realm, const EcdsaPublicKey& by) const;
  Answer Lie(size_t realm, const std::string& name, sim::Dice& dice, const EcdsaPublicKey& by);
  Kept Forged(sim::Dice& dice) const;

  std::vector<std::vector<Kept>> earlier_;  // what each realm had once
  const MailPlan& plan_;
  Lies& lies_;
  std::set<size_t> lying_;
  std::set<size_t> away_;
  std::set<size_t> gone_for_raises_;
};

// One device's way to them, by the product's rules.
class FloorOfDevice final : public mailbox::RecoveryFloor {
 public:
  FloorOfDevice(FloorRealms& realms, const recovery::client::RealmSet& nobody, uint32_t threshold,
                EcdsaPublicKey device)
      : RecoveryFloor({nobody, "default", threshold, {}}), realms_(realms), device_(std::move(device)) {}

 private:
  absl::StatusOr<recovery::client::FloorReading> Read() override { return realms_.Read(device_); }
  absl::StatusOr<std::vector<recovery::client::RealmReport>> Raise(
      const recovery::labyrinth::Floor& floor) override {
    return realms_.Raise(floor, device_);
  }

  FloorRealms& realms_;
  const EcdsaPublicKey device_;
};

}  // namespace labrec::hostile
