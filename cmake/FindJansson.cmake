# jansson 2.13 or later: the target Jansson::Jansson.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Jansson jansson.h jansson "install libjansson-dev")
