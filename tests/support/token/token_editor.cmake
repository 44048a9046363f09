labrec_library(test_token_editor
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/token_editor.cc
  DEPS hsm_pkcs11
  PRIVATE_DEPS PkgConfig::P11KIT absl::strings)
