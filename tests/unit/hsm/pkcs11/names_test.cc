#include "hsm/pkcs11/anchor/names.h"

#include <set>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::hsm::pkcs11 {
namespace {

Scope ScopeOf(char realm, char instance) {
  return {Bytes(kRealmIdSize, static_cast<uint8_t>(realm)),
          Bytes(kInstanceSize, static_cast<uint8_t>(instance))};
}

TEST(Pkcs11Names, OfARatchetKeyCanBeReadBack) {
  const Scope scope = ScopeOf('r', 'i');
  const RatchetKeyId id{0x0102030405060708, Bytes(kNonceSize, 'n'), Bytes(kNonceSize, 'p')};
  const KeyName name = RatchetKeyName(scope, id);
  EXPECT_EQ(Hex(name.id), Hex(AsBytes("labrec-arrrrrrrrrrrrrrrriiiiiiii")) + "0102030405060708" +
                              Hex(AsBytes("nnnnnnnnpppppppp")));
  const auto parsed = ParseRatchetKeyId(scope, name.id);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->epoch, id.epoch);
  EXPECT_EQ(parsed->nonce, id.nonce);
  EXPECT_EQ(parsed->parent_nonce, id.parent_nonce);
}

TEST(Pkcs11Names, OfAnotherScopeOrLengthAreNotOurs) {
  const KeyName name = RatchetKeyName(ScopeOf('r', 'i'), RatchetKeyId::NewFor(3, Bytes(kNonceSize)));
  EXPECT_FALSE(ParseRatchetKeyId(ScopeOf('r', 'j'), name.id).has_value());
  EXPECT_FALSE(ParseRatchetKeyId(ScopeOf('s', 'i'), name.id).has_value());
  for (size_t size = 0; size < name.id.size(); ++size) {
    EXPECT_FALSE(ParseRatchetKeyId(ScopeOf('r', 'i'), ByteView(name.id).first(size)).has_value()) << size;
  }
  Bytes longer = name.id;
  longer.push_back(0);
  EXPECT_FALSE(ParseRatchetKeyId(ScopeOf('r', 'i'), longer).has_value());
}

TEST(Pkcs11Names, AreAllDifferent) {
  std::set<Bytes> ids;
  std::set<std::string> labels;
  for (const Scope& scope : {ScopeOf('r', 'i'), ScopeOf('r', 'j'), ScopeOf('s', 'i')}) {
    for (const KeyName& name :
         {EvaluationKeyName(scope), DerivationKeyName(scope), ClaimName(scope, Bytes(kNonceSize)),
          RatchetKeyName(scope, RatchetKeyId::NewFor(1, Bytes(kNonceSize)))}) {
      EXPECT_TRUE(ids.insert(name.id).second);
      EXPECT_TRUE(labels.insert(name.label).second) << name.label;
    }
  }
}

TEST(Pkcs11Names, EachRatchetKeyIsNew) {
  EXPECT_NE(RatchetKeyId::NewFor(1, {}).nonce, RatchetKeyId::NewFor(1, {}).nonce);
  EXPECT_NE(Scope::NewFor(Bytes(16)).instance, Scope::NewFor(Bytes(16)).instance);
}

}  // namespace
}  // namespace labrec::hsm::pkcs11
