# liburing 2.3 or later, as a static library where there is one: the target Liburing::Liburing.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Liburing liburing.h "liburing.a;uring" "install liburing-dev")
