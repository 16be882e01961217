# liburing 2.3 or later: the target Liburing::Liburing.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Liburing liburing.h uring "install liburing-dev")
