# Precompiled headers: what nearly every source includes, parsed once. One set for all, one with GoogleTest for
# tests, one with JSON for programs that print it.
# GCC refuses a precompiled header where code generation flags differ, so -pthread and -fPIC are the same everywhere
# (compiler.cmake). Sources still include what they use: -DLABREC_PRECOMPILE=OFF builds without.
option(LABREC_PRECOMPILE "Precompile the standard library, absl::Status and GoogleTest" ON)
if(NOT LABREC_PRECOMPILE)
  return()
endif()

set(LABREC_COMMON_HEADERS
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstdlib> <cstring> <filesystem> <fstream> <functional> <iostream>
  <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility>
  <variant> <vector> <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h>)

# labrec_precompiled(NAME HEADERS... ): a target whose precompiled header others reuse.
function(labrec_precompiled name)
  set(source ${CMAKE_BINARY_DIR}/precompiled/${name}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(${name} OBJECT ${source})
  target_compile_options(${name} PRIVATE ${LABREC_WARNINGS})
  target_precompile_headers(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES
    CXX_COMPILER_LAUNCHER "${CMAKE_SOURCE_DIR}/tools/dev/compile-header;${CMAKE_CXX_COMPILER_LAUNCHER}")
endfunction()

labrec_precompiled(precompiled_common ${LABREC_COMMON_HEADERS})
labrec_precompiled(precompiled_json ${LABREC_COMMON_HEADERS} <nlohmann/json.hpp>)
labrec_precompiled(precompiled_test ${LABREC_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
target_link_libraries(precompiled_test PRIVATE GTest::gtest GTest::gmock)
