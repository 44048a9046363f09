#include <chrono>
#include <cstdlib>
#include <iostream>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/store/sqlite/connection.h"
#include "tests/integration/mailbox/world.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/eventually.h"
#include "tools/mailbox/store_address.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using recovery::labyrinth::MemberRow;

void CheckStore(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::abort();
}

}  // namespace

OperatedStore::OperatedStore(StoreKind kind, fs::path folder) : kind_(kind), folder_(std::move(folder)) {
  fs::create_directories(folder_ / "store");
  Start();
}

std::string OperatedStore::name() const {
  return kind_ == StoreKind::kFolder ? (folder_ / "store").string() : "unix:" + (folder_ / "sock").string();
}

void OperatedStore::Start() {
  if (kind_ == StoreKind::kFolder) return;
  auto started = test::ChildProcess::Start({{std::string(LABREC_BIN_DIR) + "/labyrinth-mailboxd",
                                             "--database", Database().string(), "--listen", name()},
                                            {},
                                            folder_ / "mailboxd.log"});
  CheckStore(started.status());
  server_ = *std::move(started);
  bool serves = false;
  test::Eventually([&] {
    serves = !absl::IsUnavailable(Open()->GetHead().status());
    return serves || !server_->Running();
  });
  if (!serves) CheckStore(absl::UnavailableError("labyrinth-mailboxd does not serve; see its log"));
}

void OperatedStore::Stop() {
  if (server_ == nullptr) return;
  const auto status = server_->Terminate(std::chrono::seconds(20));
  CheckStore(status.status());
  if (*status != 0)
    CheckStore(absl::InternalError("labyrinth-mailboxd ended with " + std::to_string(*status)));
  server_.reset();
}

std::unique_ptr<recovery::labyrinth::MessageStore> OperatedStore::Open() const {
  StoreOptions options;
  options.name = name();
  auto store = OpenStore(options, {"chat", "alice"});
  CheckStore(store.status());
  return *std::move(store);
}

std::string OperatedStore::Dump() {
  Stop();
  std::string dump;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "store")) {
    dump += entry.path().filename().string() + "\n";
    if (!entry.is_regular_file()) continue;
    const auto content = ReadFile(entry.path(), 1U << 30);
    CheckStore(content.status());
    dump += ToString(*content);
  }
  Start();
  return dump;
}

void OperatedStore::Keep(const std::string& snapshot) {
  Stop();
  fs::remove_all(folder_ / snapshot);
  fs::copy(folder_ / "store", folder_ / snapshot, fs::copy_options::recursive);
  Start();
}

void OperatedStore::PutBack(const std::string& snapshot) {
  Stop();
  fs::remove_all(folder_ / "store");
  fs::copy(folder_ / snapshot, folder_ / "store", fs::copy_options::recursive);
  Start();
}

void OperatedStore::HideNewestEpoch() {
  const auto head = Open()->GetHead();
  CheckStore(head.status());
  if (kind_ == StoreKind::kFolder) {
    char number[21];
    std::snprintf(number, sizeof number, "%020llu", static_cast<unsigned long long>(head->sequence));
    fs::remove_all(folder_ / "store" / "epochs" / number);
    return;
  }
  Edit(
      "DELETE FROM message WHERE sequence=(SELECT max(sequence) FROM epoch);"
      "DELETE FROM member WHERE sequence=(SELECT max(sequence) FROM epoch);"
      "DELETE FROM epoch WHERE sequence=(SELECT max(sequence) FROM epoch);");
}

void OperatedStore::Edit(const char* sql) {
  Stop();
  {
    auto database = recovery::OpenDatabase(Database());
    CheckStore(database.status());
    CheckStore(recovery::Execute(database->get(), sql));
  }
  Start();
}

std::string OperatedStore::Summary() const {
  const auto store = Open();
  const auto head = store->GetHead();
  if (!head.ok()) return "empty";
  std::string text = std::to_string(head->sequence) + " " + Hex(head->epoch_id) + " version " +
                     std::to_string(head->members_version) + ", " + std::to_string(head->message_count) +
                     " messages\n";
  for (uint64_t sequence = 0; sequence <= head->sequence; ++sequence) {
    const auto members = store->ListMembers(sequence);
    CheckStore(members.status());
    for (const MemberRow& row : *members) {
      text += std::to_string(sequence) + " " + Hex(row.id) + " " + Hex(row.bytes) + "\n";
    }
  }
  const auto bundles = store->ListBundles();
  CheckStore(bundles.status());
  for (const auto& id : *bundles) text += Hex(id) + "\n";
  return text;
}

}  // namespace labrec::mailbox
