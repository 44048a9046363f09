# A shared library, as the device loads it by path; tests link to it too, to say what is to fail.
add_library(faulty_pkcs11 SHARED ${CMAKE_CURRENT_LIST_DIR}/faulty_pkcs11.cc)
target_include_directories(faulty_pkcs11 PUBLIC ${CMAKE_SOURCE_DIR})
target_compile_options(faulty_pkcs11 PRIVATE ${LABREC_WARNINGS} -fvisibility=default)
target_compile_definitions(faulty_pkcs11
  PRIVATE LABREC_SOFTHSM2_MODULE="${SOFTHSM2_MODULE}"
  INTERFACE LABREC_FAULTY_PKCS11="$<TARGET_FILE:faulty_pkcs11>")
target_link_libraries(faulty_pkcs11 PUBLIC PkgConfig::P11KIT PRIVATE ${CMAKE_DL_LIBS})
