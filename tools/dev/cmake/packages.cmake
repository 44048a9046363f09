# Debian packages, by CPack. tools/dev/package makes them of the release build; docs/operations.md, "Packages".
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME labyrinth-recovery)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_COMPONENTS_ALL recoveryd tools library development)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package_texts.cmake)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1 CACHE STRING "Revision of the Debian packages")
set(LABREC_MAINTAINER "Labyrinth Recovery developers <labyrinth-recovery@localhost>" CACHE STRING
  "Who Debian packages say made them")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${LABREC_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(same_version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

# Where dpkg-shlibdeps cannot look, as they are loaded at run time: the TCTI of a TPM (tpm2:device:...). Modules of HSMs are
# their vendors'. "labyrinth-admin dev" wants simulators.
set(debian ${CMAKE_SOURCE_DIR}/tools/recoveryd/debian)
set(CPACK_DEBIAN_RECOVERYD_PACKAGE_NAME labyrinth-recoveryd)
set(CPACK_DEBIAN_RECOVERYD_PACKAGE_SECTION net)
set(CPACK_DEBIAN_RECOVERYD_DESCRIPTION "recovery realm on a TPM 2.0 or a PKCS#11 token
 Keeps shares of storage keys that people get back by a PIN, counts the wrong
 ones durably, and anchors the count in a security device.")
set(CPACK_DEBIAN_RECOVERYD_PACKAGE_DEPENDS
  "libtss2-tcti-device0, systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_RECOVERYD_PACKAGE_RECOMMENDS "labyrinth-tools (= ${same_version}), openssl")
set(CPACK_DEBIAN_RECOVERYD_PACKAGE_SUGGESTS "nginx, prometheus, softhsm2, libtss2-tcti-swtpm0, libtss2-tcti-tabrmd0")
set(CPACK_DEBIAN_RECOVERYD_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm)

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME labyrinth-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "operator's and client's programs of recovery realms
 labyrinth-admin makes realms and looks after them, labyrinth-recover seals
 and recovers secrets, labyrinth-mailbox and -mailboxd show how a messenger
 uses them.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "libtss2-tcti-device0")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS
  "labyrinth-recoveryd (= ${same_version}), swtpm, swtpm-tools, libtss2-tcti-swtpm0, softhsm2, openssl")

# By the soname, as Debian's policy wants (8.1).
get_target_property(soversion labyrinth_recovery SOVERSION)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME liblabyrinth-recovery${soversion})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "client of recovery realms, without I/O
 A shared library with a C interface: the calls are carried by who uses it.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblabyrinth-recovery-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "client of recovery realms, to compile with
 The C header and library, the client in C++20 over gRPC, and what pkg-config
 and CMake want to know.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME} (= ${same_version})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS
  "libgrpc++-dev, libprotobuf-dev, libabsl-dev, libssl-dev, libargon2-dev, libunistring-dev, libtomlplusplus-dev")

foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(doc share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES LICENSE DESTINATION ${doc} RENAME copyright COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES CHANGELOG.md DESTINATION ${doc} RENAME changelog COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
include(CPack)
