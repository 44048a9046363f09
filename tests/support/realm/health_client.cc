#include "tests/support/realm/health_client.h"

#include <chrono>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "tests/support/process/eventually.h"

namespace labrec::test {
namespace {

// grpc.health.v1.HealthCheckResponse has one field, an enumeration: byte 0x08, then 1 (SERVING) or 2.
Health Parse(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return Health::kUnreachable;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  if (bytes.size() != 2 || bytes[0] != 0x08) return Health::kUnreachable;
  return bytes[1] == 1 ? Health::kServing : Health::kNotServing;
}

}  // namespace

Health CheckHealth(const RealmFixture& realm) {
  grpc::GenericStub stub(realm.NewChannel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  context.set_wait_for_ready(true);
  grpc::CompletionQueue queue;
  const grpc::ByteBuffer request(nullptr, 0);
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return status.ok() ? Parse(response) : Health::kUnreachable;
}

bool WaitForHealth(const RealmFixture& realm, Health expected) {
  return Eventually([&] { return CheckHealth(realm) == expected; });
}

}  // namespace labrec::test
