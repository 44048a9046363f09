#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What can be said of a device to somebody who must not call it.
namespace labrec::hsm {

// What a device says of itself. Public; printable.
struct DeviceDescription {
  std::string kind;          // "tpm2" or "pkcs11"
  std::string manufacturer;  // TPM_PT_MANUFACTURER as text, or CK_TOKEN_INFO.manufacturerID
  std::string model;         // vendor string, or module and token label
  std::string firmware;      // firmware version
  std::string warning;  // e.g. "a simulator: protects nothing", "a virtual TPM: its hypervisor can read it"
  bool is_simulator = false;
  // Where there is no attester(): what the device says of itself and its keys. Nothing proves it.
  std::vector<std::string> claims;
  std::string no_counted_keys;  // why counted_keys() is null, and what to do; empty where it is not
};

// How far a device's counter memory has been used.
struct AnchorWear {
  std::string kind;      // "tpm-nv-counter", "pkcs11-key-ratchet", "pkcs11-monotonic-counter"
  uint64_t commits = 0;  // durable device writes since this object was opened
};

// How much room a device has for keys whose uses it counts.
struct CountedCapacity {
  uint32_t first = 0;         // range of handles that this realm uses, for itself alone
  uint32_t handles = 0;       // how many that are
  uint32_t used = 0;          // counting indices in it
  uint32_t free_handles = 0;  // at most so many more fit; a chip does not tell how much room it has
  bool chip_is_full = false;  // it refused the latest Define for want of room; nothing was deleted since
};

}  // namespace labrec::hsm
