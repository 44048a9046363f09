#include "tests/contract/contract_suites.h"
#include "tests/contract/swtpm_device.h"

namespace labrec::hsm::contract {
namespace {

std::unique_ptr<DeviceUnderTest> MakeSwtpm() {
  return StartSwtpmDevice();
}

LABREC_INSTANTIATE_CONTRACTS(Swtpm, &MakeSwtpm);

}  // namespace
}  // namespace labrec::hsm::contract
