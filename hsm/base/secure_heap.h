#pragma once

namespace labrec {

// Makes OpenSSL's secure heap, once for the process: before that, OpenSSL quietly puts its "secure" numbers
// into ordinary memory. Aborts if no memory can be had. Any thread. For .cc files of hsm/base.
void EnsureSecureHeap();

}  // namespace labrec
