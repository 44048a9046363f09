labrec_test(ledger_integration
  SOURCES ledger_support.cc ledger_commit_test.cc ledger_damage_test.cc ledger_rollback_test.cc ledger_sweep_test.cc
          ledger_two_processes_test.cc ledger_offline_test.cc
  DEPS recovery_ledger recovery_store_sqlite hsm_open_device test_swtpm test_softhsm SQLite::SQLite3
  LABEL integration
  TIMEOUT 300)
