# What tools/dev/build is asked for, beside single targets: the five programs that users run; the tests, all or those of
# one label; benchmarks; fuzzers. Benchmarks and fuzzers are in no other target, not in "all" either.
set(LABREC_LABELS unit contract integration fault vectors)
add_custom_target(programs)
add_custom_target(all_tests)
foreach(label ${LABREC_LABELS})
  add_custom_target(${label}_tests)
  add_dependencies(all_tests ${label}_tests)
endforeach()
add_custom_target(generated)  # sources that are made while building
add_custom_target(benchmarks)
add_custom_target(fuzzers)

# Lets a target reuse the precompiled headers of another one.
function(labrec_reuse_precompiled name from)
  if(TARGET ${from})
    target_precompile_headers(${name} REUSE_FROM ${from})
  endif()
endfunction()

# With this the sources of each target are compiled eight at a time: headers and templates that they share are worked
# through once, which halves the time of a build from nothing. Their names without linkage must differ, and none leaves a
# macro or a namespace to the next: tools/check-house looks. A release for operators compiles each source by itself, and
# so does clang-tidy: so a source that forgets an include is found. So does preset dev: a source that changed is compiled
# alone. Generated sources are left as they are.
option(LABREC_JOINED "Compile sources eight at a time" OFF)

function(labrec_compile_joined name)
  if(LABREC_JOINED)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # GCC takes joined sources for headers, whose types that no other source can name would be wrong in a coroutine. And a
    # local name may be one that another source has, as long as it means its own.
    target_compile_options(${name} PRIVATE -Wno-subobject-linkage -Wno-shadow)
  endif()
endfunction()

# labrec_compile_apart(SOURCES...): never joins these (paths from the root) with others.
function(labrec_compile_apart)
  foreach(source ${ARGN})
    cmake_path(GET source PARENT_PATH folder)
    while(NOT EXISTS ${CMAKE_SOURCE_DIR}/${folder}/CMakeLists.txt)
      cmake_path(GET folder PARENT_PATH folder)
    endwhile()
    set_source_files_properties(${CMAKE_SOURCE_DIR}/${source} DIRECTORY ${CMAKE_SOURCE_DIR}/${folder}
      PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
endfunction()

# What each target of ours has, whatever its kind. A library that shows GoogleTest in its headers is precompiled with it,
# one whose sources mostly see JSON (PRECOMPILED json) with that.
function(labrec_target name)
  cmake_parse_arguments(A "" "PRECOMPILED" "DEPS" ${ARGN})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${LABREC_WARNINGS})
  labrec_compile_joined(${name})
  if(NOT A_PRECOMPILED AND "GTest::gtest" IN_LIST A_DEPS)
    set(A_PRECOMPILED test)
  elseif(NOT A_PRECOMPILED)
    set(A_PRECOMPILED common)
  endif()
  labrec_reuse_precompiled(${name} precompiled_${A_PRECOMPILED})
endfunction()

# labrec_library(NAME SOURCES ... [DEPS public...] [PRIVATE_DEPS private...] [PRECOMPILED json])
# One static library per folder. What stands in DEPS may appear in its headers; device, database and
# TLS libraries belong into PRIVATE_DEPS, so that their headers do not travel.
function(labrec_library name)
  cmake_parse_arguments(A "" "PRECOMPILED" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC ${A_DEPS} PRIVATE ${A_PRIVATE_DEPS})
  labrec_target(${name} PRECOMPILED ${A_PRECOMPILED} DEPS ${A_DEPS})
endfunction()

# labrec_suites(NAME SOURCES ... [DEPS public...])
# Tests that several programs run: compiled once, and linked whole, as nothing refers to a test by its name.
function(labrec_suites name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} OBJECT ${A_SOURCES})
  target_link_libraries(${name} PUBLIC ${A_DEPS} GTest::gtest GTest::gmock)
  labrec_target(${name} PRECOMPILED test)
endfunction()

