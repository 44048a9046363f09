#pragma once

#include "recovery/client/core/step.h"

namespace labrec::recovery::client::c {

// Key stores give a signature as r || s, or in DER (RFC 3279): the reply's body becomes r || s.
// INVALID_ARGUMENT becomes the reply's status if it is neither.
void BringIntoForm(core::Reply& signature);

}  // namespace labrec::recovery::client::c
