#include <utility>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/engine/engine_impl.h"
#include "recovery/engine/field_checks.h"
#include "recovery/engine/rows.h"
#include "recovery/engine/sealed_private.h"
#include "recovery/record/guessing.h"

// Evaluate and Unlock.
namespace labrec::recovery {
namespace {

using std::chrono::steady_clock;

template <typename Outcome, typename Judged>
Outcome AsAnswer(const Judged& judged) {  // what needs no device
  return std::visit(
      [](const auto& each) -> Outcome {
        if constexpr (std::is_constructible_v<Outcome, decltype(each)>) return each;
        std::abort();
      },
      judged);
}

// Counts a guess; once that is anchored, evaluates its element.
class EvaluateTask : public Task {
 public:
  struct Services {
    const EngineOptions& options;
    ChallengeTable& challenges;
    std::atomic<uint64_t>& guesses_counted;
  };
  EvaluateTask(Time deadline, RecordName name, uint32_t version, const P256Point& element, Services services,
               Done<EvaluateOutcome> done)
      : Task(deadline),
        name_(std::move(name)),
        request_{version, Sha256(element.Compressed())},
        element_(element),
        services_(services),
        done_(std::move(done)) {}

  absl::Status Apply(WorkingSet& rows, int64_t now_ms) override {
    LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name_));
    LABREC_ASSIGN_OR_RETURN(GuessChange change,
                            ApplyGuess(*record, request_, now_ms, services_.options.guess_policy));
    outcome_ = change.outcome;
    if (std::holds_alternative<MayEvaluate>(outcome_)) nonce_ = change.record->Find(request_.version)->nonce;
    if (change.record) rows.Put(*std::move(change.record));
    return absl::OkStatus();
  }

  void Committed(EvaluationBatch& batch) override {
    const auto* may = std::get_if<MayEvaluate>(&outcome_);
    if (may == nullptr) return done_(AsAnswer<EvaluateOutcome>(outcome_));
    if (may->counting == Counting::kCounted) ++services_.guesses_counted;
    batch.Add(
        {pin::RecordDerivationInput(services_.options.realm_id, name_.tenant, name_.account, name_.record,
                                    request_.version, nonce_),
         {element_},
         [name = name_, version = request_.version, remaining = may->remaining,
          &challenges = services_.challenges, done = done_](absl::StatusOr<std::vector<P256Point>> points) {
           if (!points.ok()) return done(std::move(points).status());
           const Challenge challenge =
               challenges.Issue({name.tenant, name.account, name.record, version}, steady_clock::now());
           done(EvaluateOutcome(Evaluated{*std::move(points), remaining, challenge}));
         }});
  }

  void Fail(const absl::Status& status) override { done_(status); }

 private:
  const RecordName name_;
  const CountGuess request_;
  const P256Point element_;
  const Services services_;
  const Done<EvaluateOutcome> done_;
  GuessOutcome outcome_;
  std::array<uint8_t, 32> nonce_{};
};

// Refills the guesses; once that is anchored, opens the private fields.
class UnlockTask : public Task {
 public:
  UnlockTask(Time deadline, RecordName name, recovery::Unlock request, Bytes realm_id,
             Done<UnlockOutcome> done)
      : Task(deadline),
        name_(std::move(name)),
        request_(std::move(request)),
        realm_id_(std::move(realm_id)),
        done_(std::move(done)) {}

  absl::Status Apply(WorkingSet& rows, int64_t) override {
    LABREC_ASSIGN_OR_RETURN(const auto* record, rows.record(name_));
    LABREC_ASSIGN_OR_RETURN(UnlockChange change, ApplyUnlock(*record, request_));
    outcome_ = change.outcome;
    if (!change.record) return absl::OkStatus();
    if (std::holds_alternative<MayOpen>(outcome_)) unlocked_ = *change.record;
    rows.Put(*std::move(change.record));
    return absl::OkStatus();
  }

  void Committed(EvaluationBatch& batch) override {
    if (!unlocked_) return done_(AsAnswer<UnlockOutcome>(outcome_));
    const RecordVersion& version = *unlocked_->Find(request_.version);
    Bytes input = pin::RecordDerivationInput(realm_id_, name_.tenant, name_.account, name_.record,
                                             version.number, version.nonce);
    batch.keys().Derive(std::move(input), [realm_id = realm_id_, record = *unlocked_, number = version.number,
                                           done = done_](absl::StatusOr<SecretBytes> d) {
      done(Open(std::move(d), realm_id, record, number));
    });
  }

  void Fail(const absl::Status& status) override { done_(status); }

 private:
  static absl::StatusOr<UnlockOutcome> Open(absl::StatusOr<SecretBytes> d, const Bytes& realm_id,
                                            const Record& record, uint32_t version) {
    LABREC_RETURN_IF_ERROR(d.status());
    LABREC_ASSIGN_OR_RETURN(SecretBytes opened, OpenPrivate(*d, realm_id, record.name, version,
                                                            record.Find(version)->sealed_private));
    return UnlockOutcome(Unlocked{std::move(opened), record.floor, record.remaining()});
  }

  const RecordName name_;
  const recovery::Unlock request_;
  const Bytes realm_id_;
  const Done<UnlockOutcome> done_;
  OpenOutcome outcome_;
  std::optional<Record> unlocked_;
};

}  // namespace

void EngineImpl::Evaluate(Caller caller, std::string record, uint32_t version, P256Point element,
                          Done<EvaluateOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  Enqueue(std::make_shared<EvaluateTask>(caller.deadline, std::move(name), version, element,
                                         EvaluateTask::Services{options_, challenges_, guesses_counted_},
                                         std::move(done)));
}

void EngineImpl::BeginUnlock(Caller caller, std::string record, uint32_t version, Done<Challenge> done) {
  const RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  done(challenges_.Issue({name.tenant, name.account, name.record, version}, steady_clock::now()));
}

void EngineImpl::Unlock(Caller caller, std::string record, uint32_t version, Bytes challenge, Bytes signature,
                        Done<UnlockOutcome> done) {
  RecordName name{caller.tenant, caller.account, std::move(record)};
  if (absl::Status bad = CheckName(name); !bad.ok()) return done(std::move(bad));
  absl::StatusOr<std::optional<Record>> row = ReadRecord(*ledger_, name);
  if (!row.ok()) return done(std::move(row).status());
  if (*row && (*row)->destroyed) return done(UnlockOutcome(Destroyed{}));
  if (!*row || !(*row)->HasUsableVersion()) return done(UnlockOutcome(NotRegistered{}));
  absl::StatusOr<VerifiedSignature> signer = authorizer_->CheckUnlock(**row, version, challenge, signature);
  if (!signer.ok()) return done(std::move(signer).status());
  Enqueue(std::make_shared<UnlockTask>(caller.deadline, std::move(name),
                                       recovery::Unlock{version, *std::move(signer)}, options_.realm_id,
                                       std::move(done)));
}

}  // namespace labrec::recovery
