labrec_library(test_faulty_device SOURCES ${CMAKE_CURRENT_LIST_DIR}/faulty_device.cc DEPS hsm_interfaces)
