# The C++ client for programs outside of this tree: one static library, and the headers that recovery/client's public ones
# lead to, with their paths. Headers that are generated (protobuf's) are none of them: configuring fails if one is.

# Sets `out` to the headers and all of ours that they include, as paths from the root.
function(labrec_headers_behind out)
  set(todo ${ARGN})
  set(found)
  while(todo)
    list(POP_FRONT todo header)
    if(header IN_LIST found)
      continue()
    endif()
    if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${header})
      message(FATAL_ERROR "public headers of the client lead to ${header}, which is no file of this tree")
    endif()
    list(APPEND found ${header})
    file(STRINGS ${CMAKE_SOURCE_DIR}/${header} includes REGEX "^#include \"[^\"]+/")
    foreach(include ${includes})
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" include ${include})
      if(NOT include MATCHES "^(absl|google|grpcpp)/")
        list(APPEND todo ${include})
      endif()
    endforeach()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Sets `out` to `library` and the static libraries of ours that it stands on, `foreign` to all else that it links to.
function(labrec_libraries_behind out foreign library)
  set(todo ${library})
  set(ours)
  set(others)
  while(todo)
    list(POP_FRONT todo name)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" name ${name})
    if(name IN_LIST ours OR name IN_LIST others)
      continue()
    endif()
    set(type OTHER)
    if(TARGET ${name})
      get_target_property(imported ${name} IMPORTED)
      get_target_property(type ${name} TYPE)
    endif()
    if(type STREQUAL "STATIC_LIBRARY" AND NOT imported)
      list(APPEND ours ${name})
      get_target_property(behind ${name} INTERFACE_LINK_LIBRARIES)
      if(behind)
        list(APPEND todo ${behind})
      endif()
    elseif(type STREQUAL "INTERFACE_LIBRARY" AND NOT imported)
      get_target_property(behind ${name} INTERFACE_LINK_LIBRARIES)
      if(behind)
        list(APPEND todo ${behind})
      endif()
    else()
      list(APPEND others ${name})
    endif()
  endwhile()
  set(${out} ${ours} PARENT_SCOPE)
  set(${foreign} ${others} PARENT_SCOPE)
endfunction()

file(GLOB public RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS recovery/client/*.h)
# Beside the public ones, what its callers handle: tokens, statuses, files with keys (tools/example/seal_and_recover.cc).
labrec_headers_behind(headers ${public} recovery/client/tokens/bearer_token.h hsm/base/status_macros.h hsm/base/file.h)
labrec_libraries_behind(libraries foreign recovery_client)
list(APPEND libraries pin_text)

# What tools/dev/cmake/labyrinth_recovery-config.cmake.in and labyrinth-recovery-client.pc.in name. A library that the client
# comes to stand on besides has to be put there: configuring fails until it is.
set(known absl::status absl::statusor absl::strings OpenSSL::Crypto OpenSSL::SSL PkgConfig::ARGON2 protobuf::libprotobuf
  gRPC::grpc++ Threads::Threads tomlplusplus::tomlplusplus)
foreach(library ${foreign})
  if(NOT library IN_LIST known)
    message(FATAL_ERROR "the client links to ${library}: name it in tools/dev/cmake/client_package.cmake, in "
      "labyrinth_recovery-config.cmake and in labyrinth-recovery-client.pc.in")
  endif()
endforeach()

set(objects)
foreach(library ${libraries})
  list(APPEND objects $<TARGET_OBJECTS:${library}>)
endforeach()
add_library(labyrinth_recovery_client STATIC EXCLUDE_FROM_ALL ${objects})
set_target_properties(labyrinth_recovery_client PROPERTIES LINKER_LANGUAGE CXX
  ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

set(client_headers ${CMAKE_INSTALL_INCLUDEDIR}/labyrinth_recovery)
install(TARGETS labyrinth_recovery_client COMPONENT development EXCLUDE_FROM_ALL
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(header ${headers})
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${header} DESTINATION ${client_headers}/${folder} COMPONENT development EXCLUDE_FROM_ALL)
endforeach()
# From a file of pkg-config up to the prefix: /usr has a folder for the architecture, /usr/local has none.
file(RELATIVE_PATH LABREC_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
foreach(name labyrinth-recovery labyrinth-recovery-client)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT development EXCLUDE_FROM_ALL)
endforeach()
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/labyrinth_recovery)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/labyrinth_recovery-config.cmake.in
  ${CMAKE_BINARY_DIR}/labyrinth_recovery-config.cmake INSTALL_DESTINATION ${package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/labyrinth_recovery-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/labyrinth_recovery-config.cmake
  ${CMAKE_BINARY_DIR}/labyrinth_recovery-config-version.cmake
  DESTINATION ${package} COMPONENT development EXCLUDE_FROM_ALL)
