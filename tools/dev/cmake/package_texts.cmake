# Run by CPack on what it is to pack: manual pages and changelogs are compressed, as Debian's policy wants (12.1, 12.7).
file(GLOB_RECURSE files ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(file ${files})
  if(file MATCHES "/share/man/man[0-9]/[^/]+\\.[0-9]$" OR file MATCHES "/share/doc/[^/]+/changelog$")
    execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
