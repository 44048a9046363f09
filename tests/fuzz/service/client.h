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
    kInChip = 64,  // beginning and finishing: the chip counts the version's guesses
  };
  // `method` modulo their number; `fields`: protobuf of the method's request, merged over the good one.
  void Call(uint8_t method, uint8_t flags, const std::string& fields);

 private:
  static constexpr char kRecord[] = "r";
  static constexpr uint32_t kLimit = 3;
  static constexpr uint32_t kFirstWrite = 2;

  // What was answered of a version that was registered here.
  struct Counted {
    std::string config;
    uint32_t limit = 0;
    std::set<std::string> elements;  // evaluated since its last success
  };

  template <typename Request, typename Response>
  using Method = grpc::Status (labyrinth::recovery::v1::Recovery::Stub::*)(grpc::ClientContext*,
                                                                           const Request&, Response*);
  template <typename Request, typename Response>
  bool Send(Method<Request, Response> method, const Request& request, Response& response) {
    grpc::ClientContext context;
    if ((flags_ & kNoToken) == 0) {
      context.AddMetadata("authorization", (flags_ & kBadToken) == 0 ? bearer_ : bearer_ + "x");
    }
    const grpc::Status status = (realm_.stub().*method)(&context, request, &response);
    RequireHealthy(status, request.ShortDebugString());
    return status.ok();
  }
  // The request with the input's fields over it; false if they are no such message.
  template <typename Request>
  bool Lay(Request& request) const {
    return request.MergeFromString(fields_);
  }
  // Aborts where no healthy realm answers so.
  static void RequireHealthy(const grpc::Status& status, const std::string& request);
  static std::string Element(uint8_t number);
  static std::string VersionOf(const std::string& record, uint32_t version);
  std::string Challenge();
  const EcdsaPrivateKey& device() const;
  void Sign(recovery::Operation operation, const Bytes& body, labyrinth::recovery::v1::Signature& out);
  recovery::RequestScope scope() const { return {realm_.id(), "chat", account_}; }

  void Enroll();
  void Revoke();
  void Begin();
  void BeginInChip(labyrinth::recovery::v1::BeginRegistrationRequest& request);
  void NoteRegistered(const labyrinth::recovery::v1::FinishRegistrationRequest& request);
  void Finish();
  void Activate();
  void Evaluate();
  void Unlock();
  void Delete();
  void Floors(bool raise);
  void BeginWrite();
  void FinishWrite();
  void ConfirmKey();
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
  // The version that is begun in the chip, and the open write of its index.
  uint32_t index_ = 0;
  bool written_ = false;
  uint64_t session_ = 0;
  std::string nonce_tpm_;
  // By record and version:
  std::map<std::string, Counted> counted_;
};

}  // namespace labrec::fuzz
