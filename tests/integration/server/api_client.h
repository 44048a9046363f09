#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hsm/base/ecdsa.h"
#include "hsm/base/encoding.h"
#include "recovery/api/request_bytes.h"
#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/integration/server/api_call.h"
#include "tests/support/realm/realm_fixture.h"

namespace labrec::test {

// One account that speaks the API itself, so that a test can spoil every field of every request. Requests
// made by it are good; tests change them. It speaks Connect to a realm that has the endpoint for it, unless
// told otherwise, and gRPC to others.
class ApiClient {
 public:
  static constexpr char kRecord[] = "main";

  ApiClient(const RealmFixture& realm, std::string account);

  // One call with this client's token, over its `way`. Trailing metadata stays in `trailer`.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::Recovery::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                    const Request& request, Response* response) {
    ApiCall call = NewCall(patience);
    const grpc::Status status = call.Run(method, request, response);
    trailer = call.trailer();
    return status;
  }
  // A call for who has a thread for it, and may cancel it.
  ApiCall NewCall(std::chrono::milliseconds within) const {
    return ApiCall({way, stub.get(), web_address}, authorization, within);
  }

  std::string Challenge();
  v1::Signature Sign(recovery::Operation operation, const Bytes& body) {
    return SignAs(device, operation, body);
  }
  v1::Signature SignAs(const EcdsaPrivateKey& key, recovery::Operation operation, const Bytes& body) {
    return SignOver(Challenge(), key, operation, body);
  }
  v1::Signature SignOver(const std::string& challenge, const EcdsaPrivateKey& key,
                         recovery::Operation operation, const Bytes& body) const;

  v1::EnrollDeviceRequest EnrollRequest();
  grpc::Status Enroll();
  v1::BeginRegistrationRequest BeginRequest(uint32_t version = 1) const;
  // A registration of what BeginRegistration answered; without the signature, which SignRegistration adds.
  v1::FinishRegistrationRequest FinishRequest(const std::string& registration_id, uint32_t version = 1) const;
  void SignRegistration(v1::FinishRegistrationRequest& request) { SignRegistration(request, Challenge()); }
  void SignRegistration(v1::FinishRegistrationRequest& request, const std::string& challenge) const;
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
  std::string web_address;
  Way way;
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
  recovery::RequestScope Scope() const { return {AsBytes(realm_id), tenant, account}; }
};

}  // namespace labrec::test
