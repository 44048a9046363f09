# In each test program (labrec_test) where LeakSanitizer looks on.
if(LABREC_SANITIZE MATCHES "address")
  add_library(test_secure_heap_roots OBJECT
    ${CMAKE_CURRENT_LIST_DIR}/secure_heap_roots.cc ${CMAKE_CURRENT_LIST_DIR}/secure_heap_roots_at_start.cc)
  target_link_libraries(test_secure_heap_roots PUBLIC hsm_base)
  labrec_target(test_secure_heap_roots)
endif()
