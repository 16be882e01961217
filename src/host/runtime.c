/* The container runtime that this process is in, told by the files that each leaves. */
#include "host/runtime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host/files.h"

static const struct host_runtime docker = {
    "Docker", "Docker's default profile blocks io_uring since 25.0",
    "docker run --security-opt seccomp=PROFILE.json   (Docker's default.json, with io_uring_setup, "
    "io_uring_enter and io_uring_register allowed)",
    false};
static const struct host_runtime podman = {
    "Podman", "Podman's default profile never allows io_uring",
    "podman run --security-opt seccomp=PROFILE.json   (/usr/share/containers/seccomp.json, with "
    "io_uring_setup, io_uring_enter and io_uring_register allowed)",
    false};
static const struct host_runtime kubernetes_pod = {
    "Kubernetes", "the RuntimeDefault profile of Kubernetes blocks io_uring",
    "securityContext: {seccompProfile: {type: Localhost, localhostProfile: PROFILE.json}}   (one "
    "that allows io_uring_setup, io_uring_enter and io_uring_register)",
    false};
static const struct host_runtime gvisor = {"gVisor",
                                           "gVisor's kernel has no io_uring, or a trial of it",
                                           "another runtime class than gVisor's (runsc)", true};

static bool exists(const char *root, const char *path) {
    FILE *file = files_open(root, path);
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static bool has_word(const char *root, const char *path, const char *word) {
    char line[512];
    bool found = false;
    FILE *file = files_open(root, path);
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strstr(line, word) != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}

/* Its kernel is its own: it says so, or shows the one version that it has always shown. */
static bool is_gvisor(const char *root) {
    static const char version[] = "/proc/version";
    return has_word(root, version, "gVisor") ||
           has_word(root, version, "4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016");
}

/* The inner one decides: a pod runs on containerd, whose files may be there too. */
const struct host_runtime *host_runtime(const char *root, const char *kubernetes) {
    static const char group[] = "/proc/1/cgroup";
    if (is_gvisor(root))
        return &gvisor;
    if (kubernetes != NULL || has_word(root, group, "kubepods"))
        return &kubernetes_pod;
    if (exists(root, "/run/.containerenv") || has_word(root, group, "libpod"))
        return &podman;
    if (exists(root, "/.dockerenv") || has_word(root, group, "docker"))
        return &docker;
    return NULL;
}
