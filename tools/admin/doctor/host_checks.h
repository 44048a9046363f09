#pragma once

#include "tools/admin/doctor/findings.h"
#include "tools/admin/offline_realm.h"

namespace labrec::admin {

// What can be seen of a realm without its daemon and its device; nothing is changed. Each adds what it found.

// The folder's files: whose they are, who may read them, the wear that is counted.
void CheckFolder(const OfflineRealm& realm, Findings& findings);
// Room on the disk of the folder.
void CheckDisk(const OfflineRealm& realm, Findings& findings);
// Every line of the audit log.
void CheckAudit(const OfflineRealm& realm, Findings& findings);
// Whether the kernel knows that somebody keeps this host's clock: tokens are refused by a wrong one.
void CheckClock(Findings& findings);
// What of the process's memory could reach a disk.
void CheckKernel(Findings& findings);

}  // namespace labrec::admin
