#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace labrec::test {

// From now on OpenSSL draws every random number of the process by `draw`, so that keys, nonces and signatures
// repeat. `draw` fills the whole span; any thread may call it. Once per program, before OpenSSL drew any.
void TakeOverOpensslRandom(std::function<void(std::span<uint8_t>)> draw);

}  // namespace labrec::test
