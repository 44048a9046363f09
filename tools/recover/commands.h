#pragma once

#include "tools/recover/arguments.h"
#include "tools/recover/report.h"

// One function per command; each returns the exit code, having reported everything.
namespace labrec::recover {

int RunDeviceKey(const Arguments& arguments, const Reporter& reporter);
int RunEnroll(const Arguments& arguments, const Reporter& reporter);
int RunDevice(const Arguments& arguments, const Reporter& reporter);
int RunSeal(const Arguments& arguments, const Reporter& reporter);
int RunRecover(const Arguments& arguments, const Reporter& reporter);
int RunChangePin(const Arguments& arguments, const Reporter& reporter);
int RunHeal(const Arguments& arguments, const Reporter& reporter);
int RunStatus(const Arguments& arguments, const Reporter& reporter);
int RunAttest(const Arguments& arguments, const Reporter& reporter);
int RunProbe(const Arguments& arguments, const Reporter& reporter);
int RunDelete(const Arguments& arguments, const Reporter& reporter);

}  // namespace labrec::recover
