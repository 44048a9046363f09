#include "hsm/tpm_wire/index_write.h"
#include "tests/fuzz/service/client.h"

// Requests about versions whose guesses the chip counts.
namespace labrec::fuzz {

namespace v1 = ::labyrinth::recovery::v1;
using recovery::Operation;

void ServiceClient::BeginInChip(v1::BeginRegistrationRequest& request) {
  v1::BeginChip& chip = *request.mutable_chip();
  if (chip.unlock_public_key().empty()) chip.set_unlock_public_key(ToString(unlock_.public_key().Spki()));
  if (chip.guess_limit() == 0) chip.set_guess_limit(kLimit);
  if (chip.nonce().empty()) chip.set_nonce(std::string(32, 'n'));
  Sign(Operation::kBeginChipVersion,
       recovery::BeginChipBody(request.record(), request.version(), AsBytes(chip.unlock_public_key()),
                               chip.guess_limit(), AsBytes(chip.nonce())),
       *chip.mutable_authorization());
}

void ServiceClient::BeginWrite() {
  v1::BeginChipWriteRequest request;
  request.set_record(kRecord);
  request.set_version(begun_);
  if (!Lay(request)) return;
  v1::BeginChipWriteResponse response;
  if (!Send(&v1::Recovery::Stub::BeginChipWrite, request, response)) return;
  session_ = response.session();
  nonce_tpm_ = response.nonce_tpm();
}

void ServiceClient::FinishWrite() {
  v1::FinishChipWriteRequest request;
  request.set_record(kRecord);
  request.set_version(begun_);
  request.set_session(session_);
  request.set_limit(written_ ? kFirstWrite + kLimit : kFirstWrite);  // both of the first were used
  request.set_nonce(std::string(32, 'n'));
  if (!Lay(request)) return;
  const auto before = written_ ? tpm::Written::kYes : tpm::Written::kNo;
  const auto signature = tpm::SignIndexWrite(unlock_, {index_, before, request.limit()}, AsBytes(nonce_tpm_));
  if ((flags_ & kSigned) != 0 && signature.ok()) request.set_signature(ToString(*signature));
  v1::FinishChipWriteResponse response;
  if (!Send(&v1::Recovery::Stub::FinishChipWrite, request, response)) return;
  written_ = true;
  // The unlock key signed: a success.
  counted_[VersionOf(request.record(), request.version())].elements.clear();
}

void ServiceClient::ConfirmKey() {
  v1::ConfirmKeyRequest request;
  request.set_record(kRecord);
  request.set_version(begun_);
  request.set_registration_id(registration_);
  if (fields_.find('\x22') == std::string::npos) {
    request.add_elements(Element(201));
    request.add_elements(Element(202));
  }
  v1::ConfirmKeyResponse response;
  if (Lay(request)) (void)Send(&v1::Recovery::Stub::ConfirmKey, request, response);
}

}  // namespace labrec::fuzz
