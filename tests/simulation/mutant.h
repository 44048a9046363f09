#pragma once

#include <string>
#include <vector>

namespace labrec::sim {

// Breaks a rule of the product in this process, so that the simulation shows that it would see it. The
// program `simulate` has none; `simulate_mutants` is linked with functions that stand before the product's
// own (mutants.cc). False: there is none of that name.
bool UseMutant(const std::string& name);
std::vector<std::string> MutantNames();

}  // namespace labrec::sim
