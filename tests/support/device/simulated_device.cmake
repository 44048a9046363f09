labrec_library(test_simulated_device
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/simulated_device.cc
  DEPS hsm_open_device hsm_interfaces test_swtpm test_softhsm)
