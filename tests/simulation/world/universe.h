#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/world/disk.h"
#include "tests/simulation/world/faults.h"
#include "tests/simulation/world/scheduler.h"

namespace labrec::sim {

// One run of the realm's program, from its start to its end. It may die at any step: a change to a file, or a
// device command. From then on nothing that it does reaches disk or device, and nobody hears its answers, so
// that it may be taken apart in peace.
struct Process {
  int id = 0;
  std::filesystem::path folder;  // its database is there
  bool dead = false;
  uint64_t steps = 0;
  uint64_t dies_at = 0;  // step; 0: does not
  bool dies_after = false;
  int64_t counts_left = -1;  // it dies before its anchor counts once more than that; -1: it does not
  bool sync_failed = false;  // of a file; SQLite does not look at how the sync of a folder went
  bool no_space = false;
  bool fatal = false;  // it said itself that it must end
  FaultRates rates;
  int64_t device_away_until = 0;
  Dice dice{0};
};

// Counters of what was simulated, added up over seeds.
struct Figures {
  std::map<std::string, uint64_t> counts;
  void Add(const Figures& other) {
    for (const auto& [name, count] : other.counts) counts[name] += count;
  }
};

// Everything of one seed that code below the realm can reach: time, disk, processes. One at a time in a
// program. Simulated threads only, so one caller at a time.
class Universe {
 public:
  Universe(Scheduler& scheduler, Disk& disk, Dice dice);
  ~Universe();
  Universe(const Universe&) = delete;
  Universe& operator=(const Universe&) = delete;
  // The present one, if the calling thread is simulated; else null.
  static Universe* Mine();

  Process& NewProcess(std::filesystem::path folder);
  // Whose code the calling thread runs; null: the world's (clients, attackers, the hand that sets all up).
  Process* Caller();
  // While it lives, the calling thread runs code of the process.
  class Inside {
   public:
    Inside(Universe& universe, const Process& process);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Universe& universe_;
    const int before_;
  };

  // A durable step of the process. BeginStep gives its number, or 0 if the process is dead, as of this step
  // or before: then the step does not happen.
  uint64_t BeginStep(Process* process, const char* what, uint64_t a = 0, uint64_t b = 0);
  void EndStep(Process* process, uint64_t step);
  IoFault Draw(Process* process, std::initializer_list<IoFault> candidates);
  DeviceFault DrawDevice(Process* process, bool writes);

  Scheduler& scheduler() { return scheduler_; }
  Disk& disk() { return disk_; }
  Dice& dice() { return dice_; }
  // Where the program's own random numbers come from: nonces, challenges, keys.
  Dice& entropy() { return entropy_; }
  Figures& figures() { return figures_; }
  void Count(const std::string& what) { ++figures_.counts[what]; }
  // Whether somebody sets storage back in this universe.
  bool attacked = false;
  // Whether a batch that storage refused may come back: then "nothing was done" is no more than storage's
  // word.
  bool refused_may_return = false;
  // What must not be. Kept, and reported with the seed.
  void Violation(const std::string& what);
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  Scheduler& scheduler_;
  Disk& disk_;
  Dice dice_;
  Dice entropy_;
  std::vector<std::unique_ptr<Process>> processes_;
  Figures figures_;
  std::vector<std::string> violations_;
};

}  // namespace labrec::sim
