#include "recovery/store/sqlite/slots.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {

Slots::Slots(sqlite3* database)
    : database_(database),
      find_(database,
            "SELECT rows.slot, length(slots.content) FROM rows JOIN slots ON slots.slot = rows.slot "
            "WHERE rows.bucket = ? AND rows.key = ?"),
      overwrite_(database, "UPDATE slots SET content = ? WHERE slot = ?"),
      zero_(database, "UPDATE slots SET content = ? WHERE slot = ?"),
      append_(database, "INSERT INTO slots(content) VALUES(?)"),
      find_free_(database, "SELECT slot FROM free_slots WHERE size = ? LIMIT 1"),
      take_free_(database, "DELETE FROM free_slots WHERE size = ? AND slot = ?"),
      add_free_(database, "INSERT OR REPLACE INTO free_slots(size, slot) VALUES(?, ?)"),
      link_(database, "INSERT OR REPLACE INTO rows(bucket, key, slot) VALUES(?, ?, ?)"),
      unlink_(database, "DELETE FROM rows WHERE bucket = ? AND key = ?") {}

absl::Status Slots::Put(const RowAddress& address, ByteView content) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<Place> place, Find(address));
  if (place.has_value() && place->size == static_cast<int64_t>(content.size())) {
    return Overwrite(place->slot, content);
  }
  if (place.has_value()) LABREC_RETURN_IF_ERROR(Vacate(*place));
  LABREC_ASSIGN_OR_RETURN(const int64_t slot, Occupy(content));
  return link_.Bind(int64_t{address.bucket}).Bind(address.key).Bind(slot).Run();
}

absl::Status Slots::Remove(const RowAddress& address) {
  LABREC_ASSIGN_OR_RETURN(const std::optional<Place> place, Find(address));
  if (place.has_value()) LABREC_RETURN_IF_ERROR(Vacate(*place));
  return unlink_.Bind(int64_t{address.bucket}).Bind(address.key).Run();
}

absl::StatusOr<std::optional<Slots::Place>> Slots::Find(const RowAddress& address) {
  DoneGuard done(find_);
  find_.Bind(int64_t{address.bucket}).Bind(address.key);
  LABREC_ASSIGN_OR_RETURN(const bool found, find_.Next());
  if (!found) return std::nullopt;
  return Place{find_.Integer(0), find_.Integer(1)};
}

absl::Status Slots::Overwrite(int64_t slot, ByteView content) {
  return overwrite_.Bind(content).Bind(slot).Run();
}

absl::Status Slots::Vacate(const Place& place) {
  LABREC_RETURN_IF_ERROR(zero_.BindZeros(static_cast<size_t>(place.size)).Bind(place.slot).Run());
  return add_free_.Bind(place.size).Bind(place.slot).Run();
}

absl::StatusOr<int64_t> Slots::Occupy(ByteView content) {
  const int64_t size = static_cast<int64_t>(content.size());
  find_free_.Bind(size);
  LABREC_ASSIGN_OR_RETURN(const bool found, find_free_.Next());
  const int64_t slot = found ? find_free_.Integer(0) : 0;
  find_free_.Done();
  if (!found) {
    LABREC_RETURN_IF_ERROR(append_.Bind(content).Run());
    return sqlite3_last_insert_rowid(database_);
  }
  LABREC_RETURN_IF_ERROR(take_free_.Bind(size).Bind(slot).Run());
  LABREC_RETURN_IF_ERROR(Overwrite(slot, content));
  return slot;
}

}  // namespace labrec::recovery
