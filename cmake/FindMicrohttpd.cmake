# libmicrohttpd 0.9.71 or later: the target Microhttpd::Microhttpd. An optional part.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Microhttpd microhttpd.h microhttpd "for --metrics and serve install libmicrohttpd-dev")
