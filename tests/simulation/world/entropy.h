#pragma once

namespace labrec::sim {

// From now on OpenSSL and SQLite draw the random numbers of simulated threads from their universe, so that
// nonces, challenges, signatures and log salts repeat too. Once per program.
void TakeOverEntropy();

// Makes SQLite ask anew. At the start of each seed, on a simulated thread.
void RestartEntropy();

}  // namespace labrec::sim
