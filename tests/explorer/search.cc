#include "tests/explorer/search.h"

#include <algorithm>
#include <cstring>

#include "tests/explorer/history.h"

namespace labrec::recovery::explorer {
namespace {

constexpr size_t kFirstTable = size_t{1} << 16;

size_t Hash(const Node& node) {
  uint64_t hash = 0x9E3779B97F4A7C15;
  std::array<uint8_t, sizeof(Node)> bytes{};
  std::memcpy(bytes.data(), &node, sizeof node);
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  return hash ^ (hash >> 29U);
}

// What happened to versions that the backup holds too.
void Mirror(Node& node) {
  if (node.state.backed_up == 0) return;
  for (VersionState& old : node.backup.versions) {
    for (const VersionState& now : node.state.versions) {
      if (!old.exists() || !now.exists() || old.serial != now.serial) continue;
      old.since_success = now.since_success;
      old.proven = now.proven;
    }
  }
}

}  // namespace

Node Search::First() const {
  Node first;
  if (!options_.stolen_device) first.state.enrolled[kStolen] = 0;
  if (!options_.owner_idle) return first;
  VersionState& active = first.state.versions[0];
  active.number = active.serial = 1;
  active.stage = kActiveStage;
  active.limit = first.state.greatest_limit = options_.most_limit;
  first.state.row = first.state.highest = 1;
  return first;
}

bool Search::Run() {
  Add(First(), 0, {});
  for (size_t at = 0; at < nodes_.size(); ++at) {
    const Node node = nodes_[at];
    if (IsDone(at)) return true;
    JudgeState(node.state, options_, functions_,
               [&](const char* invariant, const char* how) { Found(invariant, how, at, nullptr); });
    const World world = RowsOf(node.state);
    for (const Move& move : MovesIn(node.state, options_)) {
      ++transitions_;
      if (move.kind == MoveKind::kBackUp) {
        BackUp(at, node, move);
      } else if (IsAccept(move.kind)) {
        Accept(at, node, move);
      } else {
        Take(at, node, world, move);
      }
    }
    if (nodes_.size() > options_.most_states) return false;
  }
  return true;
}

void Search::Take(size_t parent, const Node& node, const World& world, const Move& move) {
  Node next = node;
  World changed = world;
  const Result result = functions_.Apply(move, next.state, changed);
  if (result == Result::kRefused) return;
  Pack(changed, move.who, next.state);
  if (result != Result::kLocked) Note(node.state, move, result, options_, functions_, next.state);
  JudgeStep(node.state, move, result, next.state, options_, functions_,
            [&](const char* invariant, const char* how) { Found(invariant, how, parent, &move); });
  if (options_.backups()) {
    Mirror(next);
  } else {
    Renumber(next.state);
  }
  Add(next, parent, move);
}

void Search::BackUp(size_t parent, const Node& node, const Move& move) {
  Node next = node;
  next.backup = node.state;
  next.backup.thief_guesses = next.backup.greatest_limit = next.backup.in_delay = 0;
  next.backup.accepts = next.backup.backed_up = next.backup.registrations = 0;
  next.state.backed_up = 1;
  Add(next, parent, move);
}

void Search::Accept(size_t parent, const Node& node, const Move& move) {
  Node next = node;
  State& state = next.state = node.backup;
  state.thief_guesses = node.state.thief_guesses;
  state.greatest_limit = node.state.greatest_limit;
  for (const VersionState& version : state.versions) {
    if (IsSecret(version)) state.greatest_limit = std::max(state.greatest_limit, version.limit);
  }
  state.registrations = node.state.registrations;
  state.accepts = node.state.accepts + 1;
  state.backed_up = state.accepts < options_.accepts ? 1 : 0;
  if (state.backed_up == 0) next.backup = {};
  World world = RowsOf(state);
  functions_.Accept(move.kind, world);
  Pack(world, kOwner, state);
  Add(next, parent, move);
}

void Search::Grow() {
  std::vector<uint32_t> larger(std::max(kFirstTable, 2 * table_.size()), 0);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    size_t at = Hash(nodes_[i]) % larger.size();
    while (larger[at] != 0) at = (at + 1) % larger.size();
    larger[at] = static_cast<uint32_t>(i + 1);
  }
  table_.swap(larger);
}

void Search::Add(const Node& node, size_t parent, const Move& move) {
  if (2 * nodes_.size() >= table_.size()) Grow();
  size_t at = Hash(node) % table_.size();
  while (table_[at] != 0) {
    if (nodes_[table_[at] - 1] == node) return;
    at = (at + 1) % table_.size();
  }
  nodes_.push_back(node);
  origins_.push_back({static_cast<uint32_t>(parent), move});
  table_[at] = static_cast<uint32_t>(nodes_.size());
}

// Whether what is looked for was found, and no state is left that could break it in fewer steps.
bool Search::IsDone(size_t at) const {
  const auto found = violations_.find(options_.until);
  return found != violations_.end() && Depth(at) >= found->second.steps;
}

size_t Search::Depth(size_t at) const {
  size_t depth = 0;
  for (; at != 0; at = origins_[at].parent) ++depth;
  return depth;
}

std::vector<std::string> Search::Trace(size_t at, const Move* move) const {
  std::vector<std::string> trace;
  if (move != nullptr) trace.push_back(Text(nodes_[at].state, *move));
  for (; at != 0; at = origins_[at].parent) {
    trace.push_back(Text(nodes_[origins_[at].parent].state, origins_[at].move));
  }
  std::ranges::reverse(trace);
  return trace;
}

void Search::Found(const char* invariant, const char* how, size_t at, const Move* move) {
  const size_t steps = Depth(at) + (move != nullptr ? 1 : 0);
  const auto known = violations_.find(invariant);
  if (known != violations_.end() && known->second.steps <= steps) return;
  violations_[invariant] = {steps, nodes_.size(), how, Trace(at, move)};
}

std::string Search::Summary() const {
  std::string text;
  for (const auto& [invariant, violation] : violations_) {
    text += (text.empty() ? "" : ", ") + invariant + " in " + std::to_string(violation.steps) + " steps";
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace labrec::recovery::explorer
