# cmocka: the target Cmocka::Cmocka.
include(${CMAKE_CURRENT_LIST_DIR}/find_c_library.cmake)
find_c_library(Cmocka cmocka.h cmocka "install libcmocka-dev, or configure with -DHOLDFAST_TESTS=OFF")
