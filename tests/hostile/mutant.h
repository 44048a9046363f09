#pragma once

#include <string>
#include <vector>

namespace labrec::hostile {

// Takes a mend of the client out in this process, so that the driver shows that it would see it. The program
// `hostile_realms` has none; `hostile_mutants` is linked with functions that stand before the product's own
// (mutants.cc). False: there is none of that name.
bool UseMutant(const std::string& name);
std::vector<std::string> MutantNames();

}  // namespace labrec::hostile
