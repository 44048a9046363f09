#pragma once

#include <string>
#include <vector>

namespace labrec::hostile {

// The mutants that a program is linked with, if it is (mutant_table.h). Using one takes a mend of the client
// out in this process, so that the driver shows that it would see it.
class Mutants {
 public:
  virtual bool Use(const std::string& name) = 0;  // false: there is none of that name
  virtual std::vector<std::string> Names() const = 0;

 protected:
  Mutants();  // of the program: there is one
  ~Mutants() = default;
};

// As those of Mutants; of a program that has none, none.
bool UseMutant(const std::string& name);
std::vector<std::string> MutantNames();

}  // namespace labrec::hostile
