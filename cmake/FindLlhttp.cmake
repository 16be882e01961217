# llhttp 8.1 or later, in either of its layouts, as the target Llhttp::Llhttp:
#  - a library with header (libllhttp-dev, from Debian 13 on), static where there is one;
#  - C sources (node-llhttp of Debian 12: /usr/share/llhttp/*.c, /usr/share/include/llhttp),
#    compiled in the build tree, never copied into ours.
include(FindPackageHandleStandardArgs)
find_path(Llhttp_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp PATH_SUFFIXES llhttp)
find_library(Llhttp_LIBRARY NAMES libllhttp.a llhttp)
find_path(Llhttp_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(Llhttp_LIBRARY)
  set(Llhttp_ORIGIN "${Llhttp_LIBRARY}")
elseif(Llhttp_SOURCE_DIR)
  set(Llhttp_ORIGIN "${Llhttp_SOURCE_DIR}")
endif()
find_package_handle_standard_args(Llhttp REQUIRED_VARS Llhttp_ORIGIN Llhttp_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install node-llhttp (Debian 12) or libllhttp-dev (Debian 13)")
if(Llhttp_FOUND AND NOT TARGET Llhttp::Llhttp)
  if(Llhttp_LIBRARY)
    add_library(Llhttp::Llhttp UNKNOWN IMPORTED)
    set_target_properties(Llhttp::Llhttp PROPERTIES
      IMPORTED_LOCATION "${Llhttp_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${Llhttp_INCLUDE_DIR}")
  else()
    add_library(holdfast_llhttp STATIC
      ${Llhttp_SOURCE_DIR}/api.c ${Llhttp_SOURCE_DIR}/http.c ${Llhttp_SOURCE_DIR}/llhttp.c)
    target_include_directories(holdfast_llhttp SYSTEM PUBLIC ${Llhttp_INCLUDE_DIR})
    target_compile_options(holdfast_llhttp PRIVATE -w)
    add_library(Llhttp::Llhttp ALIAS holdfast_llhttp)
  endif()
endif()
mark_as_advanced(Llhttp_INCLUDE_DIR Llhttp_LIBRARY Llhttp_SOURCE_DIR)
