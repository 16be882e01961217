# What our Find modules share: a C library that is one header and one library (of several names the first that is
# there), as PACKAGE::PACKAGE; PACKAGE_VERSION is what its pkg-config file says, or empty.
include(FindPackageHandleStandardArgs)

function(find_package_version package names)
  cmake_path(GET ${package}_LIBRARY PARENT_PATH folder)
  set(version "")
  foreach(name IN LISTS names)
    if(EXISTS ${folder}/pkgconfig/lib${name}.pc)
      file(STRINGS ${folder}/pkgconfig/lib${name}.pc version REGEX "^Version: ")
      string(REGEX REPLACE "^Version: *" "" version "${version}")
    endif()
  endforeach()
  set(${package}_VERSION "${version}" PARENT_SCOPE)
endfunction()

macro(find_c_library package header library advice)
  find_path(${package}_INCLUDE_DIR ${header})
  find_library(${package}_LIBRARY NAMES ${library})
  find_package_handle_standard_args(${package} REQUIRED_VARS ${package}_LIBRARY ${package}_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "${advice}")
  if(${package}_FOUND AND NOT TARGET ${package}::${package})
    add_library(${package}::${package} UNKNOWN IMPORTED)
    set_target_properties(${package}::${package} PROPERTIES
      IMPORTED_LOCATION "${${package}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${${package}_INCLUDE_DIR}")
  endif()
  find_package_version(${package} "${library}")
  mark_as_advanced(${package}_INCLUDE_DIR ${package}_LIBRARY)
endmacro()
