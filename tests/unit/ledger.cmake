labrec_test(ledger_test
  SOURCES ledger_bucket_test.cc ledger_head_test.cc ledger_merkle_test.cc
  DEPS recovery_ledger)

labrec_test(sqlite_store_test
  SOURCES ledger_sqlite_store_test.cc ledger_sqlite_erase_test.cc ledger_sqlite_file_test.cc
  DEPS recovery_store_sqlite recovery_ledger test_swtpm SQLite::SQLite3)
