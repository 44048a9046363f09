#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/household/belief.h"
#include "tests/simulation/household/promises.h"
#include "tests/simulation/realm.h"

namespace labrec::sim {

// An account of a seed with two records, an owner and a thief. The thief has the token, a device that the
// owner had enrolled, and what he enrols and registers himself; not the owner's unlock keys. Each request is
// drawn from dice, and what comes of it is held against the rules (belief.h) and the promises (promises.h).
// One thread; some requests are made at the same time, by threads of its own.
class Household {
 public:
  // Where the next request goes. Has another process taken the realm over from that one, it is mostly asked
  // what it could answer from memory.
  struct Place {
    Realm* realm;
    bool taken_over;
  };
  using Where = std::function<Place()>;

  Household(Universe& universe, std::string name, uint32_t most_limit, const pin::GuessPolicy& policy,
            Dice dice);

  // In peace: enrols the phone and the device that will be stolen, registers and activates version 1.
  void SetUp(Realm& realm);
  // At most `calls` requests; ends early when a process dies. `has_copy`: a second process starts meanwhile.
  void Run(const Where& where, uint64_t calls, bool has_copy);
  // One request that changes rows, mostly a guess.
  void Risk(Realm& realm);
  // Again what was not answered, or else something new.
  void AskAgain(Realm& realm);
  // Looks at everything.
  void Settle(Realm& realm);
  // In peace: whoever has a guess left and the right PIN gets in, and all is as the rules say.
  void Recover(Realm& realm);

  // What may be in a copy of the storage that is taken now, while nothing is asked.
  Belief::States Now() const { return belief_.AfterCrash(Waiting::kIsOver); }
  // The operator accepted that copy.
  void Accepted(const Belief::States& copy, uint32_t floor);

 private:
  enum Device : int { kPhone, kStolen, kOther, kDevices };

  // What a Begin answered.
  struct Beginning {
    int process = 0;
    recovery::RegistrationId id{};
  };
  // One version, from its first Begin on.
  struct Registration {
    size_t record = 0;
    uint32_t number = 0;
    uint32_t limit = 0;
    bool thiefs = false;
    EcdsaPrivateKey key = EcdsaPrivateKey::Generate();
    std::vector<Beginning> beginnings = {};  // the first is called 1
  };

  // household_moves.cc: what to ask.
  Request Draw();
  Request DrawUnchanging();
  std::vector<Request> DrawTogether();
  Request DrawGuess(bool thiefs);
  Request DrawUnlock(bool thiefs);
  Request DrawFinish(bool thiefs);
  Request DrawDevices(bool thiefs, Request::Kind kind);
  Signer DrawSigner(bool thiefs, size_t record);
  uint32_t NewRegistration(size_t record, uint32_t number, bool thiefs);
  const KnownAccount& Likely() const { return *belief_.states().begin(); }

  // household_calls.cc: how it is asked. None if nothing was sent.
  std::optional<Answer> Send(Realm& realm, Request& request);
  std::optional<Answer> Evaluate(Realm& realm, const Request& request);
  std::optional<Answer> Unlock(Realm& realm, const Request& request);
  std::optional<Answer> Finish(Realm& realm, Request& request);
  std::optional<Answer> Activate(Realm& realm, const Request& request);
  std::optional<Answer> Enroll(Realm& realm, const Request& request);
  std::optional<Answer> Revoke(Realm& realm, const Request& request);
  std::optional<Answer> Delete(Realm& realm, const Request& request);
  std::optional<Answer> RaiseFloor(Realm& realm, const Request& request);
  std::optional<Answer> GetFloor(Realm& realm, const Request& request);
  std::optional<Answer> Look(Realm& realm, const Request& request);
  std::optional<Answer> List(Realm& realm);
  std::optional<Answer> AskChip(Realm& realm, const Request& request);
  void Begin(Realm& realm, const Request& request, uint32_t& begun);
  absl::StatusOr<recovery::Challenge> Challenge(Realm& realm);
  Bytes SignedBy(const Signer& signer, ByteView message) const;
  absl::StatusOr<recovery::RawSignature> Sign(Realm& realm, const Signer& signer,
                                              recovery::Operation operation, ByteView body);
  Bytes BytesToSign(Realm& realm, recovery::Operation operation, const recovery::Challenge& challenge,
                    ByteView body) const;

  // household.cc: what came of it.
  std::optional<Answer> Ask(Realm& realm, Request request);
  void AskTogether(Realm& realm, std::vector<Request> requests);
  void Note(Realm& realm, std::vector<Belief::Told> told);
  void NoteFinished(const Realm& realm, const Belief::Told& told, const Belief::States& before);
  void NoteEvaluation(const Belief::Registered& version, uint32_t element, const Bytes& point);
  void RecoverVersion(Realm& realm, size_t record, const KnownVersion& version);
  bool MayBeFromMemory(const Realm& realm, const Request& request) const;
  bool IsOver() const { return !universe_.violations().empty(); }

  Universe& universe_;
  const recovery::Caller caller_;
  const uint32_t most_limit_;
  const pin::GuessPolicy policy_;
  Dice dice_;
  const std::vector<EcdsaPrivateKey> devices_;
  std::map<uint32_t, Registration> registrations_;  // by serial, from 1 up
  Belief belief_;
  Promises promises_;
  std::vector<Request> unanswered_;
  std::map<std::array<uint32_t, 3>, Bytes> evaluations_;  // by serial, beginning and element
  bool has_copy_ = false;
  int process_ = 0;  // which answered last
  Refusals refusals_ = Refusals::kTellNothing;
  uint64_t floor_ = 0;  // the highest that was asked for
};

}  // namespace labrec::sim
