#include "absl/status/status.h"

#include "hsm/base/status_macros.h"
#include "recovery/server/admin/service.h"
#include "recovery/server/service/rpc.h"

// What the operator asks of tenants.
namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

void AdminService::FillTenants(v1::ListTenantsResponse* response) const {
  const std::map<std::string, KeyReport> reports = tenants_.key_reports();
  for (const TenantSettings& tenant : tenants_.tenants.All()) {
    v1::TenantState* const state = response->add_tenants();
    state->set_name(tenant.keys.name);
    state->set_kept_by_tool(tenant.is_tools);
    state->set_disabled(tenant.disabled);
    if (tenant.terms.first_device)
      state->set_first_device(std::string(PolicyName(*tenant.terms.first_device)));
    if (tenant.calls_per_second) state->set_calls_per_second(static_cast<uint64_t>(*tenant.calls_per_second));
    if (tenant.terms.greatest_guess_limit) {
      state->set_greatest_guess_limit(*tenant.terms.greatest_guess_limit);
    }
    const auto report = reports.find(tenant.keys.name);
    if (report == reports.end()) continue;
    state->set_keys_from(report->second.from);
    state->set_usable_keys(static_cast<uint32_t>(report->second.usable));
    state->set_keys_read_at_ms(report->second.read_at_ms);
    state->set_keys_problem(report->second.problem);
  }
}

AdminService::Reactor* AdminService::ListTenants(Context* context, const v1::ListTenantsRequest*,
                                                 v1::ListTenantsResponse* response) {
  return Serve(context, "Admin.ListTenants", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_RETURN_IF_ERROR(Actor(*context).status());
    FillTenants(response);
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

AdminService::Reactor* AdminService::ReloadTenants(Context* context, const v1::ReloadTenantsRequest*,
                                                   v1::ListTenantsResponse* response) {
  return Serve(context, "Admin.ReloadTenants", traffic_, [&](const Call& call) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const std::string actor, Changer(*context));
    LABREC_RETURN_IF_ERROR(tenants_.reload(actor));
    FillTenants(response);
    call.Finish(absl::OkStatus());
    return absl::OkStatus();
  });
}

}  // namespace labrec::recovery
