/* The local half of the preflight: does the plan fit this machine? */
#include "judge/fit/local.h"

#include "judge/fit/fit.h"
#include "plan/setup.h"

void judge_local(struct findings *findings, const struct plan *plan, const struct setup *setup,
                 const struct preflight_facts *facts) {
    judge_engine(findings, plan, setup, facts);
    judge_descriptors(findings, plan);
    judge_parent_files(findings, plan, facts);
    judge_system_files(findings, plan, setup);
    judge_processes(findings, plan);
    judge_sources(findings, plan, setup, facts);
    judge_ports(findings, plan, setup, facts);
    judge_memory(findings, plan, setup);
    judge_tcp_memory(findings, plan, setup);
    judge_backlog(findings, plan, setup, facts);
    judge_ramp(findings, plan);
    judge_cpu(findings, plan);
    judge_warmup(findings, plan);
}
