#include "tests/hostile/realm.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/p256.h"
#include "recovery/api/retry_after.h"
#include "tests/support/tpm/ek_certificate.h"

namespace labrec::hostile {
namespace {

using recovery::client::core::CallStep;
using recovery::client::core::Reply;

std::filesystem::path Memory() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

Bytes IdOf(size_t number) {
  return Bytes(16, static_cast<uint8_t>(number + 1));
}

std::optional<int64_t> RetryAfterMs(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto entry = metadata.find(recovery::kRetryAfter);
  int64_t time = 0;
  if (entry == metadata.end()) return std::nullopt;
  const absl::string_view text(entry->second.data(), entry->second.size());
  return absl::SimpleAtoi(text, &time) ? std::optional(time) : std::nullopt;
}

Bytes FromBuffer(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  Bytes bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.insert(bytes.end(), slice.begin(), slice.end());
  return bytes;
}

}  // namespace

class TrueRealm::PlainBus : public sim::Bus {
 public:
  absl::Status Command(const char*, Kind, absl::FunctionRef<absl::Status()> act) override { return act(); }
};

TrueRealm::TrueRealm(size_t number, const Clock& clock)
    : bus_(new PlainBus(), [](PlainBus* bus) { delete bus; }),
      chip_(std::make_unique<sim::Chip>(number + 1)),
      device_(sim::OpenChip(*chip_, *bus_, sim::AnchorShape::kCounter, 1)),
      service_(std::make_unique<test::ServiceRealm>(IdOf(number), *device_, clock, Memory())) {}

TrueRealm::TrueRealm(size_t number, const Clock& clock, test::SimulatedDevice& tpm)
    : bus_(nullptr, [](PlainBus*) {}) {
  const Bytes id = IdOf(number);
  absl::Status made = test::GiveEkCertificate(*tpm.swtpm(), test::EkKind::kP256);
  if (made.ok()) made = tpm.Provision(id);
  auto opened = tpm.Open();
  made.Update(opened.status());
  if (!made.ok()) {
    std::cerr << "no software TPM for a realm: " << made << "\n";
    std::abort();
  }
  auto watched = std::make_unique<WatchedDevice>(*std::move(opened));
  watched_ = watched.get();
  device_ = std::move(watched);
  service_ = std::make_unique<test::ServiceRealm>(id, *device_, clock, Memory());
}

const std::string& TrueRealm::Token(const std::string& account) {
  if (token_account_ != account) token_ = service_->Token(account);
  token_account_ = account;
  return token_;
}

Reply TrueRealm::Answer(const CallStep& call) {
  grpc::ClientContext context;
  if (!call.token.empty()) context.AddMetadata("authorization", "Bearer " + call.token);
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(service_->channel());
  const std::string method = absl::StrCat("/labyrinth.recovery.v1.Recovery/", std::string(call.method));
  const grpc::Slice slice(call.body.data(), call.body.size());
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto reader = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  reader->StartCall();
  reader->Finish(&response, &status, &status);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  Reply reply;
  reply.status = absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  reply.retry_after_ms = RetryAfterMs(context);
  if (status.ok()) reply.body = FromBuffer(response);
  return reply;
}

template <typename Request>
Bytes TrueRealm::Ask(const std::string& account, const char* method, const Request& request) {
  CallStep call;
  call.method = method;
  call.token = Token(account);
  call.body = recovery::wire::Encode(request);
  Reply reply = Answer(call);
  if (reply.status.ok()) return std::move(reply.body);
  std::cerr << "a true realm does not say what is so: " << method << ": " << reply.status << "\n";
  std::abort();
}

recovery::wire::GetRecordResponse TrueRealm::Record(const std::string& account, const std::string& record) {
  recovery::wire::GetRecordRequest request;
  request.record = record;
  return *recovery::wire::Decode<recovery::wire::GetRecordResponse>(Ask(account, "GetRecord", request));
}

recovery::wire::ListDevicesResponse TrueRealm::Devices(const std::string& account) {
  const Bytes answer = Ask(account, "ListDevices", recovery::wire::ListDevicesRequest());
  return *recovery::wire::Decode<recovery::wire::ListDevicesResponse>(answer);
}

void TrueRealm::Guess(const std::string& account, const std::string& record, uint32_t version,
                      uint64_t element) {
  recovery::wire::EvaluateRequest request;
  request.record = record;
  request.version = version;
  const Bytes number(reinterpret_cast<const uint8_t*>(&element),
                     reinterpret_cast<const uint8_t*>(&element + 1));
  const Digest digest = Sha256(number);
  Bytes wide(digest.begin(), digest.end());
  wide.resize(48, 1);
  request.elements.push_back(
      ToBytes(P256Point::Generator().Times(P256Scalar::ReduceToNonZero(wide)).Compressed()));
  CallStep call;
  call.method = "Evaluate";
  call.token = Token(account);
  call.body = recovery::wire::Encode(request);
  Answer(call);
}

}  // namespace labrec::hostile
