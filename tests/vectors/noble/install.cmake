# cmake -DSOURCE=... -DTARGET=... -DNPM=... -P install.cmake
# Copies the scripts to TARGET and installs the locked packages beside them, unless exactly those are there already:
# so the network is needed once for each build folder and lock file. A failure fails the tests.
execute_process(COMMAND ${SOURCE}/../../../tools/dev/check-node COMMAND_ERROR_IS_FATAL ANY)
file(MAKE_DIRECTORY ${TARGET})
foreach(name package.json package-lock.json .npmrc peer.mjs wire.mjs rules.mjs client.mjs interop.test.mjs protocol_example.test.mjs
        conformance.test.mjs)
  configure_file(${SOURCE}/${name} ${TARGET}/${name} COPYONLY)
endforeach()
file(SHA256 ${TARGET}/package-lock.json wanted)
set(stamp ${TARGET}/node_modules/.installed)
if(EXISTS ${stamp})
  file(READ ${stamp} installed)
endif()
if(NOT "${installed}" STREQUAL "${wanted}")
  execute_process(COMMAND ${NPM} ci WORKING_DIRECTORY ${TARGET} COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${stamp} ${wanted})
endif()
