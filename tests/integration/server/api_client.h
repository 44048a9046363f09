#pragma once

#include <memory>
#include <optional>
#include <string>

#include <grpcpp/client_context.h>

#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "recovery/api/request_bytes.h"
#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/support/realm_fixture.h"

namespace labrec::test {

namespace v1 = ::labyrinth::recovery::v1;

// One account that speaks the API itself, so that a test can spoil every field of every request. Requests
// made by it are good; tests change them.
class ApiClient {
 public:
  static constexpr char kRecord[] = "main";

  ApiClient(const RealmFixture& realm, std::string account);

  // One call with this client's token. Trailing metadata stays in `trailer`.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::Recovery::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    Prepare(context);
    const grpc::Status status = ((*stub).*method)(&context, request, response);
    trailer.clear();
    for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
      trailer[std::string(key.data(), key.size())] = std::string(value.data(), value.size());
    }
    return status;
  }

  std::string Challenge();
  v1::Signature Sign(recovery::Operation operation, const Bytes& body) {
    return SignAs(device, operation, body);
  }
  v1::Signature SignAs(const EcdsaPrivateKey& key, recovery::Operation operation, const Bytes& body);

  v1::EnrollDeviceRequest EnrollRequest();
  grpc::Status Enroll();
  v1::BeginRegistrationRequest BeginRequest(uint32_t version = 1) const;
  // A registration of what BeginRegistration answered; without the signature, which SignRegistration adds.
  v1::FinishRegistrationRequest FinishRequest(const std::string& registration_id, uint32_t version = 1) const;
  void SignRegistration(v1::FinishRegistrationRequest& request);
  grpc::Status Begin(v1::BeginRegistrationResponse* begun, uint32_t version = 1);
  grpc::Status Activate(uint32_t version = 1);
  // Enrols, registers and activates version 1.
  grpc::Status SetUp();

  v1::EvaluateRequest EvaluateRequest(uint32_t number, uint32_t version = 1) const;
  grpc::Status Evaluate(uint32_t number, v1::EvaluateResponse* response);
  grpc::Status Unlock(const std::string& challenge, v1::UnlockResponse* response);
  grpc::Status GetRecord(v1::GetRecordResponse* response);

  // number * G, compressed; another one for each number.
  static std::string Element(uint32_t number);

  std::unique_ptr<v1::Recovery::Stub> stub;
  std::string realm_id;  // 16 bytes
  std::string tenant = "chat";
  std::string account;
  std::optional<std::string> authorization;  // "Bearer ..."; none is sent without
  EcdsaPrivateKey device = EcdsaPrivateKey::Generate();
  EcdsaPrivateKey unlock = EcdsaPrivateKey::Generate();
  uint32_t guess_limit = 10;
  std::chrono::seconds patience{30};  // of each call
  std::map<std::string, std::string> trailer;

 private:
  void Prepare(grpc::ClientContext& context) const;
  recovery::RequestScope Scope() const { return {AsBytes(realm_id), tenant, account}; }
};

}  // namespace labrec::test
