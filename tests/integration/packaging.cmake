labrec_test(nginx_integration
  SOURCES nginx_test.cc
  DEPS test_nginx test_realm_fixture test_finished_command OpenSSL::SSL
  TIMEOUT 180
  LABEL integration)
add_dependencies(nginx_integration labyrinth-recover)

labrec_test(manual_pages
  SOURCES manual_pages_test.cc manual_page.cc config_keys_test.cc
  DEPS test_finished_command
  LABEL integration)
add_dependencies(manual_pages labyrinth-recoveryd labyrinth-admin labyrinth-recover labyrinth-mailbox
  labyrinth-mailboxd)

labrec_test(installation
  SOURCES installation_test.cc
  DEPS test_finished_command
  LABEL integration)
target_compile_definitions(installation PRIVATE LABREC_CMAKE="${CMAKE_COMMAND}"
  LABREC_BUILD_DIR="${CMAKE_BINARY_DIR}" LABREC_PREFIX="${CMAKE_INSTALL_PREFIX}")
add_dependencies(installation labyrinth-recoveryd labyrinth-admin labyrinth-recover labyrinth-mailbox
  labyrinth-mailboxd)

labrec_test(readme
  SOURCES readme_test.cc
  DEPS test_finished_command test_loopback absl::strings
  LABEL integration)
add_dependencies(readme labyrinth-recoveryd labyrinth-admin labyrinth-recover)
