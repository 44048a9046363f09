#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/floor_messages.h"
#include "recovery/api/wire/realm_messages.h"
#include "recovery/api/wire/record_messages.h"
#include "recovery/api/wire/registration_messages.h"
#include "tests/vectors/conformance/chip.h"
#include "tests/vectors/conformance/record.h"

namespace labrec::conformance {

// What a realm answers; none: it is silent.
struct KitReply {
  absl::Status status;
  Bytes body;
  std::optional<int64_t> retry_after_ms;
};
using MaybeReply = std::optional<KitReply>;

class KitRealm {
 public:
  virtual ~KitRealm() = default;
  virtual MaybeReply Answer(std::string_view method, const Bytes& body) = 0;
};

// A realm with the example's account, honest but for what a test makes it say. As much of one as transcripts
// need: it counts guesses and checks nothing, and its keys and challenges are the same in every run.
class HonestRealm final : public KitRealm {
 public:
  struct Version {
    recovery::wire::RecordVersion shown;
    Bytes sealed_secret;
    uint32_t limit = 10;
  };

  explicit HonestRealm(size_t number) : number_(number) {}

  void Hold(const KitRecord& record, recovery::wire::VersionStage stage, uint32_t remaining = 10);
  // Answers the n-th call (from 0) of this method otherwise; what says nothing leaves it to the realm.
  void Instead(std::string method, int nth, MaybeReply reply);
  // Changes what it answers to each call of this method.
  void Always(std::string method, std::function<MaybeReply(MaybeReply)> change);

  MaybeReply Answer(std::string_view method, const Bytes& body) override;

  std::map<uint32_t, Version> versions;
  uint32_t highest_version = 0;
  std::optional<int64_t> locked_until_ms;
  std::optional<recovery::wire::Floor> floor;
  std::optional<KitChip> chip;  // counts the record's only version

 private:
  MaybeReply Honest(std::string_view method, const Bytes& body);
  KitReply GetRecord();
  KitReply Begin(const recovery::wire::BeginRegistrationRequest& request);
  KitReply Finish(const recovery::wire::FinishRegistrationRequest& request);
  KitReply Activate(const recovery::wire::ActivateRequest& request);
  KitReply Evaluate(const recovery::wire::EvaluateRequest& request);
  KitReply Unlock(const recovery::wire::UnlockRequest& request);
  KitReply ByChip(std::string_view method, const Bytes& body);
  Bytes Evaluated(uint32_t version, const Bytes& element) const;
  Bytes NewChallenge();

  const size_t number_;
  std::map<std::string, int, std::less<>> calls_;
  std::map<std::pair<std::string, int>, MaybeReply> instead_;
  std::map<std::string, std::function<MaybeReply(MaybeReply)>, std::less<>> always_;
  std::map<Bytes, KitReply> evaluations_;  // an element sent again is answered again
  uint8_t challenges_ = 0;
};

// A reply with this message.
template <typename M>
KitReply Give(const M& message) {
  return {absl::OkStatus(), recovery::wire::Encode(message), std::nullopt};
}
inline KitReply Refuse(absl::StatusCode code, std::string_view text) {
  return {absl::Status(code, std::string(text)), {}, std::nullopt};
}

}  // namespace labrec::conformance
