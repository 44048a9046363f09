#include "tests/fault/crash/sweep_client.h"

#include <chrono>

#include "hsm/base/p256.h"

namespace labrec::test {
namespace {

namespace api = labyrinth::recovery::v1;

constexpr std::chrono::seconds kPatience{10};

void Prepare(grpc::ClientContext& context, const RawAccount& account) {
  context.AddMetadata("authorization", account.bearer());
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
}

// Errors that say for certain that nothing was counted; any other leaves it open.
bool CertainlyNotCounted(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return true;
    default:
      return false;
  }
}

// Sends `element` and tells the history what came of it. False if no answer came. `challenge` receives the
// unlock challenge, if there is one.
bool Guess(RawAccount::Stub& stub, SweepRecord& record, const std::string& element, std::string* challenge) {
  api::EvaluateRequest request;
  request.set_record(kRawRecord);
  request.set_version(kRawVersion);
  request.add_elements(element);
  grpc::ClientContext context;
  Prepare(context, *record.account);
  record.history.Sent(element);
  api::EvaluateResponse response;
  const grpc::Status status = stub.Evaluate(&context, request, &response);
  if (!status.ok()) {
    if (CertainlyNotCounted(status)) record.history.Refused(element);
    return false;
  }
  if (response.has_evaluated()) {
    record.history.Answered(element, response.evaluated().evaluated(0), response.evaluated().remaining());
    if (challenge != nullptr) *challenge = response.evaluated().challenge();
  } else if (response.has_destroyed()) {
    record.history.SaidDestroyed();
  } else {
    record.history.Refused(element);
  }
  return true;
}

}  // namespace

uint64_t SweepClient::Run(RawAccount::Stub& stub, int steps) {
  uint64_t answered = 0;
  for (int step = 0; step < steps && !record_.history.destroyed(); ++step) {
    const bool unlock = habit_ == Habit::kOwner && !challenge_.empty() && random_() % 3 == 0;
    if (!(unlock ? Unlock(stub) : Evaluate(stub))) break;
    ++answered;
  }
  return answered;
}

std::string SweepClient::ChooseElement() {
  if (!used_.empty() && random_() % 4 == 0) return used_[random_() % used_.size()];
  used_.push_back(ToString(P256Point::Generator().Times(P256Scalar::Random()).Compressed()));
  return used_.back();
}

bool SweepClient::Evaluate(RawAccount::Stub& stub) {
  // An owner does not spend its last guess: its record is to live through the whole sweep.
  if (habit_ == Habit::kOwner &&
      record_.history.answered() + record_.history.Open().size() + 1 >= kRawLimit) {
    return BeginUnlock(stub) && Unlock(stub);
  }
  return Guess(stub, record_, ChooseElement(), &challenge_);
}

bool SweepClient::BeginUnlock(RawAccount::Stub& stub) {
  api::BeginUnlockRequest request;
  request.set_record(kRawRecord);
  request.set_version(kRawVersion);
  grpc::ClientContext context;
  Prepare(context, *record_.account);
  api::BeginUnlockResponse response;
  if (!stub.BeginUnlock(&context, request, &response).ok()) return false;
  challenge_ = response.challenge();
  return true;
}

bool SweepClient::Unlock(RawAccount::Stub& stub) {
  api::UnlockRequest request;
  request.set_record(kRawRecord);
  request.set_version(kRawVersion);
  request.set_challenge(challenge_);
  request.set_signature(record_.account->SignUnlock(challenge_));
  challenge_.clear();
  grpc::ClientContext context;
  Prepare(context, *record_.account);
  api::UnlockResponse response;
  const grpc::Status status = stub.Unlock(&context, request, &response);
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED)
    return true;  // the challenge died with a daemon
  if (!status.ok()) {
    record_.history.UnlockLost();
    return false;
  }
  if (response.has_unlocked()) {
    record_.history.Unlocked();
    used_.clear();
  }
  return true;
}

bool SettleHistory(RawAccount::Stub& stub, SweepRecord& record) {
  if (record.history.destroyed()) return true;
  const auto say_remaining = [&]() -> bool {
    api::GetRecordRequest request;
    request.set_record(kRawRecord);
    grpc::ClientContext context;
    Prepare(context, *record.account);
    api::GetRecordResponse response;
    if (!stub.GetRecord(&context, request, &response).ok()) return false;
    record.history.SaidRemaining(response.remaining());
    return true;
  };
  if (!say_remaining()) return false;
  for (const std::string& element : record.history.Open()) {
    if (!Guess(stub, record, element, nullptr)) return false;
  }
  return record.history.destroyed() || say_remaining();
}

}  // namespace labrec::test
