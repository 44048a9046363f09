#include "pin/pin_input.h"

#include "hsm/base/encoding.h"

namespace labrec::pin {

SecretBytes OprfInput(std::string_view tenant, std::string_view account, std::string_view record,
                      uint32_t version, const SecretBytes& stretched) {
  Writer context;
  context.Lp("labyrinth-recovery/v1/pin").Lp(tenant).Lp(account).Lp(record).U32(version);
  return SecretBytes::Concat({context.bytes(), stretched.view()});
}

}  // namespace labrec::pin
