#include "tests/fault/pkcs11/fault_fixture.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "hsm/pkcs11/pkcs11_device.h"
#include "tests/support/process/eventually.h"

namespace labrec::hsm::pkcs11 {

Pkcs11Fault::Pkcs11Fault() {
  auto token = test::SoftHsm::Start();
  EXPECT_TRUE(token.ok()) << token.status();
  if (token.ok()) token_ = *std::move(token);
}

Pkcs11Fault::~Pkcs11Fault() {
  Heal();
}

DeviceAddress Pkcs11Fault::Address() const {
  return {token_->UriThrough(LABREC_FAULTY_PKCS11)};
}

ProvisionOptions Pkcs11Fault::Options() {
  ProvisionOptions options;
  options.realm_id = ToBytes("fault test realm");
  return options;
}

absl::StatusOr<std::unique_ptr<Device>> Pkcs11Fault::Open() const {
  return pkcs11::Open(Address(), state_, SecretBytes());
}

std::unique_ptr<Device> Pkcs11Fault::NewDevice() {
  if (state_.json.empty()) {
    auto state = Provision(Address(), Options());
    EXPECT_TRUE(state.ok()) << state.status();
    if (state.ok()) state_ = *std::move(state);
  }
  auto device = Open();
  EXPECT_TRUE(device.ok()) << device.status();
  return device.ok() ? *std::move(device) : nullptr;
}

void Pkcs11Fault::FailNth(std::string function, int n, test::Fate fate) {
  auto seen = std::make_shared<std::atomic<int>>(0);
  test::SetPkcs11Judge([=, function = std::move(function)](std::string_view called) {
    // Initialized without p11-kit's knowledge, the module would stay so beyond the test.
    const bool meant = function.empty() ? called != "C_Initialize" : called == function;
    if (!meant) return test::Fate::Pass();
    return (*seen)++ == n ? fate : test::Fate::Pass();
  });
}

void Pkcs11Fault::FailAll(std::string function, test::Fate fate) {
  test::SetPkcs11Judge([=, function = std::move(function)](std::string_view called) {
    return called == function ? fate : test::Fate::Pass();
  });
}

void Pkcs11Fault::Heal() {
  test::SetPkcs11Judge(nullptr);
}

int Pkcs11Fault::CallsOf(std::string function, const std::function<void()>& work) {
  std::atomic<int> calls = 0;
  test::SetPkcs11Judge([&, function = std::move(function)](std::string_view called) {
    if (function.empty() || called == function) ++calls;
    return test::Fate::Pass();
  });
  work();
  Heal();
  return calls;
}

std::set<std::filesystem::path> Pkcs11Fault::ObjectFiles() const {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(token_->TokenFolder())) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() == ".object" && path.filename() != "token.object") files.insert(path);
  }
  return files;
}

absl::Status Evaluate(Device& device) {
  const P256Scalar factor = P256Scalar::Random();
  const P256Point element = P256Point::Generator().Times(factor);
  const auto products = device.evaluation_key()->Evaluate({&element, 1});
  if (!products.ok()) return products.status();
  const bool right = products->front() == device.evaluation_key()->public_key().Times(factor);
  return right ? absl::OkStatus() : absl::InternalError("the product is wrong");
}

absl::Status OnceAvailable(const std::function<absl::Status()>& operation) {
  absl::Status status;
  test::Eventually([&] { return !absl::IsUnavailable(status = operation()); }, std::chrono::seconds(10));
  return status;
}

}  // namespace labrec::hsm::pkcs11
