#include "tests/hostile/mailbox/store.h"

#include <utility>

namespace labrec::hostile {

using namespace recovery::labyrinth;  // NOLINT: all of it

namespace {

// Half the time one that clients draw something from.
absl::Status OneCode(sim::Dice& dice) {
  constexpr absl::StatusCode kTelling[] = {absl::StatusCode::kAborted, absl::StatusCode::kNotFound,
                                           absl::StatusCode::kOk, absl::StatusCode::kFailedPrecondition};
  const auto code = dice.Chance(700) ? kTelling[dice.Below(std::size(kTelling))]
                                     : static_cast<absl::StatusCode>(dice.Between(1, 16));
  return absl::Status(code, "a lie");
}

void BendBytes(Bytes& bytes, sim::Dice& dice) {
  if (bytes.empty()) return;
  bytes[dice.Below(bytes.size())] ^= static_cast<uint8_t>(1U << dice.Below(8));
}

}  // namespace

template <typename T>
absl::StatusOr<T> LyingStore::Read(const char* call,
                                   const std::function<absl::StatusOr<T>(MemoryStore&)>& truly,
                                   const std::function<void(T&, sim::Dice&)>& bend) {
  const std::string name = lies_.NameOf(call);
  sim::Dice dice = DiceFor(lies_.seed, name);
  auto truth = truly(*this);
  if (!dice.Chance(per_mille_) || lies_.unsaid.contains(name)) return truth;
  switch (dice.Below(3)) {
    case 0: {
      absl::Status code = OneCode(dice);
      if (code.ok()) return truth;
      lies_.Tell(name, absl::StatusCodeToString(code.code()));
      return code;
    }
    case 1: {
      if (earlier_.empty()) return truth;
      const size_t which = dice.Below(earlier_.size());
      MemoryStore then(earlier_[which]);
      lies_.Tell(name, absl::StrCat("what it had before move ", which));
      return truly(then);
    }
    default: {
      if (!truth.ok()) return truth;
      bend(*truth, dice);
      lies_.Tell(name, "something else than it has");
      return truth;
    }
  }
}

absl::Status LyingStore::Write(const char* call, const std::function<absl::Status()>& truly) {
  const std::string name = lies_.NameOf(call);
  sim::Dice dice = DiceFor(lies_.seed, name);
  if (!dice.Chance(per_mille_) || lies_.unsaid.contains(name)) return truly();
  const bool done = dice.Chance(400);
  const absl::Status real = done ? truly() : absl::OkStatus();
  const absl::Status code = OneCode(dice);
  lies_.Tell(name, absl::StrCat(absl::StatusCodeToString(code.code()),
                                done && real.ok() ? ", and it is done" : ", and it is not"));
  return code;
}

absl::StatusOr<StoreHead> LyingStore::GetHead() {
  return Read<StoreHead>(
      "GetHead", [](MemoryStore& store) { return store.MemoryStore::GetHead(); },
      [](StoreHead& head, sim::Dice& dice) {
        if (dice.Chance(500)) head.sequence += dice.Below(3) - 1;
        if (dice.Chance(300)) head.epoch_id[0] ^= 1;
        head.members_version += dice.Below(2);
      });
}

absl::Status LyingStore::CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) {
  const std::string name = lies_.NameOf("who is first");
  sim::Dice dice = DiceFor(lies_.seed, name);
  if (faster && dice.Chance(per_mille_) && dice.Chance(500) && !lies_.unsaid.contains(name)) {
    lies_.Tell(name, "it lets the thief open an epoch first");
    faster();
  }
  return Write("CommitEpoch", [&] { return MemoryStore::CommitEpoch(expected, commit); });
}

absl::StatusOr<StoredEpoch> LyingStore::GetEpoch(uint64_t sequence) {
  return Read<StoredEpoch>(
      "GetEpoch", [&](MemoryStore& store) { return store.MemoryStore::GetEpoch(sequence); },
      [](StoredEpoch& epoch, sim::Dice& dice) {
        BendBytes(dice.Chance(500) ? epoch.opening : epoch.backward_edge, dice);
      });
}

absl::StatusOr<Bytes> LyingStore::GetDelivery(uint64_t sequence, const Id& member) {
  return Read<Bytes>(
      "GetDelivery", [&](MemoryStore& store) { return store.MemoryStore::GetDelivery(sequence, member); },
      BendBytes);
}

absl::StatusOr<std::vector<MemberRow>> LyingStore::ListMembers(uint64_t sequence) {
  return Read<std::vector<MemberRow>>(
      "ListMembers", [&](MemoryStore& store) { return store.MemoryStore::ListMembers(sequence); },
      [](std::vector<MemberRow>& rows, sim::Dice& dice) {
        if (rows.empty()) return;
        const size_t which = dice.Below(rows.size());
        if (dice.Chance(700)) {
          rows.erase(rows.begin() + static_cast<ptrdiff_t>(which));
        } else {
          std::swap(rows[which].bytes, rows[dice.Below(rows.size())].bytes);
        }
      });
}

absl::StatusOr<Bytes> LyingStore::GetMember(uint64_t sequence, const Id& member) {
  return Read<Bytes>(
      "GetMember", [&](MemoryStore& store) { return store.MemoryStore::GetMember(sequence, member); },
      BendBytes);
}

absl::Status LyingStore::AddMember(const StoreHead& expected, const MemberRow& row) {
  return Write("AddMember", [&] { return MemoryStore::AddMember(expected, row); });
}

absl::Status LyingStore::AppendMessage(const Id& epoch, const StoredMessage& message) {
  return Write("AppendMessage", [&] { return MemoryStore::AppendMessage(epoch, message); });
}

absl::StatusOr<Bytes> LyingStore::GetBundle(const Id& virtual_device) {
  return Read<Bytes>(
      "GetBundle", [&](MemoryStore& store) { return store.MemoryStore::GetBundle(virtual_device); },
      BendBytes);
}

absl::StatusOr<std::vector<LyingStore::Id>> LyingStore::ListBundles() {
  return Read<std::vector<Id>>(
      "ListBundles", [](MemoryStore& store) { return store.MemoryStore::ListBundles(); },
      [](std::vector<Id>& ids, sim::Dice& dice) {
        if (!ids.empty()) ids.erase(ids.begin() + static_cast<ptrdiff_t>(dice.Below(ids.size())));
      });
}

}  // namespace labrec::hostile
