/* The local half of the preflight: does the plan fit this machine? */
#include "judge/local.h"

bool local_has_both_ends(const struct plan *plan) {
    if (plan->target_here)
        return true;
    for (size_t i = 0; i < plan->address_count; i++)
        if (address_is_loopback(&plan->addresses[i]))
            return true;
    return false;
}

void judge_local(struct findings *findings, const struct plan *plan,
                 const struct preflight_facts *facts) {
    judge_ring(findings, plan, facts);
    judge_descriptors(findings, plan);
    judge_parent_files(findings, plan, facts);
    judge_system_files(findings, plan);
    judge_processes(findings, plan);
    judge_sources(findings, plan, facts);
    judge_ports(findings, plan, facts);
    judge_memory(findings, plan);
    judge_tcp_memory(findings, plan);
    judge_backlog(findings, plan, facts);
    judge_ramp(findings, plan);
    judge_cpu(findings, plan);
    judge_warmup(findings, plan);
}
