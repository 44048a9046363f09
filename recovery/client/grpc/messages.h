#pragma once

#include "recovery/api/v1/recovery.pb.h"

namespace labrec::recovery::client {

// The generated messages, under the short name that the client uses.
namespace v1 = ::labyrinth::recovery::v1;

}  // namespace labrec::recovery::client
