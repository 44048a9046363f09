labrec_test(fault_postgres
  SOURCES postgres/commit_test.cc postgres/demands_test.cc postgres/failover_test.cc postgres/pair.cc
  DEPS recovery_store_postgres recovery_ledger test_postgres test_simulated_device test_finished_command
  TIMEOUT 300 LABEL fault)
