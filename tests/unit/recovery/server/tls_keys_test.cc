// Which TLS keys a realm takes for its own.

#include <fstream>

#include <gtest/gtest.h>

#include "recovery/server/transport/tls_key_hash.h"
#include "tests/support/net/test_certificate.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery {
namespace {

TEST(OwnTlsKeys, AreThoseOfItsCertificatesAndOfTheOnesBefore) {
  const test::TestCertificate first, second, third;
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "tls.pem";
  const auto show = [&](const test::TestCertificate& one) { std::ofstream(file) << one.certificate_pem(); };
  const Digest hash_1 = TlsKeyHash(first.certificate_file()).value();
  const Digest hash_2 = TlsKeyHash(second.certificate_file()).value();
  const Digest hash_3 = TlsKeyHash(third.certificate_file()).value();
  show(first);
  OwnTlsKeys keys({file});
  EXPECT_TRUE(keys.Check(hash_1).ok());
  EXPECT_EQ(keys.Check(hash_2).code(), absl::StatusCode::kFailedPrecondition);
  show(second);
  EXPECT_TRUE(keys.Check(hash_2).ok());
  EXPECT_TRUE(keys.Check(hash_1).ok()) << "served a little longer";
  show(third);
  EXPECT_TRUE(keys.Check(hash_3).ok());
  EXPECT_FALSE(keys.Check(hash_1).ok());
}

TEST(OwnTlsKeys, WithoutACertificateNothingIsItsOwn) {
  EXPECT_EQ(OwnTlsKeys({}).Check(Digest{}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OwnTlsKeys({"/not/there"}).Check(Digest{}).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace labrec::recovery
