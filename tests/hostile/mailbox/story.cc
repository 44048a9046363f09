#include "tests/hostile/mailbox/story.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "recovery/labyrinth/mailbox.h"
#include "recovery/labyrinth/restore.h"
#include "tests/hostile/mailbox/floors.h"
#include "tests/hostile/mailbox/store.h"

namespace labrec::hostile {
namespace {

using namespace recovery::labyrinth;  // NOLINT: all of it
using testing::MemoryStore;

const AccountName kAccount{"example", "alice"};

template <typename T>
T Must(absl::StatusOr<T> made, const char* what) {
  if (made.ok()) return *std::move(made);
  std::cerr << "an honest store and honest realms refuse: " << what << ": " << made.status() << "\n";
  std::abort();
}
void Must(const absl::Status& status, const char* what) {
  Must(status.ok() ? absl::StatusOr<int>(0) : absl::StatusOr<int>(status), what);
}

class Story {
 public:
  Story(const MailPlan& plan, const Omitted& omitted)
      : plan_(plan), omitted_(omitted), realms_(plan_, lies_), store_(content_, lies_) {
    lies_.seed = plan.seed;
    lies_.unsaid = omitted.lies;
    store_.faster = [this] { OpenFirst(); };
  }

  StoryReport Run() {
    Begin();
    for (size_t i = 0; i < plan_.moves.size() && report_.violations.empty(); ++i) {
      store_.Remember();
      if (omitted_.moves.contains(i)) continue;
      const MailMove& move = plan_.moves[i];
      lies_.move = i;
      store_.LieOften(move.store_lies ? plan_.per_mille : 0);
      realms_.Begin(move);
      lies_.transcript.push_back(
          absl::StrCat(i, ". ", NameOf(move.act), move.by_laptop ? " by the laptop" : ""));
      ++report_.counts[NameOf(move.act)];
      Do(move);
    }
    report_.lies = lies_.told;
    report_.transcript = lies_.transcript;
    return std::move(report_);
  }

 private:
  // A device, and its way to the realms.
  FloorOfDevice FloorOf(const DeviceState& device) {
    return {realms_, nobody_, plan_.threshold, device.self.device_key};
  }

  // A phone, a laptop, a device that will be stolen, and a recovery code; nobody lies yet.
  void Begin() {
    realms_.Begin({});
    MemoryStore honest(content_);
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    FloorOfDevice floor(realms_, nobody_, plan_.threshold, signer.public_key());
    Mailbox phone = Must(Mailbox::Create(honest, floor, kAccount, signer), "create");
    Must(phone.Sync(), "sync");
    laptop_.emplace(Join(phone));
    thief_.emplace(Join(phone));
    code_.emplace(Must(phone.MakeRecoveryCode('P'), "code"));
    phone_.emplace(phone.state().Clone());
  }

  DeviceState Join(Mailbox& inviter) {
    MemoryStore honest(content_);
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    const PendingDevice pending = Must(PendingDevice::Make(kAccount, signer), "pending");
    Must(inviter.Invite(pending.Request()), "invite");
    NoFloor none;
    return Must(Mailbox::Accept(honest, none, pending), "accept").state().Clone();
  }

  void Do(const MailMove& move) {
    if (move.act == MailAct::kSecondSelf) return SecondSelf();
    if (move.act == MailAct::kRestore) return Restored(move);
    DeviceState& device = move.by_laptop ? *laptop_ : *phone_;
    FloorOfDevice floor = FloorOf(device);
    Mailbox mailbox(store_, floor, device.Clone());
    absl::Status done;
    switch (move.act) {
      case MailAct::kSend:
        done = mailbox.Send("thread", 1'700'000'000'000, AsBytes("text")).status();
        break;
      case MailAct::kRevokeThief:
        done = Revoke(mailbox);
        break;
      case MailAct::kRotate:
        done = mailbox.Rotate().status();
        break;
      default:
        done = mailbox.Sync();
    }
    End(move, done);
    if (!done.ok()) return;
    device = mailbox.state().Clone();
    Reached(device.epoch);
  }

  absl::Status Revoke(Mailbox& mailbox) {
    const auto members = mailbox.Members();
    if (!members.ok()) return members.status();
    const std::vector<OpeningRecord::Line> seen = LinesOf(*members);
    const uint64_t before = mailbox.state().epoch.sequence();
    const auto rotation = mailbox.Revoke({thief_->self.id}, seen);
    if (!rotation.ok()) return rotation.status();
    Revoked(mailbox, *rotation, before, seen);
    realms_.revoked.push_back(thief_->self.device_key);
    return absl::OkStatus();
  }

