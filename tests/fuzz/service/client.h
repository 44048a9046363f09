#pragma once

#include <array>
#include <map>
#include <set>
#include <string>

#include "hsm/base/ecdsa.h"
#include "recovery/api/request_bytes.h"
#include "tests/fuzz/service/realm.h"

namespace labrec::fuzz {

// A client of one fresh account whose requests are the input's: each call is a good request as things stand,
// over which the input's fields are laid, and which is then signed, well or not. So mutations reach what lies
// behind signatures, challenges and registration ids. Aborts where an answer is none that a client may get.
class ServiceClient {
 public:
  ServiceClient(ServiceRealm& realm, const std::string& account);

  // How a request is sent.
  enum Flag : uint8_t {
    kSigned = 1,        // signed over its final fields; else with what the input says
    kOldChallenge = 2,  // with the challenge used before
    kByUnlockKey = 4,   // by the version's unlock key instead of the device's
    kOtherDevice = 8,
    kNoToken = 16,
    kBadToken = 32,
  };
  static constexpr uint8_t kMethods = 21;
  // `fields`: protobuf of the method's request, merged over the good one.
  void Call(uint8_t method, uint8_t flags, const std::string& fields);

 private:
  template <typename Request, typename Response>
  using Method = grpc::Status (labyrinth::recovery::v1::Recovery::Stub::*)(grpc::ClientContext*,
                                                                           const Request&, Response*);
  template <typename Request, typename Response>
  bool Send(Method<Request, Response> method, const Request& request, Response& response);
  // The request with the input's fields over it; false if they are no such message.
  template <typename Request>
  bool Lay(Request& request) const;
  std::string Challenge();
  const EcdsaPrivateKey& device() const;
  void Sign(recovery::Operation operation, const Bytes& body, labyrinth::recovery::v1::Signature& out);
  recovery::RequestScope scope() const { return {realm_.id(), "chat", account_}; }

  void Enroll();
  void Revoke();
  void Begin();
  void Finish();
  void Activate();
  void Evaluate();
  void Unlock();
  void Delete();
  void Floors(bool raise);
  void Chip(uint8_t method);
  void Attestation(uint8_t method);
  void Look(uint8_t method);

  ServiceRealm& realm_;
  const std::string account_;
  const std::string bearer_;
  const EcdsaPrivateKey device_ = EcdsaPrivateKey::Generate();
  const EcdsaPrivateKey other_ = EcdsaPrivateKey::Generate();
  const EcdsaPrivateKey unlock_ = EcdsaPrivateKey::Generate();
  uint8_t flags_ = 0;
  std::string fields_;
  std::string challenge_;
  std::string registration_;
  std::string unlock_challenge_;
  uint32_t begun_ = 0;  // versions
  uint32_t usable_ = 0;
  uint8_t next_element_ = 1;
  std::map<std::string, std::set<std::string>>
      evaluated_;  // since the latest success: elements by record and version
};

}  // namespace labrec::fuzz
