#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "recovery/client/base/request_signer.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

class Scope;

// Whose signature goes on a request. Outlives the tasks that it gives.
class Signer {
 public:
  virtual ~Signer() = default;
  // Over `message`, which is for this realm.
  virtual Task<RequestSignature> Sign(Scope& scope, const Account& account, size_t realm,
                                      Bytes message) const = 0;
};

// A key that is here: an unlock key, or a device's that a program holds.
class KeyAtHand final : public Signer {
 public:
  // Borrows.
  explicit KeyAtHand(const RequestSigner& key) : key_(key) {}
  Task<RequestSignature> Sign(Scope& scope, const Account& account, size_t realm,
                              Bytes message) const override;

 private:
  const RequestSigner& key_;
};

// A device's key that only the host can use (a key store, a browser): a step of its own, as the key store may
// ask its user. What comes is checked by the realm only.
class KeyOfHost final : public Signer {
 public:
  explicit KeyOfHost(const std::array<uint8_t, 16>& device_id) : device_id_(device_id) {}
  Task<RequestSignature> Sign(Scope& scope, const Account& account, size_t realm,
                              Bytes message) const override;

 private:
  std::array<uint8_t, 16> device_id_;
};

}  // namespace labrec::recovery::client::core
