#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "recovery/realm/manifest.h"
#include "tools/admin/output.h"

namespace labrec::admin {

// Where to ask what a realm's chip has room for.
struct ChipQuestion {
  std::filesystem::path state;            // the realm's folder
  std::optional<std::string> device_uri;  // where its device is now, if not where it was at init
  std::filesystem::path socket;           // of its daemon
};

// "counts", and where it is true "used" and "free_handles"; "reason" where it is false, or null as nobody can
// tell now. A running daemon is asked, which also says whether the chip is full; without one the device
// itself is opened, as the daemon would. A PKCS#11 token is not asked: none counts.
Json DescribeChipRoom(const ChipQuestion& question, const recovery::RealmManifest& manifest);

}  // namespace labrec::admin
