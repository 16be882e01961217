# Writes OUTPUT, which defines HOLDFAST_COMMIT, when it does not say so already. Run at every build, so that a
# program never names a commit other than the one it was built from.
set(commit "unknown")
find_package(Git QUIET)
if(Git_FOUND AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE said OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(said)
    set(commit ${said})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define HOLDFAST_COMMIT \"${commit}\"\n")
