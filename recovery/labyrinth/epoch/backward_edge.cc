#include "recovery/labyrinth/epoch/backward_edge.h"

#include <charconv>

#include "hsm/base/aead.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/must_have.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {
namespace {

Bytes EdgeContext(const AccountName& account, const Epoch& epoch) {
  return Bound(kLabelEdge, account).U64(epoch.sequence()).Raw(epoch.id()).Raw(epoch.opening_hash()).bytes();
}

absl::StatusOr<Epoch> ReadEdge(ByteView plaintext) {
  Reader reader(plaintext);
  LABREC_ASSIGN_OR_RETURN(const uint64_t sequence, ParseSequenceText(AsText(reader.Lp())));
  const Bytes number = Writer().U64(sequence).bytes();
  auto previous = Epoch::Decode(Join({number, reader.Raw(reader.remaining())}).view());
  if (!previous.has_value()) return Damage(Reason::kMalformed, "a backward edge has another form");
  return std::move(*previous);
}

std::string Named(const Epoch& epoch) {
  return "the backward edge of epoch " + std::to_string(epoch.sequence());
}

}  // namespace

std::string SequenceText(uint64_t sequence) {
  return std::to_string(sequence);
}

absl::StatusOr<uint64_t> ParseSequenceText(std::string_view text) {
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size() || SequenceText(sequence) != text) {
    return Damage(Reason::kWrongSequence, "a sequence number is not in canonical decimal form");
  }
  return sequence;
}

Bytes SealBackwardEdge(const AccountName& account, const Epoch& epoch, const Epoch& previous) {
  const Bytes number = Writer().Lp(SequenceText(previous.sequence())).bytes();
  const SecretBytes encoding = previous.SecretEncoding();
  const SecretBytes plaintext = Join({number, encoding.view().subspan(8)});
  return AeadSeal(epoch.DataStorageKey().view(), plaintext.view(), EdgeContext(account, epoch));
}

absl::StatusOr<Epoch> OpenBackwardEdge(const AccountName& account, const Epoch& epoch, ByteView edge) {
  if (edge.empty()) return Damage(Reason::kMissing, Named(epoch) + " is missing");
  const auto plaintext = AeadOpen(epoch.DataStorageKey().view(), edge, EdgeContext(account, epoch));
  if (!plaintext.ok()) return Damage(Reason::kNotOpened, Named(epoch) + " does not open");
  LABREC_ASSIGN_OR_RETURN(Epoch previous, ReadEdge(plaintext->view()));
  if (epoch.sequence() == 0 || previous.sequence() != epoch.sequence() - 1) {
    return Damage(Reason::kWrongSequence,
                  Named(epoch) + " leads to epoch " + std::to_string(previous.sequence()));
  }
  return previous;
}

absl::StatusOr<Epoch> WalkBack(MessageStore& store, const AccountName& account, const Epoch& newest,
                               uint64_t sequence) {
  Epoch epoch = newest.Clone();
  while (epoch.sequence() > sequence) {
    LABREC_ASSIGN_OR_RETURN(const StoredEpoch stored,
                            MustHave(store.GetEpoch(epoch.sequence()), Named(epoch)));
    LABREC_ASSIGN_OR_RETURN(epoch, OpenBackwardEdge(account, epoch, stored.backward_edge));
  }
  return epoch;
}

}  // namespace labrec::recovery::labyrinth
