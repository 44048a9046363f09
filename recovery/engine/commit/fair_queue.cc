#include "recovery/engine/commit/fair_queue.h"

#include <algorithm>

namespace labrec::recovery {

void FairQueue::Resize(Tenant& tenant, const std::string& account, size_t from, size_t to) {
  tenant.by_size.erase({from, account});
  if (to > 0) tenant.by_size.emplace(to, account);
  tenant.size = tenant.size - from + to;
}

void FairQueue::Push(Waiting waiting) {
  ++size_;
  if (waiting.caller.IsRealmsOwn()) return own_.push_back(std::move(waiting));
  const auto [found, is_new_tenant] = tenants_.try_emplace(waiting.caller.tenant);
  if (is_new_tenant) tenant_turns_.push_back(found->first);
  Tenant& tenant = found->second;
  const auto [account, is_new_account] = tenant.accounts.try_emplace(waiting.caller.account);
  if (is_new_account) {
    tenant.turns.push_back(account->first);
    ++turns_;
  }
  Resize(tenant, account->first, account->second.size(), account->second.size() + 1);
  account->second.push_back(std::move(waiting));
}

Waiting FairQueue::TakeFront(Tenant& tenant, const std::string& account) {
  std::deque<Waiting>& requests = tenant.accounts.find(account)->second;
  Waiting taken = std::move(requests.front());
  requests.pop_front();
  Resize(tenant, account, requests.size() + 1, requests.size());
  --size_;
  return taken;
}

std::vector<Waiting> FairQueue::Take(size_t limit) {
  std::vector<Waiting> taken;
  while (taken.size() < limit && !own_.empty()) {
    taken.push_back(std::move(own_.front()));
    own_.pop_front();
    --size_;
  }
  std::vector<std::pair<std::string, std::string>> had_their_turn;  // (tenant, account)
  while (taken.size() < limit && !tenant_turns_.empty()) {
    std::string name = std::move(tenant_turns_.front());
    tenant_turns_.pop_front();
    Tenant& tenant = tenants_.find(name)->second;
    std::string account = std::move(tenant.turns.front());
    tenant.turns.pop_front();
    taken.push_back(TakeFront(tenant, account));
    had_their_turn.emplace_back(name, std::move(account));
    if (!tenant.turns.empty()) tenant_turns_.push_back(std::move(name));
  }
  // Who has more waiting queues up again, behind those who had no turn.
  for (auto& [name, account] : had_their_turn) {
    const auto tenant = tenants_.find(name);
    const auto requests = tenant->second.accounts.find(account);
    if (requests->second.empty()) {
      tenant->second.accounts.erase(requests);
      --turns_;
      if (tenant->second.accounts.empty()) tenants_.erase(tenant);
      continue;
    }
    if (tenant->second.turns.empty()) tenant_turns_.push_back(name);
    tenant->second.turns.push_back(std::move(account));
  }
  return taken;
}

std::optional<Waiting> FairQueue::GiveWay(const Caller& newcomer) {
  if (tenants_.empty()) return std::nullopt;
  const auto largest =
      std::ranges::max_element(tenants_, {}, [](const auto& tenant) { return tenant.second.size; });
  if (newcomer.IsRealmsOwn()) return TakeLatest(largest);
  const auto own_tenant = tenants_.find(newcomer.tenant);
  const size_t in_tenant = own_tenant == tenants_.end() ? 0 : own_tenant->second.size;
  if (own_tenant != largest && largest->second.size >= in_tenant + 2) return TakeLatest(largest);
  if (own_tenant == tenants_.end()) return std::nullopt;
  const auto account = own_tenant->second.accounts.find(newcomer.account);
  const size_t in_account = account == own_tenant->second.accounts.end() ? 0 : account->second.size();
  if (own_tenant->second.by_size.rbegin()->first >= in_account + 2) return TakeLatest(own_tenant);
  return std::nullopt;
}

Waiting FairQueue::TakeLatest(Tenants::iterator found) {
  Tenant& tenant = found->second;
  const auto [count, account] = *tenant.by_size.rbegin();
  const auto requests = tenant.accounts.find(account);
  Waiting latest = std::move(requests->second.back());
  requests->second.pop_back();
  Resize(tenant, account, count, count - 1);
  --size_;
  if (!requests->second.empty()) return latest;
  tenant.accounts.erase(requests);
  std::erase(tenant.turns, account);
  --turns_;
  if (!tenant.accounts.empty()) return latest;
  std::erase(tenant_turns_, found->first);
  tenants_.erase(found);
  return latest;
}

std::vector<Waiting> FairQueue::TakeAll() {
  std::vector<Waiting> all;
  while (size_ > 0) {
    for (Waiting& waiting : Take(size_)) all.push_back(std::move(waiting));
  }
  return all;
}

}  // namespace labrec::recovery