  // A revocation that is reported happened, and for nobody whom the owner did not see.
  void Revoked(const Mailbox& mailbox, const Rotation& rotation, uint64_t before,
               const std::vector<OpeningRecord::Line>& seen) {
    const Epoch& epoch = mailbox.state().epoch;
    if (rotation.sequence <= before || epoch.sequence() != rotation.sequence) {
      Broken("revoked", absl::StrCat("reported in epoch ", rotation.sequence, ", which is no new one"));
    }
    for (const OpeningRecord::Line& line : rotation.members) {
      const bool was_seen = std::ranges::find(seen, line) != seen.end() || line.id == mailbox.state().self.id;
      if (line.id == thief_->self.id) Broken("revoked", "the thief is in the new epoch");
      if (!was_seen) Broken("unseen", "somebody whom the owner did not see is in the new epoch");
    }
    // They share all they have, and the store shows them all that it ever had.
    for (const DeviceState* out : Out()) {
      const bool was_seen =
          std::ranges::any_of(seen, [&](const OpeningRecord::Line& line) { return line.id == out->self.id; });
      if (out != &*thief_ && was_seen) continue;
      if (Reads(*out, epoch)) Broken("read-on", "who was revoked, or whom nobody saw, reads the new epoch");
    }
  }

  std::vector<const DeviceState*> Out() const {
    std::vector<const DeviceState*> out = {&*thief_};
    for (const DeviceState& self : second_selves_) out.push_back(&self);
    return out;
  }

  bool Reads(const DeviceState& device, const Epoch& epoch) {
    MemoryStore honest(content_);
    NoFloor none;
    Mailbox mailbox(honest, none, device.Clone());
    mailbox.Sync().IgnoreError();
    return mailbox.state().epoch.opening_hash() == epoch.opening_hash();
  }

  void SecondSelf() {
    MemoryStore honest(content_);
    NoFloor none;
    Mailbox thief(honest, none, thief_->Clone());
    if (!thief.Sync().ok()) return;  // he is out already
    thief_ = thief.state().Clone();
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    const PendingDevice pending = Must(PendingDevice::Make(kAccount, signer), "pending");
    if (!thief.Invite(pending.Request()).ok()) return;
    auto accepted = Mailbox::Accept(honest, none, pending);
    if (accepted.ok()) second_selves_.push_back(accepted->state().Clone());
  }

  // The thief opens an epoch for all who are in, himself too.
  void OpenFirst() {
    MemoryStore honest(content_);
    NoFloor none;
    Mailbox thief(honest, none, thief_->Clone());
    if (thief.Rotate().ok()) thief_ = thief.state().Clone();
  }

  void Restored(const MailMove& move) {
    SoftwareSigner signer(EcdsaPrivateKey::Generate());
    FloorOfDevice floor(realms_, nobody_, plan_.threshold, signer.public_key());
    const auto floors = floor.ReadFloor();  // they come with the code
    if (!floors.ok()) return End(move, floors.status());
    const SecretBytes typed = code_->text().Clone();
    auto restored = Restore(store_, floor, {kAccount, typed.view(), *floors, signer}, [](const Epoch&) {});
    End(move, restored.status());
    if (restored.ok()) Fresh(restored->mailbox.state().epoch);
  }

  void End(const MailMove& move, const absl::Status& done) {
    lies_.transcript.push_back(absl::StrCat("  -> ", done.ok() ? "done" : std::string(done.ToString())));
    ++report_.counts[done.ok() ? "done" : "refused"];
    // Where the store is honest and nobody but liars fails, nothing is refused: N - T of them cannot block.
    if (done.ok() || plan_.store_lies || !move.away.empty() || !move.gone_for_raises.empty()) return;
    Broken("blocked", absl::StrCat("the realms that lie block what the others allow: ", done.message()));
  }

  // What a device has reached counts for all, and its floor is kept.
  void Reached(const Epoch& epoch) {
    Fresh(epoch);
    const size_t kept = realms_.HonestAt(epoch.sequence());
    if (kept + plan_.liars.size() + plan_.threshold <= plan_.realms) {
      Broken("floor",
             absl::StrCat("the floor of epoch ", epoch.sequence(), " is at ", kept, " honest realms only"));
    }
    newest_ = std::max(newest_, epoch.sequence());
  }

  // Nobody is shown less than what was reported, unless T realms do not know of it.
  void Fresh(const Epoch& epoch) {
    if (epoch.sequence() >= newest_) return;
    size_t silent = plan_.liars.size();
    for (size_t i = 0; i < plan_.realms; ++i) {
      const bool knows = realms_.kept[i] && realms_.kept[i]->floor.sequence >= newest_;
      if (!realms_.IsLiar(i) && !realms_.IsAway(i) && !knows) ++silent;
    }
    if (silent >= plan_.threshold) return;
    Broken("stale", absl::StrCat("epoch ", epoch.sequence(), " is taken for the newest, and ", newest_,
                                 " was reported"));
  }

  void Broken(const std::string& rule, const std::string& text) {
    report_.violations.push_back({rule, text});
    lies_.transcript.push_back(absl::StrCat("  BROKEN ", rule, ": ", text));
  }

  const MailPlan plan_;
  const Omitted& omitted_;
  Lies lies_;
  FloorRealms realms_;
  MemoryStore::Content content_;
  LyingStore store_;
  const recovery::client::RealmSet nobody_{"example", "alice"};
  std::optional<DeviceState> phone_, laptop_, thief_;
  std::vector<DeviceState> second_selves_;
  std::optional<RecoveryCode> code_;
  uint64_t newest_ = 0;  // that an honest device has reported
  StoryReport report_;
};

}  // namespace

StoryReport RunMailStory(const MailPlan& plan, const Omitted& omitted) {
  return Story(plan, omitted).Run();
}

}  // namespace labrec::hostile
