# Hardening of what is built: a position-independent program, relocations read-only from its start, stack protector,
# checked libc calls, and the processor's control-flow checks where the compiler knows them. Sanitizers and fuzzers
# check more by themselves, and not all of it goes with them.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

function(harden_compile flag name)
  check_c_compiler_flag(${flag} HOLDFAST_HAS_${name})
  if(HOLDFAST_HAS_${name})
    add_compile_options(${flag})
  endif()
endfunction()

function(harden_link flag name)
  check_linker_flag(C ${flag} HOLDFAST_LINKS_${name})
  if(HOLDFAST_LINKS_${name})
    add_link_options(${flag})
  endif()
endfunction()

macro(harden)
  add_compile_options(-fPIE)
  add_link_options(-pie)
  harden_compile(-fstack-protector-strong STACK_PROTECTOR)
  harden_compile(-fstack-clash-protection STACK_CLASH)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i.86)$")
    harden_compile(-fcf-protection=full CF_PROTECTION)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    harden_compile(-mbranch-protection=standard BRANCH_PROTECTION)
  endif()
  # It needs an optimizing build. Undefined first: some distributions' compilers define it themselves.
  add_compile_options("$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
  harden_link(-Wl,-z,relro RELRO)
  harden_link(-Wl,-z,now NOW)
  harden_link(-Wl,-z,noexecstack NOEXECSTACK)
endmacro()
