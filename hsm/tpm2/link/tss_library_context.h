#pragma once

#include <cstdint>

namespace labrec::hsm::tpm2 {

// tpm2-tss 3.2 makes and frees a whole OpenSSL library context (OSSL_LIB_CTX) for every hash, MAC, cipher and
// nonce of a session: some six for one command, 0.5 ms each, 50 times what the command itself costs on a
// software TPM. This gives it one context for the life of the process instead: the file defines
// OSSL_LIB_CTX_new and OSSL_LIB_CTX_free, which the dynamic linker prefers to OpenSSL's own, and passes
// everybody's calls on but those from libtss2-esys. docs/adr/one-library-context-for-tss.md.
//
// To be called before ESAPI is used; doing nothing, it makes sure that the definitions are linked. Where they
// do not take hold (another tpm2-tss, a static libcrypto) ESAPI works as before, only slower.
// Any thread.
void ShareLibraryContextWithTss();

// How many contexts ESAPI did not have to make so far. For tests.
uint64_t LibraryContextsShared();

}  // namespace labrec::hsm::tpm2
