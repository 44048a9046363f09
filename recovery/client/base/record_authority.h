#pragma once

#include <string>
#include <vector>

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/base/request_signer.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// Whoever holds this has recovered, or just made, version `version` of the record: it holds the shared secret
// s of that version, from which the unlock keys come.
class RecordAuthority : public RequestSigner {
 public:
  RecordAuthority(SecretBytes s, std::string record, uint32_t version)
      : s_(std::move(s)), record_(std::move(record)), version_(version) {}

  const std::string& record() const { return record_; }
  uint32_t version() const { return version_; }
  const SecretBytes& s() const { return s_; }

  // r || s over `message` by this realm's unlock key.
  Bytes SignRaw(ByteView realm_id, ByteView message) const;
  RequestSignature Sign(ByteView realm_id, ByteView message) const override;

 private:
  SecretBytes s_;
  std::string record_;
  uint32_t version_;
};

// A version that gives way to a newer one. Borrows.
struct Retirement {
  const ConfigGroup& group;
  const RecordAuthority& authority;
  const std::vector<RealmReport>& reports;  // of the recovery that its keys came from
  uint32_t own_tries = 0;                   // RecoverRequest::own_tries
};

}  // namespace labrec::recovery::client
