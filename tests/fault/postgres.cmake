labrec_test(fault_postgres
  SOURCES postgres/commit_test.cc postgres/demands_test.cc postgres/cutting_proxy.cc postgres/failover_test.cc postgres/pair.cc
          postgres/wire_test.cc
  DEPS recovery_store_postgres recovery_ledger test_postgres test_simulated_device test_finished_command
       test_small_disk
  TIMEOUT 600 LABEL fault)
