#pragma once

// The PKCS#11 2.40 headers, as p11-kit ships them. For .cc files and private headers of this folder only.
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