# labrec_program(NAME SOURCES ... DEPS ... [PRECOMPILED json]): an executable in build/<preset>/bin.
# labrec_product(NAMES ...): users run it.
function(labrec_program name)
  cmake_parse_arguments(A "" "PRECOMPILED" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_include_directories(${name} SYSTEM PRIVATE ${CLI11_INCLUDE_DIR})
  target_link_libraries(${name} PRIVATE ${A_DEPS})
  if(LABREC_SANITIZE MATCHES "address")
    target_link_libraries(${name} PRIVATE test_secure_heap_roots)  # tests run the programs, where LeakSanitizer looks on too
  endif()
  labrec_target(${name} PRECOMPILED ${A_PRECOMPILED})
endfunction()

function(labrec_product)
  add_dependencies(programs ${ARGN})
endfunction()

# labrec_runs_tests(LABEL TARGETS ...): what tests of this label run or load.
function(labrec_runs_tests label)
  add_dependencies(${label}_tests ${ARGN})
endfunction()

# labrec_test(NAME SOURCES ... DEPS ... [TIMEOUT seconds] [SERIAL] [ENV K=V ...] [LABEL l])
# A GoogleTest program; every test of it becomes a ctest entry "NAME.Suite.Test". LABEL: the folder of tests/ it stands in,
# unless said otherwise.
function(labrec_test name)
  cmake_parse_arguments(A "SERIAL" "TIMEOUT;LABEL" "SOURCES;DEPS;ENV" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${LABREC_WARNINGS})
  target_include_directories(${name} PRIVATE ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${name} PRIVATE ${A_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  labrec_reuse_precompiled(${name} precompiled_test)
  labrec_compile_joined(${name})
  if(TARGET test_secure_heap_roots)
    target_link_libraries(${name} PRIVATE test_secure_heap_roots)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  set(properties TIMEOUT ${A_TIMEOUT})
  if(NOT A_LABEL)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR}/tests OUTPUT_VARIABLE A_LABEL)
    string(REGEX REPLACE "/.*" "" A_LABEL ${A_LABEL})
  endif()
  list(APPEND properties LABELS ${A_LABEL})
  labrec_runs_tests(${A_LABEL} ${name})
  if(A_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  if(A_ENV)
    list(APPEND properties ENVIRONMENT "${A_ENV}")
  endif()
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

# labrec_replaces(PROGRAM SOURCE): the linker gives PROGRAM the functions of SOURCE instead of the product's: every symbol
# that SOURCE names, of the headers that it includes (--wrap). It does so between objects only, so the sources of those
# headers are compiled apart.
function(labrec_replaces program source)
  file(READ ${source} text)
  string(REGEX REPLACE "\"[ \n]+\"" "" joined "${text}")
  string(REGEX MATCHALL "\"_ZNK?6labrec[A-Za-z0-9_]+\"" wrapped "${joined}")
  list(TRANSFORM wrapped REPLACE "\"(.+)\"" "LINKER:--wrap=\\1")
  target_link_options(${program} PRIVATE ${wrapped})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  string(REGEX MATCHALL "#include \"[a-z0-9_/]+\\.h\"" headers "${text}")
  foreach(header ${headers})
    string(REGEX REPLACE "#include \"(.+)\\.h\"" "\\1.cc" own ${header})
    if(EXISTS ${CMAKE_SOURCE_DIR}/${own} AND NOT own MATCHES "^tests/")
      labrec_compile_apart(${own})
    endif()
  endforeach()
endfunction()

# labrec_proto(NAME PROTOS ... [GRPC] DEPS ...): generated code, warnings off, headers as SYSTEM.
function(labrec_proto name)
  cmake_parse_arguments(A "GRPC" "" "PROTOS;DEPS" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/generated)
  set(generated)
  foreach(proto ${A_PROTOS})
    cmake_path(GET proto PARENT_PATH sub)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE folder)
    cmake_path(GET proto STEM stem)
    set(files ${out}/${folder}/${sub}/${stem}.pb.cc)
    set(command ${PROTOC} -I ${CMAKE_SOURCE_DIR} --cpp_out=${out})
    if(A_GRPC)
      list(APPEND files ${out}/${folder}/${sub}/${stem}.grpc.pb.cc)
      list(APPEND command --grpc_out=${out} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(OUTPUT ${files} COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND ${command} ${CMAKE_CURRENT_SOURCE_DIR}/${proto}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${proto} VERBATIM)
    list(APPEND generated ${files})
  endforeach()
  add_custom_target(${name}_sources DEPENDS ${generated})
  add_dependencies(generated ${name}_sources)
  add_library(${name} STATIC ${generated})
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf ${A_DEPS})
  labrec_reuse_precompiled(${name} precompiled_common)
  if(A_GRPC)
    target_link_libraries(${name} PUBLIC gRPC::grpc++)
  endif()
endfunction()
