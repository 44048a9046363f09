#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recovery/engine/call/caller.h"
#include "recovery/engine/commit/task.h"

namespace labrec::recovery {

// A request that waits, and who sent it.
struct Waiting {
  std::shared_ptr<Task> task;
  Caller caller;
};

// Requests in the order in which they get their turn: tenants take turns, and so do the accounts of a tenant.
// One account that sends many waits behind itself, not in front of others. The realm's own requests come
// first. No lock of its own.
class FairQueue {
 public:
  void Push(Waiting waiting);
  // Takes the next `limit` at most, and of each account one at most: a batch that many share costs the device
  // no more for an account that hammers than for any other.
  std::vector<Waiting> Take(size_t limit);
  // Makes room in a full queue for a request of `newcomer`. The account that has most, in the tenant that has
  // most, gives up its latest request if it has at least two more than the newcomer. The realm's own requests
  // get room from anybody. nullopt: nobody has to give way.
  std::optional<Waiting> GiveWay(const Caller& newcomer);
  std::vector<Waiting> TakeAll();

  size_t size() const { return size_; }
  // How many Take could hand out at once.
  size_t ready() const { return own_.size() + turns_; }

 private:
  struct Tenant {
    std::map<std::string, std::deque<Waiting>, std::less<>> accounts;  // none is empty
    std::deque<std::string> turns;                                     // each account once
    std::set<std::pair<size_t, std::string>> by_size;                  // each account once
    size_t size = 0;
  };
  using Tenants = std::map<std::string, Tenant, std::less<>>;  // none is empty

  static void Resize(Tenant& tenant, const std::string& account, size_t from, size_t to);
  Waiting TakeFront(Tenant& tenant, const std::string& account);
  Waiting TakeLatest(Tenants::iterator tenant);

  std::deque<Waiting> own_;
  Tenants tenants_;
  std::deque<std::string> tenant_turns_;  // each tenant once
  size_t turns_ = 0;                      // accounts that have a request
  size_t size_ = 0;
};

}  // namespace labrec::recovery
