#include "tools/bench/load/record_walk.h"

#include <chrono>

#include "absl/strings/str_cat.h"

#include "hsm/base/p256.h"
#include "hsm/base/status_macros.h"

namespace labrec::bench {
namespace {

namespace api = labyrinth::recovery::v1;
using SteadyClock = std::chrono::steady_clock;

void Prepare(grpc::ClientContext& context, const WalkedRecord& record) {
  context.AddMetadata("authorization", record.bearer);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

absl::Status Failed(const char* call, const grpc::Status& status) {
  return absl::InternalError(absl::StrCat(
      call, ": ", status.ok() ? "an outcome that a fresh record does not have" : status.error_message()));
}

double Milliseconds(SteadyClock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Computed once, so that the walk costs no arithmetic.
const std::string& Element(size_t round) {
  static const std::vector<std::string> elements = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 16; ++i) {
      made.push_back(ToString(P256Point::Generator().Times(P256Scalar::Random()).Compressed()));
    }
    return made;
  }();
  return elements.at(round);
}

}  // namespace

absl::Status ShowTokens(test::RawAccount::Stub& stub, const std::vector<WalkedRecord>& records) {
  for (const WalkedRecord& record : records) {
    grpc::ClientContext context;
    Prepare(context, record);
    api::GetChallengeResponse response;
    const grpc::Status status = stub.GetChallenge(&context, {}, &response);
    if (!status.ok()) return Failed("GetChallenge", status);
  }
  return absl::OkStatus();
}

absl::StatusOr<LoadResult> WalkRecords(test::RawAccount::Stub& stub, const std::vector<WalkedRecord>& records,
                                       size_t round) {
  api::EvaluateRequest request;
  request.set_record(test::kRawRecord);
  request.set_version(test::kRawVersion);
  request.add_elements(Element(round));
  LoadResult result;
  const auto start = SteadyClock::now();
  for (const WalkedRecord& record : records) {
    grpc::ClientContext context;
    Prepare(context, record);
    api::EvaluateResponse response;
    const auto called = SteadyClock::now();
    const grpc::Status status = stub.Evaluate(&context, request, &response);
    if (!status.ok() || !response.has_evaluated()) return Failed("Evaluate", status);
    result.evaluate_ms.push_back(Milliseconds(SteadyClock::now() - called));
  }
  result.seconds = Milliseconds(SteadyClock::now() - start) / 1000;
  result.guesses = records.size();
  return result;
}

}  // namespace labrec::bench
